// uPlot without what no chart of the panel has: axes, a legend, scatter plots, bars and splines,
// zooming. It has no switches for them, and a bundler cannot tell that they are never asked for.
import { readFile } from "node:fs/promises";

/** From a text up to another, which stays, and what comes in its place. */
const CUTS = [
  // What it offers to callers.
  ["uPlot.assign = assign;", "uPlot.sync = _sync;"],
  ["{\n\tuPlot.addGap = addGap;", "export { uPlot as default };"],
  ["function addSeries(", "const sidesWithAxes"],
  ["(opts.plugins || []).forEach(p => {\n\t\tif (p.opts)", "const ms = "],
  ["(opts.plugins || []).forEach(p => {\n\t\tfor (", "const seriesIdxMatcher"],
  // Legend.
  ["const showLegend = legend.show;", "\n", "const showLegend = false;"],
  ["s.value = isTime ?", "s.label = s.label ||"],
  ["markers: {\n\t\tshow: true,", "idx: null,\n\tidxs: null,\n\tvalues"],
  ["markers.width  = ", "let legendTable;", "}\n\n\t"],
  ["if (legend.live) {\n\t\tconst getMultiVals", "const mouseListeners"],
  // Axes, their labels and the grid; numbers and dates in words.
  ["const numFormatter =", "const M = Math"],
  ["const months = [", "function timeAxisStamps("],
  ["const axisLines = {", "const numSeriesLabel", 'const xAxisOpts = {scale: "x", side: 2};\n\n'],
  ["const yAxisOpts = {", "// takes stroke width", 'const yAxisOpts = {scale: "y"};\n\n'],
  [
    "function calcAxesRects() {",
    "if (cursor.dataIdx == null)",
    "function calcAxesRects() {}\n\n\t",
  ],
  ["let hasTopAxis = false;", "// hz padding"],
  ["function convergeSize() {", "function setSize({", "function convergeSize() {}\n\n\t"],
  ["function initAxis(axis, i) {", "let dataLen;", "const _padding = opts.padding;\n\n\t"],
  ["function getIncrSpace(", "function resetYSeries(", "function drawAxesGrid() {}\n\n\t"],
  ["axes.forEach(({ _el,", "// invalidate ctx style cache"],
  ["axes.forEach(syncFontSize);", "_setSize(self.width, self.height, true)"],
  ["axes.forEach(initAxis);", "\n"],
  ["const _tzDate  = ", "const activeIdxs = "],
  // Scatter plots.
  ["const mode = self.mode;", "\n", "const mode = 1;"],
  // Steps, bars and splines; bands between two lines.
  ["function stepped(opts) {", "const cursorPlots = "],
  ["const bands   = ", "const xScaleKey"],
  ["function bandFillClipDirs(", "function clipGaps(", "const seriesFillTo = 0;\n\n"],
  ["let [ bandFillDir, bandClipDir ]", "\n", "const bandFillDir = 0;"],
  ["if (bandClipDir != 0) {", "return _paths;"],
  ["flags != 0 && bands.forEach(", "if (!didStrokeFill)"],
  ["if (bandClip) {\n\t\t\tif (", "doFill(fillStyle, fillPath);\n\t\t\tdoStroke(", "{\n\t\t\t"],
  // Scales that are upright, ordinal, logarithmic, of one another, or find their own range.
  ["const xScaleDistr = scaleX.distr;", "\n", "const xScaleDistr = 1;"],
  [
    "let valToPosX, valToPosY;",
    "const pendScales",
    "addClass(root, ORI_HZ);\n\tconst valToPosX = getHPos, valToPosY = getVPos;\n\n\t",
  ],
  ["const getVal = (\n", "let { _min, _max } = sc;", "return _val => {\n\t\t\t"],
  ["if (scaleOpts.from != null) {", "sc = scales[scaleKey] = assign({}, (scaleKey", "{\n\t\t\t\t"],
  [
    "let isTime = sc.time;\n",
    "sc.auto = fnOrSelf(",
    "let rangeIsArr = isArr(sc.range);\n\t\t\t\tsc.range = fnOrSelf(sc.range || snapNumX);\n\t\t\t\t",
  ],
  [
    "if (xScaleDistr == 3)\n\t\t\t\t\t\t[_min, _max] = rangeLog",
    "}\n\t\t\t}\n\t\t\telse {\n\t\t\t\ti0 = ",
    "_max = _min + round(86400 / ms);\n\t\t\t\t",
  ],
  ["// implicitly add dependent scales", "// explicitly setting the x-scale"],
  ["// range dependent scales", "let changed = {};"],
  [
    "let distr = sc.distr;\n\n\t\t\t\tsc._min",
    "changed[k] = anyChanged",
    "sc._min = sc.min;\n\t\t\t\tsc._max = sc.max;\n\t\t\t\t",
  ],
  ["let distr = sc.distr;\n\n\t\treturn (", "}\n\n\tfunction closestIdxFromXpos", "return sv;\n\t"],
  // A cursor that finds lines near it.
  ["let _prox = prox(", "let xDim = scaleX.ori", "const withProx = false;\n\t\t\t"],
  ["const cursorFocus = focus.prox >= 0;", "\n", "const cursorFocus = false;"],
  ["function toggleDOM(", "function _setScale("],
  ["function setSeries(i, opts", "function posToVal(", "let closestDist, closestSeries;\n\n\t"],
  ['events["setSeries"]', "if (showCursor) {\n\t\tonMouse"],
  // A selection that is dragged, to zoom into.
  ["click: (self, e) => {", "_x: false,\n\t\t_y"],
  ['on("click", wrap, e => {', "const under = self.under"],
  ["if (select.show && !shouldSetSelect", "_plotLftCss = plotLftCss;\n\t\t\t\t_plotTopCss"],
  ["if (select.show && shouldSetSelect) {", "if (showCursor && shouldSetCursor)"],
  [
    "function setSelH(",
    "function updateCursor(",
    "function setLegend() {\n\t\tshouldSetLegend = false;\n\t}\n\n\t",
  ],
  ["if (select.show && dragging) {", "drag._x = dragX;"],
  ["if (initial) {", "{\n\t\t\tmouseLeft1 = _l;"],
  ["let downSelectLeft;", "function mouseLeave("],
  ["let _dragging = dragging;", "mouseLeft1 = -10;\n\t\tmouseTop1 = -10;\n\n\t\tactiveIdxs"],
  ["if (_dragging)\n", "}\n\n\tfunction dblClick("],
  ["events.mousedown = mouseDown;", "\n"],
  ["events.mouseup = mouseUp;", "\n"],
  ["onMouse(mousedown,  over, mouseDown);", "\n"],
  ["shouldSetSelect = select.show &&", "shouldSetCursor = shouldSetLegend"],
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
