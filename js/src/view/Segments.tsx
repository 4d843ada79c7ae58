import type { JSX } from "preact";
import type { Segment } from "../schema/contract.gen";
import { count, type Maybe, ratio, UNKNOWN } from "../text/format";
import type { Language } from "../text/language";
import { useLanguage } from "./languageContext";
import type { Subject } from "./modelSelection";
import { Interval, Level, Vital } from "./vital";

/** A segment with fewer labels says nothing yet. */
const FEWEST_LABELS = 30;

/** The accuracy of each segment of the active model: one quiet line, the rest on demand. */
export function Segments({ subject }: { subject: Subject }): JSX.Element | null {
  const trans = useLanguage();
  const { segments, accuracy_threshold } = subject.store.metrics.value;
  if (segments.length === 0) return null;
  const shown = subject.other.value === null ? segments : [];
  const [lowest] = shown
    .filter((one) => one.current_accuracy !== null)
    .sort((a, b) => (a.current_accuracy ?? 0) - (b.current_accuracy ?? 0));
  return (
    <details class="v-fold">
      <summary>
        {lowest ? told(lowest, shown.length, trans) : trans.__("By segment: %1", UNKNOWN)}
      </summary>
      <ul class="v-list">
        {shown.map((segment) => (
          <Row key={segment.name} segment={segment} threshold={accuracy_threshold} />
        ))}
      </ul>
    </details>
  );
}

const nameOf = ({ name }: Segment, trans: Language): string => name || trans.__("other");

const told = (lowest: Segment, of: number, trans: Language): string =>
  trans.__(
    "By segment, lowest of %1: %2 %3 %",
    of,
    nameOf(lowest, trans),
    ratio(lowest.current_accuracy),
  );

function Row(props: { segment: Segment; threshold: Maybe }): JSX.Element {
  const { segment, threshold } = props;
  const trans = useLanguage();
  const { name, current_accuracy: accuracy, window_labelled: n } = segment;
  const { accuracy_low: low, accuracy_high: high } = segment;
  // Few labels fall below the threshold by chance: the whole interval has to.
  const poor = high !== null && threshold !== null && high < threshold;
  return (
    <li data-tone={poor ? "warn" : undefined}>
      <span class="v-name" title={nameOf(segment, trans)}>
        {nameOf(segment, trans)}
      </span>
      <Level share={accuracy ?? 0}>
        {low === null || high === null ? null : (
          <u style={{ left: `${low * 100}%`, width: `${(high - low) * 100}%` }} />
        )}
      </Level>
      <Vital of={`metrics.segments.${name}.current_accuracy`} unit="%">
        {ratio(accuracy)}
      </Vital>
      <small class="v-wide">
        <Interval of={`metrics.segments.${name}`} low={low} high={high} />
      </small>
      <small>
        <Vital of={`metrics.segments.${name}.window_labelled`}>
          {accuracy === null
            ? trans.__("%1 of %2", count(n), FEWEST_LABELS)
            : trans._n("%2 label", "%2 labels", n, count(n))}
        </Vital>
      </small>
    </li>
  );
}
