import { effect, useComputed, useSignal } from "@preact/signals";
import { createContext, type JSX } from "preact";
import { useContext, useEffect, useRef } from "preact/hooks";
import type { ChartedMetric } from "../schema/contract.gen";
import type { History } from "../state/history";
import type { ChartSeries } from "../state/models";
import { clockSeconds, type Maybe, UNKNOWN } from "../text/format";
import type { Language } from "../text/language";
import { cancelFrame, scheduleFrame } from "./animationFrame";
import { useLanguage } from "./languageContext";
import { LineChart } from "./lineChart";
import { watchTheme } from "./theme";
import { watchVisible } from "./visibility";

/** The name of the view, whose charts have synchronized cursors. */
export const ChartGroup = createContext("ipyvitals");

export interface SparklineProps {
  /** Returns the data of the chart; may read a signal. */
  series: () => ChartSeries;
  of: ChartedMetric;
  label: string;
  text: (value: number) => string;
  range: (low: Maybe, high: Maybe) => readonly [number, number];
  fill?: boolean;
  threshold?: () => Maybe;
}

/**
 * Draws five minutes of one value. Screen readers get an image with a sentence; the pointer moves
 * a cursor that displays the value and the time of one sample.
 */
export function Sparkline(props: SparklineProps): JSX.Element {
  const { of, label, text } = props;
  const { history } = props.series();
  const trans = useLanguage();
  const element = useRef<HTMLDivElement>(null);
  const cursor = useSignal<number | null>(null);
  const group = useContext(ChartGroup);
  const latest = useRef(props);
  latest.current = props;
  const description = useComputed(() => {
    const series = props.series();
    series.revision.value;
    return describe(label, series.history.columns[of], text, trans);
  });

  useEffect(() => {
    if (element.current === null) return;
    const controller = new AbortController();
    createChart(element.current, latest.current, group, controller.signal, (index) => {
      cursor.value = index;
    });
    return () => controller.abort();
  }, [group, cursor]);

  const [value, time] = readSample(history, of, cursor.value, text);
  return (
    <div class="v-spark-box">
      <div ref={element} class="v-spark" role="img" aria-label={description} data-chart={of} />
      <div class="v-readout" aria-hidden="true">
        {value}
        {time && <i> · {time}</i>}
      </div>
    </div>
  );
}

/** Returns the range of the values as a sentence: `Accuracy, last 5 minutes: 81.0 % to 94.2 %`. */
function describe(
  label: string,
  values: readonly Maybe[],
  text: (value: number) => string,
  trans: Language,
): string {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return trans.__("%1, last 5 minutes: not known", label);
  const [low, high] = [text(Math.min(...known)), text(Math.max(...known))];
  return low === high
    ? trans.__("%1, last 5 minutes: %2", label, low)
    : trans.__("%1, last 5 minutes: %2 to %3", label, low, high);
}

/** Returns a y range from 0 to a little above the highest value. */
export const rangeFromZero =
  (least: number) =>
  (_: Maybe, high: Maybe): readonly [number, number] => [0, Math.max(least, (high ?? 0) * 1.12)];

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
): void {
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
}
