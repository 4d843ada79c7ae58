// Elements that show one value of the contract. `data-vital` is the hook for tests and styling.
import type { ComponentChildren, JSX } from "preact";
import type {
  DriftSection,
  ErrorDrift,
  FeatureDrift,
  Gpu,
  LabelsSection,
  MetricsSection,
  ModelInfo,
  ModelSection,
  ProcessUse,
  Segment,
  SystemSection,
  TrainingSection,
  WorkerInfo,
} from "../schema/contract.gen";
import { type Maybe, ratio, UNKNOWN } from "../text/format";
import type { Tone } from "./labels";
import { useLanguage } from "./languageContext";

export type VitalName =
  | `model.${keyof ModelSection}`
  | `training.${keyof TrainingSection}`
  | `metrics.${keyof MetricsSection}`
  | `system.${keyof SystemSection}`
  | `labels.${keyof LabelsSection}`
  | `drift.${keyof DriftSection}`
  // Items of lists, by their name or index.
  | `models.${string}.${keyof ModelInfo | "share"}`
  | `workers.${string}.${keyof WorkerInfo}`
  | `system.gpus.${number}.${keyof Gpu}`
  | `system.top_processes.${number | "all"}.${keyof ProcessUse}`
  | `metrics.segments.${string}.${keyof Segment}`
  | `drift.features.${string}.${keyof FeatureDrift}`
  | `drift.errors.${keyof ErrorDrift}`;

interface VitalProps {
  of: VitalName;
  children: ComponentChildren;
  /** Omitted if the value is unknown. */
  unit?: string;
  class?: string;
  tone?: Tone | undefined;
  title?: string | undefined;
}

export function Vital({ of, children, unit, class: name, tone, title }: VitalProps): JSX.Element {
  return (
    <span data-vital={of} data-tone={tone} class={name} title={title}>
      {children}
      {unit && children !== UNKNOWN ? <small> {unit}</small> : null}
    </span>
  );
}

interface ConfidenceIntervalProps {
  of: "metrics" | `metrics.segments.${string}`;
  low: Maybe;
  high: Maybe;
}

/** Renders text for screen readers that is not displayed. */
export function VisuallyHidden({ children }: { children: ComponentChildren }): JSX.Element {
  return <span class="v-said">{children}</span>;
}

/** Renders the confidence interval of an accuracy, `88.0–97.3 %`. */
export function ConfidenceInterval({ of, low, high }: ConfidenceIntervalProps): JSX.Element | null {
  const trans = useLanguage();
  if (low === null || high === null) return null;
  return (
    <span title={trans.__("95 % Wilson interval")}>
      <VisuallyHidden>{trans.__("95 % Wilson interval")} </VisuallyHidden>
      <Vital of={`${of}.accuracy_low`}>{ratio(low)}</Vital>–
      <Vital of={`${of}.accuracy_high`}>{ratio(high)}</Vital> %
    </span>
  );
}

/** Renders a share of 1 as a bar, which screen readers skip because the value is beside it. */
export function LevelBar(props: { share: number; children?: ComponentChildren }): JSX.Element {
  const { share, children } = props;
  return (
    <div class="v-bar" aria-hidden="true">
      <i style={{ transform: `scaleX(${Math.min(1, Math.max(0, share))})` }} />
      {children}
    </div>
  );
}
