import { effect, useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { stepText } from "../curves/axes";
import { difference, type Line, type XAxis } from "../curves/line";
import type { RunInfo } from "../schema/contract.gen";
import { count, duration, type Maybe } from "../text/format";
import type { Language } from "../text/language";
import { CurvePlot } from "./curvePlot";
import { type Chart, type CurveView, mainLine, type ShownRuns } from "./curveView";
import { chartFigure, type Drawing, type DrawnLine, drawingOf, type RangeMemory } from "./drawing";
import { useLanguage } from "./languageContext";
import { runPlot } from "./plotLifecycle";
import { runTitle } from "./runLabels";

const PAGE_SHARE = 0.1;

/**
 * Draws the lines of one chart. It is a slider: the pointer or a key moves the cursor of all
 * charts, and the numbers of the legend become those under it.
 */
export function CurveChart({ chart, view }: { chart: Chart; view: CurveView }): JSX.Element {
  const trans = useLanguage();
  const element = useRef<HTMLDivElement>(null);
  const plot = useRef<CurvePlot | null>(null);
  const memory = useRef<RangeMemory>({ range: null, log: false, since: null });
  const visible = useSignal(true);
  const latest = useSignal(chart);
  latest.value = chart;
  const last = useRef<Drawing | null>(null);
  const drawing = useComputed(() => {
    if (visible.value || last.current === null) {
      const pixels = plot.current?.width || 320;
      const now = view.store.at.peek() ?? 0;
      last.current = drawingOf(latest.value, view, memory.current, pixels, now);
    }
    return last.current;
  });

  useEffect(() => {
    if (element.current === null) return;
    const controller = new AbortController();
    const made = new CurvePlot(element.current, {
      hovered: (x) => {
        view.cursor.value = x === null ? null : snapped(drawing.peek(), x);
      },
      zoomed: (range) => {
        view.zoom.value = range;
      },
    });
    plot.current = made;
    const track = (): void => {
      drawing.value;
    };
    const draw = (): void => {
      made.draw(drawing.peek());
      made.point(view.cursor.peek());
    };
    runPlot(element.current, made.canvas, track, draw, controller.signal, (seen) => {
      visible.value = seen;
    });
    const stop = effect(() => made.point(view.cursor.value));
    return () => {
      stop();
      controller.abort();
    };
  }, [view, drawing, visible]);

  const shown = drawing.value;
  const at = view.cursor.value;
  const axis = view.shownAxis;
  const runs = view.shown.value;
  const lead = leadLine(shown, runs);
  const metric = shown.front[0]?.source.metric ?? chart.lines[0]?.metric;
  const place = at ?? lead?.line.x.at(-1) ?? 0;
  const entries = legendOf(shown, runs, at, trans);
  const [begin, end] = shown.x;
  return (
    <figure class="v-curve">
      <figcaption>
        <b title={chart.title}>{chart.title}</b>
        {entries.map((entry) => (
          <span
            key={entry.key}
            class="v-legend"
            data-curve={entry.hook === metric ? undefined : entry.hook}
            data-part={entry.part ?? undefined}
            title={entry.title}
            style={entry.place === null ? undefined : { color: `var(--v-run${entry.place})` }}
          >
            <i />
            {entry.label ? <span>{entry.label} </span> : null}
            <b data-tone={entry.bad ? "bad" : undefined}>{entry.value}</b>
            {entry.near ? <small> {entry.near}</small> : null}
          </span>
        ))}
      </figcaption>
      <div class="v-plot-box">
        <div
          ref={element}
          class="v-plot"
          role="slider"
          tabIndex={0}
          data-curve={metric}
          aria-label={description(chart, shown, lead, trans)}
          aria-valuemin={begin}
          aria-valuemax={end}
          aria-valuenow={Math.min(end, Math.max(begin, place))}
          aria-valuetext={`${placeText(place, axis, trans)}: ${entries
            .map(({ label, value }) => `${label} ${value}`.trim())
            .join(", ")}`}
          onKeyDown={(event) => moveCursor(event, view, shown, lead?.line)}
          onBlur={() => {
            view.cursor.value = null;
          }}
        />
        {at === null || at < begin || at > end ? null : (
          <span class="v-at" style={{ "--v-x": (at - begin) / (end - begin) }}>
            {placeText(at, axis, trans)}
          </span>
        )}
      </div>
      <p class="v-note">{noteOf(chart, view, shown, lead, trans)}</p>
    </figure>
  );
}

/** Returns the line that numbers and keys follow: of the run in front, the validation. */
function leadLine({ front }: Drawing, { lead }: ShownRuns): DrawnLine | undefined {
  const own = front.filter(({ source }) => source.root.run_id === lead?.run_id);
  const main =
    lead &&
    mainLine(
      own.map(({ source }) => source),
      lead,
    );
  return own.find(({ source }) => source === main) ?? front[0];
}

/** Returns the longest line in front, of which each point can be reached. */
const longest = (front: readonly DrawnLine[]): Line | undefined =>
  front.reduce<Line | undefined>(
    (most, { line }) => (most && most.x.length >= line.x.length ? most : line),
    undefined,
  );

function snapped({ front }: Drawing, x: number): number {
  const line = longest(front);
  return line?.x[line.nearest(x)] ?? x;
}

function moveCursor(
  event: KeyboardEvent,
  view: CurveView,
  { front, x }: Drawing,
  lead: Line | undefined,
): void {
  const line = longest(front) ?? lead;
  const size = line?.x.length ?? 0;
  const now = view.cursor.peek();
  const i = line && now !== null ? line.nearest(now) : size;
  const page = PAGE_SHARE * (x[1] - x[0]);
  const near = (place: number): number => Math.max(0, line?.nearest(place) ?? 0);
  const from = now ?? line?.x.at(-1) ?? 0;
  const moves: Record<string, () => number> = {
    ArrowLeft: () => i - 1,
    ArrowDown: () => i - 1,
    ArrowRight: () => i + 1,
    ArrowUp: () => i + 1,
    PageDown: () => near(from - page),
    PageUp: () => near(from + page),
    Home: () => 0,
    End: () => size - 1,
  };
  if (event.key === "Escape") {
    view.cursor.value = view.zoom.value = null;
  } else if (moves[event.key] && size > 0) {
    const next = Math.min(size - 1, Math.max(0, moves[event.key]?.() ?? 0));
    view.cursor.value = line?.x[next] ?? null;
  } else return;
  event.preventDefault();
  event.stopPropagation();
}

interface LegendEntry {
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
function legendOf(
  drawing: Drawing,
  runs: ShownRuns,
  at: number | null,
  trans: Language,
): LegendEntry[] {
  const { front, back, x } = drawing;
  const several = new Set(front.map(({ source }) => source.root.run_id)).size > 1;
  const entries = front.map(({ source, line, smoothed, place }): LegendEntry => {
    const { curve, metric, part, run, root } = source;
    const same = front.filter((other) => other.source.root.run_id === root.run_id);
    // Beside a validation, a metric without a part is that of the training.
    const name =
      same.length < 2 && part === null
        ? ""
        : part === "val"
          ? trans.__("val")
          : same.some((other) => other !== undefined && other.source.part === "val")
            ? trans.__("train")
            : part === "train"
              ? trans.__("train")
              : run === root
                ? ""
                : run.stage;
    const i = at === null ? curve.length - 1 : reached(line, at, x);
    const mean = at === null ? (run.metrics[metric] ?? null) : (curve.mean[i] ?? null);
    const bad = (curve.bad[i] ?? 0) > 0 && mean === null;
    const smooth = at === null ? null : smoothedAt(line, smoothed, i);
    return {
      key: `${run.run_id} ${metric}`,
      hook: root === runs.lead ? metric : undefined,
      part: part === "train" || (part === null && name !== "") ? "train" : part,
      label: several
        ? [runTitle(root, runs.all, trans), same.length > 1 ? name : ""].filter(Boolean).join(" ")
        : name,
      title: metric,
      value: bad ? trans.__("not finite") : chartFigure(mean, drawing),
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
        ? runTitle(root, runs.all, trans, true)
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

/** Writes a place on the x axis: `step 312`, `epoch 2.6`, `1m 20s`. */
export function placeText(x: number, axis: XAxis, trans: Language): string {
  if (axis === "time") return duration(x);
  return axis === "step"
    ? trans.__("step %1", stepText(Math.round(x)))
    : trans.__("epoch %1", stepText(Number(x.toFixed(2))));
}

/** Returns the best value, how it compares with the run behind, and what is left out. */
function noteOf(
  chart: Chart,
  view: CurveView,
  drawing: Drawing,
  lead: DrawnLine | undefined,
  trans: Language,
): JSX.Element {
  const { above, below, refused } = drawing;
  const texts: string[] = [];
  const bad = drawing.front.find(({ badStep }) => badStep !== null)?.badStep ?? null;
  if (lead?.best) {
    const { value, step } = lead.best;
    texts.push(trans.__("best %1 at step %2", chartFigure(value, drawing), stepText(step)));
  }
  const compared = lead && comparisonOf(drawing, lead, view.cursor.value, view.shown.value, trans);
  if (compared) texts.push(compared);
  if (refused === "negative") texts.push(trans.__("linear: values below 0"));
  if (refused === "share") texts.push(trans.__("linear: a share"));
  const hidden = [
    above.count > 0 &&
      trans.__(
        "%1 above, up to %2",
        count(above.count),
        chartFigure(above.extreme, { ...drawing, size: Math.abs(above.extreme) }),
      ),
    below.count > 0 &&
      trans.__("%1 below, down to %2", count(below.count), chartFigure(below.extreme, drawing)),
  ].filter(Boolean);
  const whole = view.whole.value.has(chart.name);
  const toggle = (): void => {
    const next = new Set(view.whole.peek());
    if (!next.delete(chart.name)) next.add(chart.name);
    view.whole.value = next;
  };
  return (
    <>
      {bad === null ? null : (
        <span data-tone="bad">{trans.__("not finite from %1", stepText(bad))}</span>
      )}
      {texts.length > 0 ? <span>{texts.join(" · ")}</span> : null}
      {hidden.length > 0 || whole ? (
        <button type="button" class="v-link" aria-pressed={whole} onClick={toggle}>
          {whole ? trans.__("leave outliers out") : hidden.join(", ")}
        </button>
      ) : null}
    </>
  );
}

/** Compares with the only run behind at the same place: `12 % below run 2 here`. */
function comparisonOf(
  { back, front }: Drawing,
  lead: DrawnLine,
  at: number | null,
  { all }: ShownRuns,
  trans: Language,
): string {
  const own = lead.source.root.run_id;
  const others = [...back, ...front].filter(
    ({ source }) => source.root.run_id !== own && source.part === lead.source.part,
  );
  const [other] = others;
  if (other === undefined || others.length > 1) return "";
  const x = at ?? lead.line.x.at(-1) ?? 0;
  const i = lead.line.nearest(x);
  const percents = difference(lead.source.curve.mean[i] ?? null, other.line.at(x));
  if (percents === null) return "";
  const name = runTitle(other.source.root, all, trans, true);
  const size = Math.round(Math.abs(percents));
  if (size === 0) return trans.__("as %1 here", name);
  return percents < 0
    ? trans.__("%1 % below %2 here", size, name)
    : trans.__("%1 % above %2 here", size, name);
}

/** Returns the sentence that screen readers read of a chart. */
function description(
  chart: Chart,
  drawing: Drawing,
  lead: DrawnLine | undefined,
  trans: Language,
): string {
  const root: RunInfo | undefined = lead?.source.root;
  const parts = [...new Set(drawing.front.map(({ source }) => source.part ?? ""))];
  const names = parts.map((part) =>
    part === "val" ? trans.__("val") : parts.length > 1 || part ? trans.__("train") : "",
  );
  const step = lead?.source.curve.step.at(-1);
  const texts = [[chart.title, ...names.filter(Boolean)].join(", ")];
  if (step !== undefined) {
    texts.push(
      root?.total
        ? trans.__("step %1 of %2", stepText(step), count(root.total))
        : trans.__("step %1", stepText(step)),
    );
  }
  if (lead?.best) {
    const { value, step: of } = lead.best;
    texts.push(trans.__("best %1 at step %2", chartFigure(value, drawing), stepText(of)));
  }
  const bad = drawing.front.find(({ badStep }) => badStep !== null)?.badStep;
  if (bad != null) texts.push(trans.__("not finite from %1", stepText(bad)));
  return texts.join("; ");
}
