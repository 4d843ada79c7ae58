import { expect, test } from "vitest";
import { message, trans } from "../testing/lab";
import { type Alert, AlertNotifier, alertFor } from "./alerts";
import type { EventMessage } from "./messages";

const SCENE = { model: "churn 2.1", place: "serve.ipynb" };
const HEAD = { kernel_id: "k", monitor: "default", seq: 3, at: 1000 };

const change = (values: Record<string, unknown>): EventMessage =>
  message("model_status_change", {
    ...HEAD,
    model_id: "m",
    old_status: "active",
    reason: null,
    reason_code: null,
    reason_args: {},
    rule: null,
    value: null,
    threshold: null,
    n: null,
    ...values,
  }) as EventMessage;

const ended = (values: Record<string, unknown>): EventMessage =>
  message("training_completed", {
    ...HEAD,
    state: "completed",
    stage: "Fit",
    progress: 100,
    details: "",
    current: 10,
    total: 10,
    elapsed_seconds: 190,
    metrics: {},
    run_id: null,
    ...values,
  }) as EventMessage;

const trouble = (values: Record<string, unknown>): EventMessage =>
  message("training_alert", {
    ...HEAD,
    run_id: "r",
    kind: "not_finite",
    metric: "loss",
    value: 2.314,
    step: 1204,
    reason: "loss is not finite from step 1204; it was 2.314 before",
    reason_code: "run.not_finite",
    not_finite_kind: "nan",
    reason_args: { metric: "loss", step: 1204, value: 2.314 },
    ...values,
  }) as EventMessage;

const DEGRADED = change({
  new_status: "degraded",
  reason: "Accuracy dropped below threshold",
  rule: "accuracy",
  value: 0.78,
  threshold: 0.85,
  n: 100,
});

test("a degraded model causes a warning with value and threshold", () => {
  expect(alertFor(DEGRADED, SCENE, false, trans)).toEqual({
    type: "warning",
    text: "churn 2.1 is degraded: Accuracy dropped below threshold, 78.0 % against 85 % · serve.ipynb",
  });
});

test("trouble of a training run causes an alert, also on a visible page", () => {
  expect(alertFor(trouble({}), SCENE, false, trans)).toEqual({
    type: "error",
    text: "churn 2.1: loss is not finite from step 1204; it was 2.314 before · serve.ipynb",
  });
  expect(alertFor(trouble({ kind: "stalled" }), SCENE, false, trans)?.type).toBe("warning");
  expect(alertFor(trouble({ kind: "recovered" }), SCENE, false, trans)?.type).toBe("info");
});

test("latency is given in its unit", () => {
  const slow = change({
    new_status: "unhealthy",
    reason: "Latency rose above threshold",
    rule: "latency_p95",
    value: 0.25,
    threshold: 0.1,
  });
  expect(alertFor(slow, SCENE, false, trans)).toEqual({
    type: "error",
    text: "churn 2.1 is unhealthy: Latency rose above threshold, 250 ms against 100 ms · serve.ipynb",
  });
});

test("names do not reverse the text around them", () => {
  const scene = { model: "churn\u202egpj", place: "a\u2067.ipynb" };
  const alert = alertFor(change({ new_status: "failed", reason: "\u202dno" }), scene, false, trans);
  expect(alert?.text).toBe("churn\ufffdgpj failed: \ufffdno · a\ufffd.ipynb");
});

test("a failed model is an error", () => {
  expect(alertFor(change({ new_status: "failed" }), SCENE, false, trans)).toEqual({
    type: "error",
    text: "churn 2.1 failed · serve.ipynb",
  });
});

test.each(["active", "idle", "training", "stopped", "registered"])("%s is no alert", (status) => {
  expect(alertFor(change({ new_status: status }), SCENE, true, trans)).toBe(null);
});

test("the end of training causes an alert only while the page is hidden", () => {
  expect(alertFor(ended({}), SCENE, false, trans)).toBe(null);
  expect(alertFor(ended({}), SCENE, true, trans)).toEqual({
    type: "success",
    text: "churn 2.1: Fit completed after 3m 10s · serve.ipynb",
  });
  expect(
    alertFor(ended({ state: "failed", details: "ValueError: nan" }), SCENE, true, trans),
  ).toEqual({
    type: "error",
    text: "churn 2.1: Fit failed after 3m 10s: ValueError: nan · serve.ipynb",
  });
});

test("a run that was lost with its kernel is an alert even in front of it", () => {
  const lost = ended({ state: "lost", details: "out of memory: 7.9 of 8.0 GiB" });
  expect(alertFor(lost, SCENE, false, trans)).toEqual({
    type: "error",
    text: "churn 2.1: Fit lost after 3m 10s: out of memory: 7.9 of 8.0 GiB · serve.ipynb",
  });
});

test("a repeated event causes one alert; the same number at another time is another event", () => {
  const shown: Alert[] = [];
  const alerts = new AlertNotifier(trans, (alert) => shown.push(alert));
  alerts.notify(DEGRADED, SCENE, false);
  alerts.notify(DEGRADED, SCENE, true);
  expect(shown).toHaveLength(1);
  // A restarted kernel numbers its events from the beginning.
  alerts.notify({ ...DEGRADED, at: 2000 }, SCENE, false);
  expect(shown).toHaveLength(2);
});
