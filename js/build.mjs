// Bundles the widget into src/ipyvitals/static, and refuses a bundle that grew too large.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { argv, exit } from "node:process";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";
import { minify } from "terser";
import { uplotPlugin } from "./uplot.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const outdir = join(here, "..", "src", "ipyvitals", "static");
const LIMIT_BYTES = 120_000;
const LIMIT_GZIP_BYTES = 45_000;

const options = {
  absWorkingDir: here,
  entryPoints: { widget: "src/widget.ts" },
  outdir,
  bundle: true,
  format: "esm",
  target: ["es2022", "chrome123", "firefox120", "safari17.5"],
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  charset: "utf8",
  logLevel: "info",
  plugins: [uplotPlugin],
};
const styles = {
  absWorkingDir: here,
  entryPoints: { widget: "src/view/styles/panel.css" },
  outdir,
  bundle: true,
  target: options.target,
  charset: "utf8",
  logLevel: "info",
};

mkdirSync(outdir, { recursive: true });
if (argv.includes("--watch")) {
  for (const each of [options, styles]) await (await esbuild.context(each)).watch();
} else {
  for (const each of [options, styles]) await esbuild.build({ ...each, minify: true });
  // terser takes a further 4 % off what is sent to every page.
  const bundle = join(outdir, "widget.js");
  const { code } = await minify(readFileSync(bundle, "utf8"), {
    module: true,
    ecma: 2020,
    compress: { passes: 2 },
    format: { comments: false },
  });
  writeFileSync(bundle, code);
  const files = ["widget.js", "widget.css"].map((name) => readFileSync(join(outdir, name)));
  const size = files.reduce((sum, file) => sum + file.length, 0);
  const gzip = files.reduce((sum, file) => sum + gzipSync(file, { level: 9 }).length, 0);
  console.log(`widget.js + widget.css: ${size} bytes, ${gzip} gzipped`);
  if (size > LIMIT_BYTES || gzip > LIMIT_GZIP_BYTES) {
    console.error(`too large: at most ${LIMIT_BYTES} bytes, ${LIMIT_GZIP_BYTES} gzipped`);
    exit(1);
  }
}
