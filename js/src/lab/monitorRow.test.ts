import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Store } from "../state/store";
import { changed, type PanelState, traitsOf } from "../testing/fixtures";
import { full, kernel, state, trans } from "../testing/lab";
import { type Kernel, KernelRegistry } from "./kernels";
import { compareRows, type MonitorRow, monitorRow } from "./monitorRow";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

type Values = Record<string, unknown>;

function only(panel: PanelState, values: Values = {}, info: Values = {}): [Kernel, Store] {
  const kernels = new KernelRegistry(() => traitsOf(panel).at as number);
  kernels.receive(state({ ...kernel("k", "work/serve.ipynb", full(panel, values)), ...info }));
  const [one] = kernels.all.value.values();
  const [store] = one?.monitors.value.values() ?? [];
  if (one === undefined || store === undefined) throw new Error("no monitor");
  return [one, store];
}

function row(panel: PanelState, values: Values = {}, info: Values = {}): MonitorRow {
  const [one, store] = only(panel, values, info);
  return monitorRow(store, one.info.value, trans);
}

test("a live model: accuracy, rate and memory", () => {
  const { metrics, system } = traitsOf("live");
  const shown = row("live", {
    metrics: changed(metrics, { current_accuracy: 0.991, predictions_per_minute: 1204 }),
    system: changed(system, { process_memory_bytes: 1.5 * 2 ** 30 }),
  });
  expect(shown).toEqual({
    tone: "ok",
    name: "churn",
    version: "2.1",
    figure: "99.1 %",
    state: "Live, 1,204/min",
    place: "serve.ipynb",
    progress: null,
    memory: "1.5 GiB",
    fresh: true,
  });
});

test("a model in training: progress and remaining time", () => {
  const { training } = traitsOf("training");
  const shown = row("training", {
    training: changed(training, { progress: 41.9, eta_seconds: 190 }),
  });
  expect(shown).toMatchObject({ figure: "41 %", state: "Training, 3m 10s left", progress: 41.9 });
});

test("training without a total counts, and training that was asked to stop says so", () => {
  const { training } = traitsOf("training");
  const endless = changed(training, { progress: null, current: 1234, eta_seconds: null });
  expect(row("training", { training: endless })).toMatchObject({
    figure: "1,234",
    state: "Training",
    progress: null,
  });
  const stopping = changed(training, { stop_requested: true });
  expect(row("training", { training: stopping }).state).toBe("Training, stopping");
});

test("an idle model says for how long", () => {
  const { model, at } = traitsOf("idle");
  const since = (at as number) - 12 * 60;
  expect(row("idle", { model: changed(model, { status_since: since }) }).state).toBe(
    "Idle for 12 min",
  );
});

test("nothing known is a dash, never 0", () => {
  const { system } = traitsOf("empty");
  const shown = row("empty", { system: changed(system, { process_memory_bytes: null }) });
  expect(shown).toMatchObject({ figure: "–", state: "Registered", memory: "" });
});

test("a closed monitor and a kernel that is gone have no colour any more", () => {
  expect(row("degraded", { closed: true })).toMatchObject({ tone: "muted", fresh: false });
  expect(row("degraded", { closed: true }).state).toMatch(/^Closed \d\d:\d\d$/);
  const gone = row("training", {}, { execution_state: "dead" });
  expect(gone).toMatchObject({ tone: "muted", fresh: false, progress: null });
  expect(gone.state).toMatch(/^Kernel gone, last update \d\d:\d\d$/);
});

test("a kernel without a notebook has the name of its session or kernel", () => {
  expect(row("live", {}, { path: null, session_name: "Console 1" }).place).toBe("Console 1");
  expect(row("live", {}, { path: null }).place).toBe("python3");
  expect(row("live", {}, { path: null, kernel_name: null }).place).toBe(
    "kernel without a notebook",
  );
});

test("what needs attention comes first, what has ended last", () => {
  const rows = [
    row("live", { closed: true }),
    row("idle"),
    row("live"),
    row("training"),
    row("degraded"),
    row("failed"),
  ];
  expect(rows.sort(compareRows).map(({ tone, fresh }) => (fresh ? tone : "ended"))).toEqual([
    "bad",
    "warn",
    "accent",
    "ok",
    "muted",
    "ended",
  ]);
});
