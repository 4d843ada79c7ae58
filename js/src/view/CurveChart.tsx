import { effect, useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Range } from "../curves/axes";
import type { Line } from "../curves/line";
import { description, noteOf, placeText } from "./CurveNote";
import { type Chart, mainLine } from "./charts";
import { legendOf } from "./curveLegend";
import { CurvePlot } from "./curvePlot";
import type { CurveView, ShownRuns } from "./curveView";
import { type Drawing, type DrawnLine, drawingOf, type RangeMemory } from "./drawing";
import { useLanguage } from "./languageContext";
import { runPlot } from "./plotLifecycle";

const PAGE_SHARE = 0.1;

/**
 * Draws the lines of one chart. It is a slider: the pointer or a key moves the cursor of all
 * charts, and the numbers of the legend become those under it.
 */
export function CurveChart({ chart, view }: { chart: Chart; view: CurveView }): JSX.Element {
  const trans = useLanguage();
  const element = useRef<HTMLDivElement>(null);
  const plot = useRef<CurvePlot | null>(null);
  const { cursor } = view.place(chart);
  /** Where a selection by keys began. */
  const anchor = useRef<number | null>(null);
  const memory = useRef<RangeMemory>({ range: null, zoom: null, log: false, since: null });
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
        cursor.value = x === null ? null : snapped(drawing.peek(), x);
      },
      zoomed: (range) => {
        view.zoomTo(view.place(latest.peek()), range);
      },
    });
    plot.current = made;
    const track = (): void => {
      drawing.value;
    };
    const draw = (): void => {
      made.draw(drawing.peek());
      made.point(cursor.peek());
    };
    runPlot(element.current, made.canvas, track, draw, controller.signal, (seen) => {
      visible.value = seen;
    });
    const stop = effect(() => made.point(cursor.value));
    return () => {
      stop();
      controller.abort();
    };
  }, [view, cursor, latest, drawing, visible]);

  const shown = drawing.value;
  const at = cursor.value;
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
          aria-description={trans.__(
            "Shift and an arrow select a range, Enter zooms to it, Escape goes back",
          )}
          onKeyDown={(event) => {
            if (!handleKey(event, view, chart, shown, lead?.line, anchor)) return;
            event.preventDefault();
            event.stopPropagation();
            const range = selected(anchor.current, cursor.peek());
            plot.current?.select(range);
          }}
          onBlur={() => {
            anchor.current = null;
            plot.current?.select(null);
            cursor.value = null;
          }}
        />
        {view.charts.value.length > 1 ? <PinButton chart={chart} view={view} /> : null}
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

/** Renders the switch that shows a chart before others. */
function PinButton({ chart, view }: { chart: Chart; view: CurveView }): JSX.Element {
  const trans = useLanguage();
  const label = trans.__("Show %1 first", chart.title);
  return (
    <button
      type="button"
      class="v-pin"
      aria-pressed={view.pinned.value.includes(chart.name)}
      aria-label={label}
      title={label}
      onClick={() => view.pin(chart.name)}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d="M5.5 2h5L10 7l2.5 2.5h-9L6 7zM8 9.5V14" />
      </svg>
    </button>
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

/** Returns the range between the begin of a selection and the cursor. */
function selected(anchor: number | null, cursor: number | null): Range | null {
  if (anchor === null || cursor === null || anchor === cursor) return null;
  return [Math.min(anchor, cursor), Math.max(anchor, cursor)];
}

/** Moves the cursor, selects, or zooms; returns whether the key does one of these. */
function handleKey(
  event: KeyboardEvent,
  view: CurveView,
  chart: Chart,
  drawing: Drawing,
  lead: Line | undefined,
  anchor: { current: number | null },
): boolean {
  const place = view.place(chart);
  const { cursor } = place;
  const range = selected(anchor.current, cursor.peek());
  if (event.key === "Escape") {
    // The selection first, then the zoom.
    if (range === null) view.zoomTo(place, null);
    anchor.current = cursor.value = null;
    return true;
  }
  if (event.key === "Enter" && range !== null) {
    anchor.current = null;
    view.zoomTo(place, range);
    return true;
  }
  const line = longest(drawing.front) ?? lead;
  const next = line && placeAfter(event.key, cursor.peek(), drawing.x, line);
  if (next === undefined) return false;
  anchor.current = event.shiftKey
    ? (anchor.current ?? cursor.peek() ?? line?.x.at(-1) ?? null)
    : null;
  cursor.value = next;
  return true;
}

/** Returns where a key moves the cursor; undefined of other keys. */
function placeAfter(
  key: string,
  now: number | null,
  [begin, end]: Range,
  line: Line,
): number | undefined {
  // No further than the axis, which a zoom makes shorter than the line.
  const inside = line.x.flatMap((x, i) => (x >= begin && x <= end ? [i] : []));
  const [first, last] = [inside[0], inside.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const i = now === null ? last + 1 : line.nearest(now);
  const page = PAGE_SHARE * (end - begin);
  const from = now ?? line.x.at(-1) ?? 0;
  const moves: Record<string, () => number> = {
    ArrowLeft: () => i - 1,
    ArrowDown: () => i - 1,
    ArrowRight: () => i + 1,
    ArrowUp: () => i + 1,
    PageDown: () => line.nearest(from - page),
    PageUp: () => line.nearest(from + page),
    Home: () => first,
    End: () => last,
  };
  const next = moves[key]?.();
  return next === undefined ? undefined : line.x[Math.min(last, Math.max(first, next))];
}
