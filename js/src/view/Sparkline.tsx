import { effect, type Signal, signal, useComputed } from "@preact/signals";
import { createContext, type JSX } from "preact";
import { useContext, useEffect, useRef } from "preact/hooks";
import type { ChartedMetric } from "../schema/contract.gen";
import type { History } from "../state/history";
import type { ChartSeries } from "../state/models";
import { clockSeconds, type Maybe, UNKNOWN } from "../text/format";
import type { Language } from "../text/language";
import { useLanguage } from "./languageContext";
import { LineChart, sampleAt } from "./lineChart";
import { runPlot } from "./plotLifecycle";

/** A view, whose charts have one cursor. */
export interface ChartGroup {
  /** For ids of elements and names of inputs. */
  readonly name: string;
  /** The time under the cursor of the charts of the last minutes. */
  readonly cursor: Signal<Maybe>;
}
export const ChartGroupContext = createContext<ChartGroup>({
  name: "ipyvitals",
  cursor: signal(null),
});

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
  const { cursor } = useContext(ChartGroupContext);
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
    createChart(element.current, latest.current, cursor, controller.signal);
    return () => controller.abort();
  }, [cursor]);

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
  time: Maybe,
  text: (value: number) => string,
): readonly [value: string, time: string] | readonly [] {
  const index = time === null ? null : sampleAt(history.at, history.columns[of], time);
  const at = history.at[index ?? -1];
  if (at === undefined) return [];
  const value = history.columns[of][index ?? -1] ?? null;
  return [value === null ? UNKNOWN : text(value), clockSeconds(at)];
}

function createChart(
  element: HTMLElement,
  { series, of, range, fill = false, threshold }: SparklineProps,
  cursor: Signal<Maybe>,
  signal: AbortSignal,
): void {
  const chart = new LineChart(element, { range, fill, cursor });
  const draw = (): void => {
    const { history } = series();
    chart.draw(history.at, history.columns[of], threshold?.() ?? null);
    chart.point(cursor.peek());
  };
  const track = (): void => {
    series().revision.value;
    threshold?.();
  };
  runPlot(element, chart.canvas, track, draw, signal);
  const stop = effect(() => {
    chart.point(cursor.value);
  });
  signal.addEventListener("abort", stop, { once: true });
}
