// The models of a kernel, as the server's stream updates them.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ModelInfo } from "../schema/contract.gen";
import type { ModelRegistry } from "../state/models";
import { traitsOf } from "../testing/fixtures";
import { delta, full, kernel, message, state, trans, withHistory } from "../testing/lab";
import { alertFor } from "./alerts";
import { KernelRegistry } from "./kernels";
import type { EventMessage } from "./messages";

const AT = traitsOf("compared").at as number;
const [RETIRED, CHAMPION, CHALLENGER] = traitsOf("compared").models as [
  ModelInfo,
  ModelInfo,
  ModelInfo,
];

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function open(): { models: ModelRegistry; send: (update: Record<string, unknown>) => void } {
  const kernels = new KernelRegistry(() => AT);
  kernels.receive(state(kernel("k", "serve.ipynb", withHistory("compared"))));
  const store = kernels.all.value.get("k")?.monitors.value.get("default");
  if (store === undefined) throw new Error("no monitor");
  const send = (update: Record<string, unknown>): void =>
    kernels.receive(message("update", { kernel_id: "k", update }));
  return { models: store.models, send };
}

const ids = (models: ModelRegistry): string[] => [...models.all.value.keys()].sort();

test("an update changes the rows that it brings, and leaves the others", () => {
  const { models, send } = open();
  send(delta({ n: 2, at: AT + 1, models: [{ ...CHALLENGER, predictions_per_minute: 99 }] }));
  expect(ids(models)).toEqual(["churn-1", "churn-1.9", "churn-2.2"]);
  expect(models.all.value.get("churn-2.2")?.row.value.predictions_per_minute).toBe(99);
  expect(models.all.value.get("churn-1")?.row.value).toEqual(CHAMPION);
});

test("an update without rows changes none", () => {
  const { models, send } = open();
  const before = models.all.value;
  send(delta({ n: 2, at: AT + 1 }));
  expect(models.all.value).toBe(before);
});

test("a full update removes models that are not in it, and keeps the history of the others", () => {
  const { models, send } = open();
  send(delta({ n: 2, at: AT + 1 }));
  send(full("compared", { n: 3, at: AT + 2, models: [RETIRED, CHAMPION] }));
  expect(ids(models)).toEqual(["churn-1", "churn-1.9"]);
  expect(models.all.value.get("churn-1")?.history.at).toEqual([AT + 1, AT + 2]);
});

test("a state has labels and drift", () => {
  const kernels = new KernelRegistry(() => AT);
  kernels.receive(state(kernel("k", null, full("compared"))));
  const store = kernels.all.value.get("k")?.monitors.value.get("default");
  expect(store?.labels.value.expired).toBe(3);
  expect(store?.drift.value.features).toHaveLength(4);
});

test("an alert about drift has its index, not percent", () => {
  const event = message("model_status_change", {
    kernel_id: "k",
    monitor: "default",
    seq: 3,
    at: AT,
    model_id: "churn-2.2",
    old_status: "active",
    new_status: "degraded",
    reason: "Drift of feature 'age'",
    rule: "drift",
    value: 0.31,
    threshold: 0.042,
    n: 500,
  }) as EventMessage;
  expect(alertFor(event, { model: "churn 2.2", place: "a.ipynb" }, false, trans)?.text).toBe(
    "churn 2.2 is degraded: Drift of feature 'age', PSI 0.31 against 0.042 · a.ipynb",
  );
});
