// One value of the contract on the page. `data-vital` is the hook for tests and for styling.
import type { ComponentChildren, JSX } from "preact";
import type { MetricsSection, ModelSection, SystemSection, TrainingSection } from "../contract.gen";
import type { Tone } from "./words";

export type VitalName =
  | `model.${keyof ModelSection}`
  | `training.${keyof TrainingSection}`
  | `metrics.${keyof MetricsSection}`
  | `system.${keyof SystemSection}`;

interface VitalProps {
  of: VitalName;
  children: ComponentChildren;
  unit?: string;
  class?: string;
  tone?: Tone | undefined;
  title?: string | undefined;
}

export function Vital({ of, children, unit, class: name, tone, title }: VitalProps): JSX.Element {
  return (
    <span data-vital={of} data-tone={tone} class={name} title={title}>
      {children}
      {unit ? <small> {unit}</small> : null}
    </span>
  );
}
