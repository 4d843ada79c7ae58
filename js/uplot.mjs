// uPlot without what no chart of the panel has: axes, a legend, scatter plots, bars and splines.
// It has no switches for them, and a bundler cannot tell that they are never asked for.
import { readFile } from "node:fs/promises";

/** From a text up to another, which stays, and what comes in its place. */
const CUTS = [
  // What it offers to callers.
  ["uPlot.assign = assign;", "uPlot.sync = _sync;"],
  ["{\n\tuPlot.addGap = addGap;", "export { uPlot as default };"],
  // Legend.
  ["const showLegend = legend.show;", "\n", "const showLegend = false;"],
  ["s.value = isTime ?", "s.label = s.label ||"],
  // Axes, their labels and the grid.
  [
    "function calcAxesRects() {",
    "if (cursor.dataIdx == null)",
    "function calcAxesRects() {}\n\n\t",
  ],
  ["function initAxis(axis, i) {", "function autoPadSide(", "function initAxis() {}\n\n\t"],
  [
    "function getIncrSpace(",
    "function paddingCalc(",
    "function axesCalc() {\n\t\treturn true;\n\t}\n\n\t",
  ],
  ["function drawAxesGrid() {", "function resetYSeries(", "function drawAxesGrid() {}\n\n\t"],
  ["axes.forEach(({ _el,", "// invalidate ctx style cache"],
  ["axes.forEach(syncFontSize);", "_setSize(self.width, self.height, true)"],
  ["const _timeAxisSplits = ", "const activeIdxs = "],
  // Scatter plots.
  ["const mode = self.mode;", "\n", "const mode = 1;"],
];

/**
 * @param {string} source
 * @returns {string}
 */
export function trimUplot(source) {
  return CUTS.reduce((rest, [from, until, instead = ""]) => {
    const pieces = rest.split(from);
    const end = pieces[1]?.indexOf(until) ?? -1;
    if (pieces.length !== 2 || end < 0) {
      throw new Error(`uPlot is not the one that uplot.mjs knows: not found once: ${from}`);
    }
    return `${pieces[0]}${instead}${pieces[1].slice(end)}`;
  }, source);
}

/** For esbuild. */
export const uplotPlugin = {
  name: "uplot",
  setup(build) {
    build.onLoad({ filter: /uPlot\.esm\.js$/ }, async ({ path }) => ({
      contents: trimUplot(await readFile(path, "utf8")),
    }));
  },
};
