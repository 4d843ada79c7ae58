import { effect, useSignal } from "@preact/signals";
import { createContext, type JSX } from "preact";
import { useContext, useEffect, useRef } from "preact/hooks";
import type { ChartedMetric, History } from "../state/history";
import type { ChartSeries } from "../state/models";
import { clockSeconds, type Maybe, UNKNOWN } from "../text/format";
import { cancelFrame, scheduleFrame } from "./animationFrame";
import { useLanguage } from "./languageContext";
import { LineChart } from "./lineChart";
import { watchTheme } from "./theme";
import { watchVisible } from "./visibility";

/** Names the view, so that its charts and no others move their cursors together. */
export const ChartGroup = createContext("ipyvitals");

export interface SparklineProps {
  /** Of which the chart is; may read a signal. */
  series: () => ChartSeries;
  of: ChartedMetric;
  label: string;
  text: (value: number) => string;
  range: (low: Maybe, high: Maybe) => readonly [number, number];
  fill?: boolean;
  threshold?: () => Maybe;
}

/**
 * Five minutes of one value. The pointer or the arrow keys move a cursor that tells value and
 * time, which makes it a slider to a screen reader.
 */
export function Sparkline(props: SparklineProps): JSX.Element {
  const { of, label, text } = props;
  const { history } = props.series();
  const trans = useLanguage();
  const element = useRef<HTMLDivElement>(null);
  const chart = useRef<LineChart | null>(null);
  const cursor = useSignal<number | null>(null);
  const group = useContext(ChartGroup);
  const given = useRef(props);
  given.current = props;

  useEffect(() => {
    if (element.current === null) return;
    const ending = new AbortController();
    chart.current = createChart(element.current, given.current, group, ending.signal, (index) => {
      cursor.value = index;
    });
    return () => {
      ending.abort();
      chart.current = null;
    };
  }, [group, cursor]);

  const onKeyDown = (event: KeyboardEvent): void => {
    const steps = STEPS[event.key];
    if (event.key === "Escape") chart.current?.leave();
    if (steps === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    chart.current?.step(steps);
  };

  const index = cursor.value;
  const [value, time] = readSample(history, of, index, text);
  const last = history.at.length - 1;
  return (
    <div class="v-spark-box">
      <div
        ref={element}
        class="v-spark"
        role="slider"
        tabIndex={0}
        aria-label={trans.__("%1, last 5 minutes", label)}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, last)}
        aria-valuenow={index ?? Math.max(0, last)}
        aria-valuetext={time ? `${value} · ${time}` : trans.__("latest")}
        aria-readonly="true"
        data-chart={of}
        onKeyDown={onKeyDown}
        onBlur={() => chart.current?.leave()}
      />
      <div class="v-readout" aria-hidden="true">
        {value}
        {time && <i> · {time}</i>}
      </div>
    </div>
  );
}

/** From 0 to a little above the highest value, so that silence lies on the floor. */
export const rangeFromZero =
  (least: number) =>
  (_: Maybe, high: Maybe): readonly [number, number] => [0, Math.max(least, (high ?? 0) * 1.12)];

const STEPS: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowDown: -1,
  ArrowRight: 1,
  ArrowUp: 1,
  PageDown: -12,
  PageUp: 12,
};

function readSample(
  history: History,
  of: ChartedMetric,
  index: number | null,
  text: (value: number) => string,
): readonly [value: string, time: string] | readonly [] {
  const at = history.at[index ?? -1];
  if (at === undefined) return [];
  const value = history.columns[of][index ?? -1] ?? null;
  return [value === null ? UNKNOWN : text(value), clockSeconds(at)];
}

function createChart(
  element: HTMLElement,
  { series, of, range, fill = false, threshold }: SparklineProps,
  group: string,
  signal: AbortSignal,
  hovered: (index: number | null) => void,
): LineChart {
  const chart = new LineChart(element, { range, fill, group, hovered });
  let visible = true;
  let stale = false;
  const draw = (): void => {
    stale = false;
    const { history } = series();
    chart.draw(history.at, history.columns[of], threshold?.() ?? null);
  };
  const ask = (): void => {
    if (visible) scheduleFrame(draw);
    else stale = true;
  };
  const stop = effect(() => {
    series().revision.value;
    threshold?.();
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
  watchTheme(() => scheduleFrame(recolour), signal);
  const sizes = new ResizeObserver(() => chart.resize());
  sizes.observe(element);
  signal.addEventListener(
    "abort",
    () => {
      stop();
      sizes.disconnect();
      cancelFrame(draw);
      cancelFrame(recolour);
      chart.destroy();
    },
    { once: true },
  );
  return chart;
}
