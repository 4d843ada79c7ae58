// What the contract's labels are called on the panel, and the colour role of each.
import type { Health, ModelSection, Status } from "../contract.gen";
import { count, latencyText, ratio, ratioPlain } from "../format";

export type Tone = "accent" | "ok" | "warn" | "bad" | "muted";

const STATUS: Readonly<Record<Status, readonly [string, Tone]>> = {
  registered: ["Registered", "muted"],
  training: ["Training", "accent"],
  active: ["Live", "ok"],
  idle: ["Idle", "muted"],
  degraded: ["Degraded", "warn"],
  unhealthy: ["Unhealthy", "bad"],
  stopped: ["Stopped", "muted"],
  failed: ["Failed", "bad"],
};

const HEALTH: Readonly<Record<Health, readonly [string, Tone]>> = {
  unknown: ["–", "muted"],
  healthy: ["Healthy", "ok"],
  degraded: ["Degraded", "warn"],
  unhealthy: ["Unhealthy", "bad"],
};

export const statusWord = (status: Status): string => STATUS[status][0];
export const statusTone = (status: Status): Tone => STATUS[status][1];
export const healthWord = (health: Health): string => HEALTH[health][0];
export const healthTone = (health: Health): Tone => HEALTH[health][1];

/** Whether the status asks for the user's attention, and so for a banner. */
export const needsAttention = (status: Status): boolean =>
  status === "degraded" || status === "unhealthy" || status === "failed";

/** `78.0 % against 85 %`: what a rule saw, in the unit of that rule. */
export function evidence(model: ModelSection): string {
  const { reason_rule: rule, reason_value: value, reason_threshold: threshold } = model;
  if (rule === null || value === null || threshold === null) return "";
  if (rule === "latency_p95") {
    return `${latencyText(value, 3)} against ${latencyText(threshold, 3)}`;
  }
  return `${ratio(value)} % against ${ratioPlain(threshold)}`;
}

/** What `evidence` rests on, for its title. */
export function basis(model: ModelSection): string | undefined {
  if (model.reason_n === null) return undefined;
  return `over ${count(model.reason_n)} ${model.reason_rule === "accuracy" ? "labels" : "calls"}`;
}
