// Bundles the widget into src/ipyvitals/static, and fails when the bundle exceeds its size limit.
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { argv, exit } from "node:process";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const outdir = join(here, "..", "src", "ipyvitals", "static");
const LIMIT_BYTES = 170_000;
const LIMIT_GZIP_BYTES = 62_000;

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
  const files = ["widget.js", "widget.css"].map((name) => readFileSync(join(outdir, name)));
  const size = files.reduce((sum, file) => sum + file.length, 0);
  const gzip = files.reduce((sum, file) => sum + gzipSync(file, { level: 9 }).length, 0);
  console.log(`widget.js + widget.css: ${size} bytes, ${gzip} gzipped`);
  if (size > LIMIT_BYTES || gzip > LIMIT_GZIP_BYTES) {
    console.error(`too large: at most ${LIMIT_BYTES} bytes, ${LIMIT_GZIP_BYTES} gzipped`);
    exit(1);
  }
}
