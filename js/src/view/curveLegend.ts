// The lines of a chart with their values, at the end or at the cursor.
import type { Line } from "../curves/line";
import type { Maybe } from "../text/format";
import type { Language } from "../text/language";
import { type ChartLine, mainLine } from "./charts";
import type { ShownRuns } from "./curveView";
import { chartFigure, type Drawing, type DrawnLine, notFiniteText } from "./drawing";
import { runTitle } from "./runLabels";

export interface LegendEntry {
  readonly key: string;
  /** The metric; undefined of another run than the one in front. */
  readonly hook: string | undefined;
  readonly part: string | null;
  readonly label: string;
  readonly title: string;
  readonly value: string;
  /** The smoothed value, or the last finite one before one that is not. */
  readonly near: string;
  readonly bad: boolean;
  readonly place: number | null;
}

/** Returns the lines in front and the run behind, each with its value at the cursor. */
export function legendOf(
  drawing: Drawing,
  runs: ShownRuns,
  at: number | null,
  trans: Language,
): LegendEntry[] {
  const { front, back, x } = drawing;
  const several = new Set(front.map(({ source }) => source.root.run_id)).size > 1;
  const sources = front.map(({ source }) => source);
  // Of several runs, the one in front comes first; of the others, the line their numbers are of.
  const own = front.filter(({ source }) => source.root === runs.lead);
  const isMain = (source: ChartLine): boolean => mainLine(sources, source.root) === source;
  const shown = [...own, ...front.filter((one) => !own.includes(one) && isMain(one.source))];
  const isOuter = ({ root }: ChartLine): boolean => runs.around.includes(root);
  const entries = shown.map(({ source, line, smoothed, place }, nth): LegendEntry => {
    const { curve, metric, part, run, root } = source;
    const name = lineName(source, sources, trans);
    const first = root !== shown[nth - 1]?.source.root;
    const title = several || isOuter(source) ? runTitle(root, runs.all, trans) : "";
    const isNamed = several ? root === runs.lead && own.length > 1 : true;
    const label = [first ? title : "", isNamed ? name : ""];
    const i = at === null ? curve.length - 1 : reached(line, at, x);
    const mean = at === null ? (run.metrics[metric] ?? null) : (curve.mean[i] ?? null);
    const bad = (curve.bad[i] ?? 0) > 0 && mean === null;
    const smooth = at === null ? null : smoothedAt(line, smoothed, i);
    return {
      key: `${run.run_id} ${metric}`,
      hook: root === runs.lead || isOuter(source) ? metric : undefined,
      part: part === "train" || (part === null && name !== "") ? "train" : part,
      label: label.filter(Boolean).join(" "),
      title: metric,
      value: bad ? notFiniteText(curve.badSign[i], trans) : chartFigure(mean, drawing),
      near: bad
        ? beforeText(line, i, drawing, trans)
        : smooth === null
          ? ""
          : `≈ ${chartFigure(smooth, drawing)}`,
      bad,
      place,
    };
  });
  const others = new Set(back.map(({ source }) => source.root.run_id));
  const [first] = back;
  if (first !== undefined) {
    const alone =
      others.size === 1
        ? mainLine(
            back.map(({ source }) => source),
            first.source.root,
          )
        : undefined;
    const line = back.find(({ source }) => source === alone)?.line;
    const { root } = first.source;
    entries.push({
      key: "back",
      hook: undefined,
      part: null,
      label: line
        ? runTitle(root, runs.all, trans, !runs.parallel.includes(root))
        : trans._n("%1 other", "%1 others", others.size),
      title: "",
      value: line ? chartFigure(at === null ? line.curve.mean.at(-1) : line.at(at), drawing) : "",
      near: "",
      bad: false,
      place: null,
    });
  }
  return entries;
}

/** Returns the name of a line among those of its run: its part, or where it was reported. */
function lineName(source: ChartLine, lines: readonly ChartLine[], trans: Language): string {
  const { part, root, run } = source;
  const same = lines.filter((other) => other.root.run_id === root.run_id);
  if (same.length < 2 && part === null) return "";
  if (part === "val") return trans.__("val");
  // Beside a validation, a metric without a part is that of the training.
  if (part === "train" || same.some((other) => other.part === "val")) return trans.__("train");
  return run === root ? "" : run.stage;
}

/** Returns the index of the point at x; -1 where the line has not come, or has ended. */
function reached(line: Line, at: number, [begin, end]: readonly [number, number]): number {
  const slack = 0.01 * (end - begin);
  const outside = at < (line.x[0] ?? 0) - slack || at > (line.x.at(-1) ?? 0) + slack;
  return outside ? -1 : line.nearest(at);
}

/** Writes the last finite value before a bucket. */
function beforeText(line: Line, i: number, drawing: Drawing, trans: Language): string {
  const value = line.curve.mean
    .slice(0, i)
    .reverse()
    .find((one) => one !== null);
  return value === undefined ? "" : trans.__("%1 before", chartFigure(value, drawing));
}

function smoothedAt(line: Line, smoothed: DrawnLine["smoothed"], i: number): Maybe {
  const piece = line.pieces.findIndex(({ from, to }) => i >= from && i < to);
  return smoothed?.[piece]?.[i - (line.pieces[piece]?.from ?? 0)] ?? null;
}
