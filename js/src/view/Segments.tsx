import type { JSX } from "preact";
import type { Segment } from "../schema/contract.gen";
import { count, type Maybe, ratio, UNKNOWN } from "../text/format";
import type { Language } from "../text/language";
import { useLanguage } from "./languageContext";
import type { ModelSelection } from "./modelSelection";
import { ConfidenceInterval, LevelBar, Vital } from "./vital";

/** The kernel gives no accuracy for a segment with fewer labels. */
const MIN_LABELS = 30;

/** Renders the accuracy by segment of the active model: one line that expands. */
export function Segments({ selection }: { selection: ModelSelection }): JSX.Element | null {
  const trans = useLanguage();
  const { segments, accuracy_threshold } = selection.store.metrics.value;
  if (segments.length === 0) return null;
  const segmentsShown = selection.other.value === null ? segments : [];
  const [lowest] = segmentsShown
    .filter((one) => one.current_accuracy !== null)
    .sort((a, b) => (a.current_accuracy ?? 0) - (b.current_accuracy ?? 0));
  return (
    <details class="v-fold">
      <summary>
        {lowest
          ? segmentSummary(lowest, segmentsShown.length, trans)
          : trans.__("By segment: %1", UNKNOWN)}
      </summary>
      <ul class="v-list">
        {segmentsShown.map((segment) => (
          <SegmentRow key={segment.name} segment={segment} threshold={accuracy_threshold} />
        ))}
      </ul>
    </details>
  );
}

const segmentName = ({ name }: Segment, trans: Language): string => name || trans.__("other");

const segmentSummary = (lowest: Segment, of: number, trans: Language): string =>
  trans.__(
    "By segment, lowest of %1: %2 %3 %",
    of,
    segmentName(lowest, trans),
    ratio(lowest.current_accuracy),
  );

function SegmentRow(props: { segment: Segment; threshold: Maybe }): JSX.Element {
  const { segment, threshold } = props;
  const trans = useLanguage();
  const { name, current_accuracy: accuracy, window_labelled: n } = segment;
  const { accuracy_low: low, accuracy_high: high } = segment;
  // The whole interval must be below the threshold, because few labels vary by chance.
  const poor = high !== null && threshold !== null && high < threshold;
  return (
    <li data-tone={poor ? "warn" : undefined}>
      <span class="v-name" title={segmentName(segment, trans)}>
        {segmentName(segment, trans)}
      </span>
      <LevelBar share={accuracy ?? 0}>
        {low === null || high === null ? null : (
          <u style={{ left: `${low * 100}%`, width: `${(high - low) * 100}%` }} />
        )}
      </LevelBar>
      <Vital of={`metrics.segments.${name}.current_accuracy`} unit="%">
        {ratio(accuracy)}
      </Vital>
      <small class="v-wide">
        <ConfidenceInterval of={`metrics.segments.${name}`} low={low} high={high} />
      </small>
      <small>
        <Vital of={`metrics.segments.${name}.window_labelled`}>
          {accuracy === null
            ? trans.__("%1 of %2", count(n), MIN_LABELS)
            : trans._n("%2 label", "%2 labels", n, count(n))}
        </Vital>
      </small>
    </li>
  );
}
