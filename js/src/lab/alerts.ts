// Turns events into notifications.

import type { ModelStatusChange, TrainingAlert, TrainingCompleted } from "../schema/contract.gen";
import { elapsed } from "../text/format";
import { type Language, plainText } from "../text/language";
import { comparison, needsAttention, reasonText, runText } from "../view/labels";
import type { EventMessage } from "./messages";

export interface Alert {
  readonly type: "error" | "warning" | "success" | "info";
  readonly text: string;
}

/** The names of the model and the notebook of an event, for display. */
export interface AlertContext {
  /** `churn 2.1` */
  readonly model: string;
  /** `serve.ipynb` */
  readonly place: string;
}

/** Returns the alert for an event, or null if the event needs none. */
export function alertFor(
  event: EventMessage,
  scene: AlertContext,
  hidden: boolean,
  trans: Language,
): Alert | null {
  const alert = textOf(event, scene, hidden, trans);
  // Names and reasons are texts of other people.
  return alert && { ...alert, text: plainText(alert.text) };
}

function textOf(
  event: EventMessage,
  scene: AlertContext,
  hidden: boolean,
  trans: Language,
): Alert | null {
  switch (event.type) {
    case "model_status_change":
      return statusAlert(event, scene, trans);
    case "training_alert":
      return runAlert(event, scene, trans);
    case "training_completed":
      // A run that was lost with its kernel is news even where the notebook is in front.
      return hidden || event.state === "lost" ? trainingAlert(event, scene, trans) : null;
    default:
      return null;
  }
}

const RUN_ALERT_TYPES = { stalled: "warning", not_finite: "error", recovered: "info" } as const;

const runAlert = (
  { kind, reason, reason_code, reason_args }: TrainingAlert,
  { model, place }: AlertContext,
  trans: Language,
): Alert => ({
  type: RUN_ALERT_TYPES[kind],
  text: `${model}: ${trans.message(reason_code, reason, reason_args)} · ${place}`,
});

function statusAlert(
  event: ModelStatusChange,
  { model, place }: AlertContext,
  trans: Language,
): Alert | null {
  if (!needsAttention(event.new_status)) return null;
  const { new_status: status } = event;
  const headline =
    status === "failed"
      ? trans.__("%1 failed", model)
      : status === "degraded"
        ? trans.__("%1 is degraded", model)
        : trans.__("%1 is unhealthy", model);
  const reason = reasonText(event, trans);
  const why = reason && `: ${reason}`;
  const proof = comparison(event.rule, event.value, event.threshold, trans);
  const text = `${headline}${why}${proof && `, ${proof}`} · ${place}`;
  return { type: status === "degraded" ? "warning" : "error", text };
}

const RESULT_TYPES = {
  failed: "error",
  lost: "error",
  stopped: "info",
  completed: "success",
} as const;

function trainingAlert(
  { state, stage, details, elapsed_seconds }: TrainingCompleted,
  { model, place }: AlertContext,
  trans: Language,
): Alert | null {
  if (state === "idle" || state === "running") return null;
  const headline = {
    failed: trans.__("failed"),
    lost: trans.__("lost"),
    stopped: trans.__("stopped"),
    completed: trans.__("completed"),
  }[state];
  const took = elapsed_seconds === null ? "" : ` ${trans.__("after %1", elapsed(elapsed_seconds))}`;
  const why =
    (state === "failed" || state === "lost") && details ? `: ${runText(details, trans)}` : "";
  return {
    type: RESULT_TYPES[state],
    text: `${model}: ${stage} ${headline}${took}${why} · ${place}`,
  };
}

const MAX_REMEMBERED = 500;

/** Shows at most one alert for each event, also if a resumed stream repeats the event. */
export class AlertNotifier {
  readonly #trans: Language;
  readonly #show: (alert: Alert, kernelId: string) => void;
  readonly #shown = new Set<string>();

  constructor(trans: Language, show: (alert: Alert, kernelId: string) => void) {
    this.#trans = trans;
    this.#show = show;
  }

  notify(event: EventMessage, scene: AlertContext, hidden: boolean): void {
    const alert = alertFor(event, scene, hidden, this.#trans);
    if (alert === null) return;
    const key = `${event.kernel_id} ${event.monitor} ${event.seq} ${event.at}`;
    if (this.#shown.has(key)) return;
    this.#shown.add(key);
    for (const oldest of this.#shown) {
      if (this.#shown.size <= MAX_REMEMBERED) break;
      this.#shown.delete(oldest);
    }
    this.#show(alert, event.kernel_id);
  }
}
