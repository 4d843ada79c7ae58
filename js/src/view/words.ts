// What the contract's labels are called on the panel, and the colour role of each.
import type { Health, ModelSection, Status } from "../contract.gen";
import { clock, count, latencyText, ratio, ratioPlain, UNKNOWN } from "../format";
import type { Language } from "../language";
import type { Store } from "../store";

export type Tone = "accent" | "ok" | "warn" | "bad" | "muted";

const STATUS_TONES: Readonly<Record<Status, Tone>> = {
  registered: "muted",
  training: "accent",
  active: "ok",
  idle: "muted",
  degraded: "warn",
  unhealthy: "bad",
  stopped: "muted",
  failed: "bad",
};
const HEALTH_TONES: Readonly<Record<Health, Tone>> = {
  unknown: "muted",
  healthy: "ok",
  degraded: "warn",
  unhealthy: "bad",
};

export const statusTone = (status: Status): Tone => STATUS_TONES[status];
export const healthTone = (health: Health): Tone => HEALTH_TONES[health];

export function statusWord(status: Status | Health, trans: Language): string {
  switch (status) {
    case "registered":
      return trans.__("Registered");
    case "training":
      return trans.__("Training");
    case "active":
      return trans.__("Live");
    case "idle":
      return trans.__("Idle");
    case "healthy":
      return trans.__("Healthy");
    case "degraded":
      return trans.__("Degraded");
    case "unhealthy":
      return trans.__("Unhealthy");
    case "stopped":
      return trans.__("Stopped");
    case "failed":
      return trans.__("Failed");
    case "unknown":
      return UNKNOWN;
  }
}

/** Whether the status asks for the user's attention, and so for a banner. */
export const needsAttention = (status: Status): boolean =>
  status === "degraded" || status === "unhealthy" || status === "failed";

/** `78.0 % against 85 %`: what a rule saw, in the unit of that rule. */
export function evidence(model: ModelSection, trans: Language): string {
  const { reason_rule: rule, reason_value: value, reason_threshold: threshold } = model;
  if (rule === null || value === null || threshold === null) return "";
  const [saw, limit] =
    rule === "latency_p95"
      ? [latencyText(value, 3), latencyText(threshold, 3)]
      : [`${ratio(value)} %`, ratioPlain(threshold)];
  return trans.__("%1 against %2", saw, limit);
}

/** What `evidence` rests on, for its title. */
export function basis(model: ModelSection, trans: Language): string | undefined {
  const { reason_n: n, reason_rule: rule } = model;
  if (n === null) return undefined;
  return rule === "accuracy"
    ? trans._n("over %2 label", "over %2 labels", n, count(n))
    : trans._n("over %2 call", "over %2 calls", n, count(n));
}

/** Why nothing more comes, or may come; empty as long as the values are fresh. */
export function freshness(store: Store, trans: Language): string {
  const at = store.at.value;
  const last = at === null ? "" : clock(at, store.now.value, trans);
  if (store.closed.value) return last ? trans.__("Closed %1", last) : trans.__("Closed");
  if (!store.connected.value) {
    return last ? trans.__("Kernel gone, last update %1", last) : trans.__("Kernel gone");
  }
  return store.quiet.value ? trans.__("No update since %1", last) : "";
}
