// Builds the extension for JupyterLab and Notebook 7 into src/ipyvitals/labextension: esbuild
// makes one module of our sources, @jupyter/builder joins it to what JupyterLab shares.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { argv, execPath, exit } from "node:process";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { uplotPlugin } from "./uplot.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const builder = join("node_modules", "@jupyter", "builder", "lib", "build-labextension.js");
const core = join("node_modules", "@jupyterlab", "core-meta", "core.package.json");
const watching = argv.includes("--watch");

function joinToLab({ errors }) {
  if (errors.length > 0) return;
  const options = ["--core-package-file", core, ...(watching ? ["--development"] : [])];
  const { status, stdout, stderr } = spawnSync(execPath, [builder, ...options, "."], {
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
  outdir: join("dist", "lab"),
  bundle: true,
  format: "esm",
  target: ["es2022", "chrome123", "firefox120", "safari17.5"],
  external: ["@jupyterlab/*", "@lumino/*"],
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  charset: "utf8",
  logLevel: "warning",
  plugins: [uplotPlugin],
};
const styles = {
  ...options,
  entryPoints: { plugin: "src/lab/styles/lab.css" },
  minify: !watching,
};
const last = { name: "lab", setup: (build) => build.onEnd(joinToLab) };

if (watching) {
  await (await esbuild.context(styles)).watch();
  await (await esbuild.context({ ...options, plugins: [uplotPlugin, last] })).watch();
} else {
  await esbuild.build(styles);
  await esbuild.build({ ...options, plugins: [uplotPlugin, last] });
}
