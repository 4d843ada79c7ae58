import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Store } from "../state/store";
import { traitsOf } from "../testing/fixtures";
import { delta, full, kernel, message, state, withHistory } from "../testing/lab";
import { KernelRegistry, mostActive } from "./kernels";

const AT = traitsOf("live").at as number;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function open(...messages: ReturnType<typeof state>[]): KernelRegistry {
  const kernels = new KernelRegistry(() => AT);
  for (const one of messages) kernels.receive(one);
  return kernels;
}

function storeOf(kernels: KernelRegistry, id = "k", monitor = "default"): Store {
  const store = kernels.all.value.get(id)?.monitors.value.get(monitor);
  if (store === undefined) throw new Error(`no monitor ${monitor} in ${id}`);
  return store;
}

const update = (values: Record<string, unknown>, id = "k"): ReturnType<typeof state> =>
  message("update", { kernel_id: id, update: values });

test("the state brings every kernel with its monitors and their charts", () => {
  const kernels = open(state(kernel("k", "serve.ipynb", withHistory("live"))));
  const store = storeOf(kernels);
  expect(kernels.known.value).toBe(true);
  expect(store.model.value.name).toBe("churn");
  expect(store.history.at).toHaveLength(61);
});

test("an update replaces the sections in it and leaves the others", () => {
  const kernels = open(state(kernel("k", "serve.ipynb", withHistory("live"))));
  const store = storeOf(kernels);
  const metrics = { ...store.metrics.value, current_accuracy: 0.5 };
  kernels.receive(update(delta({ n: 2, at: AT + 2, metrics })));
  expect(store.metrics.value.current_accuracy).toBe(0.5);
  expect(store.model.value.name).toBe("churn");
  expect(store.history.at.at(-1)).toBe(AT + 2);
  expect(store.history.columns.current_accuracy.at(-1)).toBe(0.5);
});

test("after a lost update, the next one has complete sections", () => {
  const kernels = open(state(kernel("k", null, full("live"))));
  const training = { ...storeOf(kernels).training.value, stage: "Fit" };
  kernels.receive(update(delta({ n: 9, at: AT + 9, training })));
  expect(storeOf(kernels).training.value.stage).toBe("Fit");
});

test("a new monitor of the same name replaces the former one and its history", () => {
  const kernels = open(state(kernel("k", null, withHistory("live", { n: 40 }))));
  const before = storeOf(kernels);
  kernels.receive(update(delta({ n: 2, at: AT + 5 })));
  expect(storeOf(kernels)).toBe(before);
  kernels.receive(update(full("empty", { n: 1, at: AT + 6 })));
  expect(storeOf(kernels)).not.toBe(before);
  expect(storeOf(kernels).model.value.name).toBe(null);
  expect(storeOf(kernels).history.at).toEqual([]);
});

test("a fresh state after a gap keeps the store, and so the panel that shows it", () => {
  const kernels = open(state(kernel("k", null, withHistory("live", { n: 5 }))));
  const before = storeOf(kernels);
  kernels.receive(state(kernel("k", null, withHistory("degraded", { n: 30, at: AT + 60 }))));
  expect(storeOf(kernels)).toBe(before);
  expect(before.model.value.status).toBe("degraded");
});

test("kernels that a fresh state leaves out are gone", () => {
  const kernels = open(state(kernel("a", null, full("live")), kernel("b", null, full("idle"))));
  const store = storeOf(kernels, "b");
  kernels.receive(state(kernel("a", null, full("live"))));
  expect([...kernels.all.value.keys()]).toEqual(["a"]);
  expect(store.connected.value).toBe(false);
});

test("a restarted kernel has none of its monitors", () => {
  const kernels = open(state(kernel("k", "a.ipynb", full("live"))));
  const change = { kernel_id: "k", change: "restarted", kernel: kernel("k", "a.ipynb") };
  kernels.receive(message("kernel", change));
  expect(kernels.all.value.get("k")?.monitors.value.size).toBe(0);
});

test("a dead kernel's last values stay, and are marked as disconnected", () => {
  const kernels = open(state(kernel("k", "a.ipynb", full("live"))));
  const dead = { ...kernel("k", "a.ipynb", full("live")), execution_state: "dead" };
  kernels.receive(message("kernel", { kernel_id: "k", change: "dead", kernel: dead }));
  expect(storeOf(kernels).model.value.name).toBe("churn");
  expect(storeOf(kernels).connected.value).toBe(false);
});

test("a renamed notebook keeps its monitors", () => {
  const kernels = open(state(kernel("k", "a.ipynb", full("live"))));
  const change = { kernel_id: "k", change: "session", kernel: kernel("k", "b.ipynb") };
  kernels.receive(message("kernel", change));
  expect(kernels.all.value.get("k")?.info.value.path).toBe("b.ipynb");
  expect(storeOf(kernels).model.value.name).toBe("churn");
});

test("kernels come and go", () => {
  const kernels = open(state());
  kernels.receive(
    message("kernel", { kernel_id: "k", change: "added", kernel: kernel("k", "a.ipynb") }),
  );
  kernels.receive(update(full("live")));
  expect(storeOf(kernels).model.value.name).toBe("churn");
  kernels.receive(message("kernel", { kernel_id: "k", change: "removed", kernel: null }));
  expect(kernels.all.value.size).toBe(0);
  kernels.receive(update(full("live")));
  expect(kernels.all.value.size).toBe(0);
});

test("the most active of several monitors is shown; among equals, the newest", () => {
  const shown = (...monitors: Record<string, unknown>[]): string | undefined => {
    const kernels = open(state(kernel("k", null, ...monitors)));
    return mostActive(kernels.all.value.get("k")?.monitors.value ?? new Map())?.monitor.value;
  };
  const [live, idle] = [full("live", { monitor: "live" }), full("idle", { monitor: "idle" })];
  const training = full("training", { monitor: "training" });
  expect(shown()).toBe(undefined);
  expect(shown(live, idle)).toBe("live");
  expect(shown(training, live, idle)).toBe("training");
  expect(shown(live, { ...live, monitor: "later" })).toBe("later");
  expect(shown(idle, { ...training, closed: true })).toBe("idle");
});

test("a section of another version is shown as far as it is known", () => {
  const kernels = open(
    state(kernel("k", null, full("live", { model: { name: "new", status: "dreaming" } }))),
  );
  expect(storeOf(kernels).model.value).toMatchObject({ name: "new", status: "registered" });
});
