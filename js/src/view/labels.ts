// The display names of the contract's values, and their colour roles.

import {
  type Health,
  LABELS,
  type ModelSection,
  type Notice,
  RULE_FACTS,
  type Rule,
  type Status,
  type SystemSection,
} from "../schema/contract.gen";
import type { Store } from "../state/store";
import {
  clock,
  count,
  duration,
  latencyText,
  type Maybe,
  psi,
  ratio,
  ratioPlain,
  UNKNOWN,
} from "../text/format";
import type { Language } from "../text/language";

export type Tone = "accent" | "ok" | "warn" | "bad" | "muted";

const STATUS_TONES: Readonly<Record<Status | Health, Tone>> = {
  registered: "muted",
  training: "accent",
  active: "ok",
  idle: "muted",
  healthy: "ok",
  degraded: "warn",
  unhealthy: "bad",
  stopped: "muted",
  failed: "bad",
  unknown: "muted",
};

export const statusTone = (status: Status | Health): Tone => STATUS_TONES[status];

export function statusLabel(status: Status | Health, trans: Language): string {
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

const ENGLISH_LABELS: Readonly<Record<string, string>> = LABELS;

/** Returns the display name of a value of a section, by its code. */
export const valueLabel = (code: keyof typeof LABELS, trans: Language): string =>
  trans.message(code, LABELS[code]);

/** Returns the display name of who a reading of the machine is about. */
export const scopeLabel = (scope: NonNullable<SystemSection["scope"]>, trans: Language): string =>
  valueLabel(`scope.${scope}`, trans);

/** Returns the display name of a component of the system's health. */
export function componentLabel(part: string, trans: Language): string {
  const code = `component.${part}`;
  return trans.message(code, ENGLISH_LABELS[code] ?? part.replaceAll("_", " "));
}

const RUN_CODES = Object.keys(LABELS).filter((code) => code.startsWith("training."));

/** Translates a text of a training run, unless its user wrote it. */
export function runText(text: string, trans: Language): string {
  const code = RUN_CODES.find((one) => ENGLISH_LABELS[one] === text);
  return trans.message(code ?? null, text);
}

/** Returns the sentence that explains a model's status; empty if there is none. */
export const reasonText = (
  { reason, reason_code, reason_args }: Pick<ModelSection, "reason" | `reason_${"code" | "args"}`>,
  trans: Language,
): string => (reason ? trans.message(reason_code, reason, reason_args) : "");

/** Returns the sentence of a notice. */
export const noticeText = ({ code, message, args }: Notice, trans: Language): string =>
  trans.message(code, message, args);

/** Returns why a value of a GPU, or all GPUs, cannot be read. */
export function unavailableLabel(
  reason: NonNullable<SystemSection["gpus_reason"]>,
  trans: Language,
): string {
  switch (reason) {
    case "no_library":
      return trans.__("the Python package for its driver is missing");
    case "no_driver":
      return trans.__("no driver");
    case "no_device":
      return trans.__("none for this process");
    case "no_permission":
      return trans.__("the driver does not tell this user");
    case "not_supported":
      return trans.__("the device does not tell");
    case "mig":
      return trans.__("a MIG instance has none of its own");
    case "pid_namespace":
      return trans.__("cannot be measured in this container");
    case "lost":
      return trans.__("the device no longer answers");
    case "timeout":
      return trans.__("no answer in time");
    case "failed":
      return trans.__("failed, see the notices");
  }
}

/** Returns whether a status needs the user's attention, and so a banner. */
export const needsAttention = (status: Status): boolean =>
  status === "degraded" || status === "unhealthy" || status === "failed";

/** Returns the unit that a rule declares for its value and its threshold. */
export const ruleUnit = (rule: Rule | null): string | null =>
  rule === null ? null : RULE_FACTS[rule].unit;

/** Formats a rule's value and threshold in its unit, `78.0 % against 85 %`; empty if unknown. */
export function comparison(
  rule: Rule | null,
  observed: Maybe,
  limit: Maybe,
  trans: Language,
): string {
  if (rule === null || observed === null || limit === null) return "";
  switch (RULE_FACTS[rule].unit) {
    case "latency":
      return trans.__("%1 against %2", latencyText(observed, 3), latencyText(limit, 3));
    case "psi":
      return trans.__("PSI %1 against %2", psi(observed), psi(limit));
    case "duration":
      return trans.__("%1 against %2", duration(observed), duration(limit));
    case "ratio":
      return trans.__("%1 against %2", `${ratio(observed)} %`, ratioPlain(limit));
  }
}

type StatusReason = Pick<ModelSection, `reason_${"rule" | "value" | "threshold" | "n"}`>;

/** Formats the value and the threshold that caused a model's status. */
export const evidence = (model: StatusReason, trans: Language): string =>
  comparison(model.reason_rule, model.reason_value, model.reason_threshold, trans);

/** Formats the number of labels, rows, predictions or calls that `evidence` is based on. */
export function sampleSize(
  { reason_n: n, reason_rule }: StatusReason,
  trans: Language,
): string | undefined {
  if (n === null || reason_rule === null) return undefined;
  switch (RULE_FACTS[reason_rule].evidence) {
    case "labels":
      return trans._n("over %2 label", "over %2 labels", n, count(n));
    case "rows":
      return trans._n("over %2 row", "over %2 rows", n, count(n));
    case "predictions":
      return trans._n("after %2 prediction", "after %2 predictions", n, count(n));
    case "calls":
      return trans._n("over %2 call", "over %2 calls", n, count(n));
  }
}

/** Returns why values are not updated any more; empty while they are. */
export function stalenessText(store: Store, trans: Language): string {
  const at = store.at.value;
  const last = at === null ? "" : clock(at, store.now.value, trans);
  if (store.closed.value) return last ? trans.__("Closed %1", last) : trans.__("Closed");
  if (!store.connected.value) {
    return last ? trans.__("Kernel gone, last update %1", last) : trans.__("Kernel gone");
  }
  return store.stale.value ? trans.__("No update since %1", last) : "";
}
