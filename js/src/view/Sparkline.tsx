import { effect, useSignal } from "@preact/signals";
import { createContext, type JSX } from "preact";
import { useContext, useEffect, useRef } from "preact/hooks";
import { clockSeconds, type Maybe, UNKNOWN } from "../format";
import type { Charted } from "../history";
import type { Store } from "../store";
import { Chart } from "./chart";
import { forget, inNextFrame } from "./frames";
import { watchTheme, watchVisible } from "./surroundings";

/** Names the view, so that its charts and no others move their cursors together. */
export const ChartGroup = createContext("ipyvitals");

export interface SparklineProps {
  store: Store;
  of: Charted;
  label: string;
  text: (value: number) => string;
  range: (low: Maybe, high: Maybe) => readonly [number, number];
  fill?: boolean;
  threshold?: (store: Store) => Maybe;
}

/** Five minutes of one value. Under the pointer or the arrow keys it tells value and time. */
export function Sparkline(props: SparklineProps): JSX.Element {
  const { store, of, label, text } = props;
  const element = useRef<HTMLDivElement>(null);
  const chart = useRef<Chart | null>(null);
  const readout = useSignal<string | null>(null);
  const group = useContext(ChartGroup);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a chart is made once for a place.
  useEffect(() => {
    if (element.current === null) return;
    const ending = new AbortController();
    chart.current = show(element.current, props, group, ending.signal, (index) => {
      const value = index === null ? undefined : store.history.columns[of][index];
      const at = index === null ? undefined : store.history.at[index];
      readout.value =
        at === undefined
          ? null
          : `${value === null || value === undefined ? UNKNOWN : text(value)} · ${clockSeconds(at)}`;
    });
    return () => {
      ending.abort();
      chart.current = null;
    };
  }, [store, of]);

  const onKeyDown = (event: KeyboardEvent): void => {
    const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -12, PageDown: 12 }[event.key];
    if (event.key === "Escape") chart.current?.leave();
    if (steps === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    chart.current?.step(steps);
  };

  return (
    <div class="spark-box">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys read the chart. */}
      <div
        ref={element}
        class="spark"
        role="img"
        tabIndex={0}
        aria-label={`${label}, last 5 minutes. Arrow keys read single values.`}
        data-chart={of}
        onKeyDown={onKeyDown}
        onBlur={() => chart.current?.leave()}
      />
      <output class="readout">{readout}</output>
    </div>
  );
}

function show(
  element: HTMLElement,
  { store, of, range, fill = false, threshold }: SparklineProps,
  group: string,
  signal: AbortSignal,
  hovered: (index: number | null) => void,
): Chart {
  const chart = new Chart(element, { range, fill, group, hovered });
  let visible = true;
  let stale = false;
  const draw = (): void => {
    stale = false;
    chart.draw(store.history.at, store.history.columns[of], threshold?.(store) ?? null);
  };
  const ask = (): void => {
    if (visible) inNextFrame(draw);
    else stale = true;
  };
  const stop = effect(() => {
    store.drawn.value;
    threshold?.(store);
    ask();
  });
  watchVisible(
    element,
    (seen) => {
      visible = seen;
      if (seen && stale) ask();
    },
    signal,
  );
  const recolour = (): void => {
    chart.readColours();
    chart.redraw();
  };
  watchTheme(() => inNextFrame(recolour), signal);
  const sizes = new ResizeObserver(() => chart.resize());
  sizes.observe(element);
  signal.addEventListener(
    "abort",
    () => {
      stop();
      sizes.disconnect();
      forget(draw);
      forget(recolour);
      chart.destroy();
    },
    { once: true },
  );
  return chart;
}
