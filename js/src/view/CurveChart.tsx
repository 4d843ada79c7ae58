import { effect, useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Line } from "../curves/line";
import { description, noteOf, placeText } from "./CurveNote";
import { type Chart, mainLine } from "./charts";
import { legendOf } from "./curveLegend";
import { CurvePlot } from "./curvePlot";
import type { ChartPlace, CurveView, ShownRuns } from "./curveView";
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
  const { cursor, zoom } = view.place(chart);
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
        cursor.value = x === null ? null : snapped(drawing.peek(), x);
      },
      zoomed: (range) => {
        zoom.value = range;
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
  }, [cursor, zoom, drawing, visible]);

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
          onKeyDown={(event) => moveCursor(event, view.place(chart), shown, lead?.line)}
          onBlur={() => {
            cursor.value = null;
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
  { cursor, zoom }: ChartPlace,
  { front, x }: Drawing,
  lead: Line | undefined,
): void {
  const line = longest(front) ?? lead;
  const size = line?.x.length ?? 0;
  const now = cursor.peek();
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
    cursor.value = zoom.value = null;
  } else if (moves[event.key] && size > 0) {
    const next = Math.min(size - 1, Math.max(0, moves[event.key]?.() ?? 0));
    cursor.value = line?.x[next] ?? null;
  } else return;
  event.preventDefault();
  event.stopPropagation();
}
