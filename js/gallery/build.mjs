// Bundles the gallery of the sidebar into dist/gallery.
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pid } from "node:process";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const outdir = join(root, "dist", "gallery");
const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: ["gallery/sidebar.tsx"],
  bundle: true,
  write: false,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
});
mkdirSync(outdir, { recursive: true });
// Renamed into place, because two tests may build at the same time.
const unfinished = join(outdir, `sidebar.${pid}.js`);
writeFileSync(unfinished, outputFiles[0].contents);
renameSync(unfinished, join(outdir, "sidebar.js"));
