// Builds the extension for JupyterLab and Notebook 7 into src/ipyvitals/labextension: esbuild
// makes one module of our sources, @jupyter/builder joins it to what JupyterLab shares.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { argv, execPath, exit } from "node:process";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const made = join(here, "dist", "lab");
const modules = join(here, "node_modules");
const builder = join(modules, "@jupyter", "builder", "lib", "build-labextension.js");
const core = join(modules, "@jupyterlab", "core-meta", "core.package.json");
const watching = argv.includes("--watch");

/**
 * Describes the extension to the builder and to JupyterLab, which see whether it fits by its
 * dependencies: those that JupyterLab brings, and not those of the build.
 */
function describe() {
  const { dependencies, devDependencies, scripts, engines, peerDependencies, jupyterlab, ...rest } =
    JSON.parse(readFileSync(join(here, "package.json"), "utf8"));
  const placed = (folder) => relative(made, join(here, folder));
  const described = {
    ...rest,
    main: "plugin.js",
    style: "plugin.css",
    jupyterlab: {
      ...jupyterlab,
      outputDir: placed(jupyterlab.outputDir),
      schemaDir: placed(jupyterlab.schemaDir),
    },
    dependencies: peerDependencies,
  };
  mkdirSync(made, { recursive: true });
  writeFileSync(join(made, "package.json"), `${JSON.stringify(described, null, 2)}\n`);
}

function joinToLab({ errors }) {
  if (errors.length > 0) return;
  const options = ["--core-package-file", core, ...(watching ? ["--development"] : [])];
  const { status, stdout, stderr } = spawnSync(execPath, [builder, ...options, made], {
    cwd: here,
    encoding: "utf8",
  });
  if (status !== 0) {
    console.error(`${stdout}${stderr}`);
    if (!watching) exit(status ?? 1);
  }
}

const options = {
  absWorkingDir: here,
  entryPoints: { plugin: "src/lab/plugin.ts" },
  outdir: made,
  bundle: true,
  format: "esm",
  target: ["es2022", "chrome123", "firefox120", "safari17.5"],
  external: ["@jupyterlab/*", "@lumino/*"],
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  charset: "utf8",
  logLevel: "warning",
};
const styles = {
  ...options,
  entryPoints: { plugin: "src/lab/styles/lab.css" },
  minify: !watching,
};
const last = { name: "lab", setup: (build) => build.onEnd(joinToLab) };
const scripts = { ...options, plugins: [last] };

describe();
if (watching) {
  for (const each of [styles, scripts]) await (await esbuild.context(each)).watch();
} else {
  for (const each of [styles, scripts]) await esbuild.build(each);
}
