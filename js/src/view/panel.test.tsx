import { act } from "preact/test-utils";
import { describe, expect, test } from "vitest";
import { changed, PANEL_STATES, type PanelState, traitsOf } from "../testing/fixtures";
import { show } from "../testing/panel";

test("a live model, value by value", () => {
  const { text, root } = show("live");
  expect(text("model.name")).toBe("churn");
  expect(text("model.version")).toBe("2.1");
  expect(text("model.status")).toBe("Live");
  expect(text("model.trained_at")).toBe("2 h ago");
  expect(text("model.total_predictions")).toBe("1,247");
  expect(text("model.uptime_seconds")).toBe("2h 15m");
  expect(text("training.stage")).toBe("Ready");
  expect(text("training.details")).toBe("System ready");
  expect(text("training.progress")).toBe("100 %");
  expect(text("metrics.current_accuracy")).toBe("94.2 %");
  expect(text("metrics.accuracy_low")).toBe("88.0");
  expect(text("metrics.accuracy_high")).toBe("97.3");
  expect(text("metrics.window_labelled")).toBe("100");
  expect(text("metrics.label_coverage")).toBe("96 %");
  expect(text("metrics.total_errors")).toBe("0");
  expect(text("metrics.predictions_per_minute")).toBe("23 /min");
  expect(text("metrics.warming")).toBe("last 60 s");
  expect(text("metrics.latency_p50_seconds")).toBe("4.1 ms");
  expect(text("metrics.latency_p95_seconds")).toBe("12.4 ms");
  expect(text("metrics.latency_p99_seconds")).toBe("31 ms");
  expect(text("system.cpu_percent")).toBe("38 %");
  expect(text("system.memory_percent")).toBe("61 %");
  expect(text("system.disk_percent")).toBe("44 %");
  expect(text("system.active_connections")).toBe("3");
  expect(text("system.system_health")).toBe("Healthy");
  expect(text("system.scope")).toBe("container");
  expect(text("system.cpu_limit_cores")).toBe("1.5 of 4 cores");
  expect(text("system.memory_used_bytes")).toBe("4.9 of 8.0 GiB");
  expect(text("system.disk_free_bytes")).toBe("112 GiB free");
  expect(text("system.process_cpu_percent")).toBe("12 % CPU,");
  expect(text("system.process_memory_bytes")).toBe("410 MiB");
  expect(text("system.kernel_busy")).toBe("busy");
  expect(root.querySelector(".v-banner")).toBeNull();
});

const ALWAYS = `model.name model.version model.trained_at model.status model.total_predictions
  model.uptime_seconds training.stage training.progress training.details
  metrics.current_accuracy metrics.window_labelled metrics.label_coverage metrics.total_errors
  metrics.predictions_per_minute metrics.warming metrics.latency_p95_seconds system.cpu_percent
  system.memory_percent system.disk_percent system.active_connections system.system_health`;

const WHEN_KNOWN: Partial<Record<PanelState, string>> = {
  training: `training.current training.total training.rate_per_second training.eta_seconds
    training.elapsed_seconds training.metrics system.scope system.gpus.0.utilization_percent
    system.gpus.0.memory_used_bytes`,
  degraded: `model.reason model.status_since metrics.accuracy_low metrics.accuracy_high
    metrics.calls_per_minute metrics.latency_p50_seconds metrics.latency_p99_seconds
    system.limiter system.process_cpu_percent system.process_memory_bytes system.kernel_busy`,
};

const names = (list: string): string[] => list.split(/\s+/).filter(Boolean);

describe("every value has its own data-vital", () => {
  test.each(PANEL_STATES)("%s", (state) => {
    const { root } = show(state);
    for (const vital of names(`${ALWAYS} ${WHEN_KNOWN[state] ?? ""}`)) {
      expect(root.querySelectorAll(`[data-vital="${vital}"]`), vital).toHaveLength(1);
    }
    const all = [...root.querySelectorAll("[data-vital]")].map((e) => e.getAttribute("data-vital"));
    expect(new Set(all).size).toBe(all.length);
  });
});

test("what is not known is a dash, never 0", () => {
  const { text, root } = show("empty");
  for (const vital of names(`model.name model.trained_at model.uptime_seconds
    metrics.current_accuracy metrics.label_coverage metrics.latency_p95_seconds system.cpu_percent
    system.memory_percent system.disk_percent system.active_connections system.system_health`)) {
    expect(text(vital), vital).toBe("–");
  }
  expect(text("metrics.window_labelled")).toBe("no labels yet");
  expect(root.textContent).not.toMatch(/null|NaN|undefined|Infinity/);
});

test("a run in progress", () => {
  const { text, root } = show("training");
  expect(text("model.status")).toBe("Training");
  expect(text("training.stage")).toBe("Epoch 5 of 12");
  expect(text("training.progress")).toBe("41 %");
  expect(text("training.rate_per_second")).toBe("182 steps/s");
  expect(text("training.eta_seconds")).toBe("3m 10s left");
  expect(text("training.elapsed_seconds")).toBe("2m 12s");
  // The loss has a curve, whose legend has the newest value; the accuracy has none yet.
  expect(text("training.metrics")).toMatch(/loss ?0\.232.*val_accuracy 0\.951$/);
  const bar = root.querySelector('[role="progressbar"]');
  expect(bar?.getAttribute("aria-valuenow")).toBe("41");
  expect(bar?.getAttribute("aria-valuemin")).toBe("0");
  expect(bar?.getAttribute("aria-valuemax")).toBe("100");
  expect(bar?.getAttribute("aria-label")).toBe("Epoch 5 of 12");
});

test("a run without a total has an indeterminate bar and says how far it came", () => {
  const { training } = traitsOf("training");
  const { text, root } = show("training", {
    training: changed(training, { progress: null, total: null, eta_seconds: null }),
  });
  const bar = root.querySelector('[role="progressbar"]');
  expect(bar?.hasAttribute("aria-valuenow")).toBe(false);
  expect(bar?.hasAttribute("data-indeterminate")).toBe(true);
  expect(text("training.progress")).toBe("246");
  expect(text("training.eta_seconds")).toBeUndefined();
});

test.each([
  ["idle", "completed", "Completed in 3m 12s", "ok"],
  ["failed", "failed", "Failed after 1m 11s", "bad"],
  ["stopped", "stopped", "Stopped after 1m 11s", "muted"],
] as const)("%s: a run that %s says so", (state, ended, words, tone) => {
  const section = show(state).root.querySelector<HTMLElement>(".v-training");
  expect(section?.dataset["state"]).toBe(ended);
  expect(section?.dataset["tone"]).toBe(tone);
  expect(section?.textContent).toContain(words);
});

test("a degraded model gives its reason, value against threshold, and since when", () => {
  const { text, root, pass } = show("degraded");
  const banner = root.querySelector<HTMLElement>(".v-banner");
  expect(text("model.status")).toBe("Degraded");
  expect(banner?.dataset["tone"]).toBe("warn");
  expect(banner?.querySelector("p")?.textContent).toBe(
    "Accuracy dropped below threshold: 78.0 % against 85 %",
  );
  expect(text("model.status_since")).toMatch(/^since \d\d:\d\d, 4 min$/);
  pass(60);
  expect(text("model.status_since")).toMatch(/, 5 min$/);
  expect(root.querySelector('[data-vital="metrics.current_accuracy"]')).toHaveProperty(
    "dataset.tone",
    "warn",
  );
});

test("latency and error rate are given in their own units", () => {
  const { model } = traitsOf("degraded");
  const { root, receive } = show("degraded", {
    model: changed(model, {
      reason_rule: "latency_p95",
      reason_value: 0.31,
      reason_threshold: 0.25,
    }),
  });
  expect(root.querySelector(".v-proof")?.textContent).toBe("310 ms against 250 ms");
  receive({
    model: changed(model, {
      reason_rule: "error_rate",
      reason_value: 0.125,
      reason_threshold: 0.05,
    }),
  });
  expect(root.querySelector(".v-proof")?.textContent).toBe("12.5 % against 5 %");
});

test("a requested stop and an acknowledgement are shown", () => {
  const { training } = traitsOf("training");
  const stopping = show("training", { training: changed(training, { stop_requested: true }) });
  expect(stopping.text("training.stop_requested")).toBe("stopping");
  const { model, at } = traitsOf("degraded");
  const seen = show("degraded", { model: changed(model, { acknowledged_at: at }) });
  expect(seen.text("model.acknowledged_at")).toMatch(/^acknowledged \d\d:\d\d$/);
});

test("a model that goes on from an earlier kernel says from when, and how to begin anew", () => {
  const { model, at } = traitsOf("live");
  const began = show("live");
  expect(began.root.querySelector(".v-resumed")).toBeNull();
  const resumed = { resumed_from_at: (at as number) - 60, resumed_predictions: 200 };
  const seen = show("live", { model: changed(model, resumed) });
  expect(seen.text("model.resumed_from_at")).toMatch(/^\d\d:\d\d$/);
  expect(seen.root.querySelector(".v-resumed")?.textContent).toMatch(
    /^Goes on from \d\d:\d\d, 200 predictions · another version= or name= begins anew$/,
  );
  const one = { resumed_from_at: null, resumed_predictions: 1 };
  const unknown = show("live", { model: changed(model, one) });
  expect(unknown.root.querySelector(".v-resumed")?.textContent).toMatch(
    /^Goes on from 1 prediction /,
  );
});

test("recovery removes the banner", () => {
  const { root, receive } = show("degraded");
  receive({ model: traitsOf("live").model });
  expect(root.querySelector(".v-banner")).toBeNull();
});

test("names are text, whatever they hold", () => {
  const name = "<img src=x onerror=alert(1)>";
  const { model, training } = traitsOf("training");
  const { text, root } = show("training", {
    monitor: name,
    model: changed(model, { name, version: name, status: "failed", reason: name }),
    training: changed(training, { stage: name, details: name, metrics: { [name]: 1 } }),
    notices: [{ code: "x", message: name, count: 1, at: 0 }],
  });
  expect(text("model.name")).toBe(name);
  expect(text("model.reason")).toBe(name);
  expect(text("training.stage")).toBe(name);
  expect(root.querySelector("img")).toBeNull();
});

test("long names keep their full text in a title", () => {
  const name = "n".repeat(300);
  const { model } = traitsOf("live");
  const { root } = show("live", { model: changed(model, { name }) });
  expect(root.querySelector('[data-vital="model.name"]')?.getAttribute("title")).toBe(name);
});

test("uptime and relative times tick without messages", () => {
  const { text, pass } = show("live");
  pass(3600);
  expect(text("model.trained_at")).toBe("3 h ago");
  expect(text("model.uptime_seconds")).toBe("3h 15m");
});

test("a monitor that goes on from an earlier kernel says its own age", () => {
  const { model, at, metrics } = traitsOf("live");
  const start = at as number;
  const { text, receive } = show("live", {
    model: changed(model, { watching_since: start - 5 }),
    metrics: changed(metrics, { warming: true }),
  });
  receive({ at: start + 2 });
  expect(text("metrics.warming")).toBe("first 7 s");
});

test("a rate that is still warming up says how much it covers", () => {
  const traits = traitsOf("live");
  const { text, receive } = show("empty");
  const at = traits.at as number;
  receive({ at: at + 1 });
  receive({ at: at + 24 });
  expect(text("metrics.warming")).toBe("first 23 s");
});

describe("stale values", () => {
  const meta = (root: HTMLElement): string =>
    root.querySelector(".v-freshness:not([hidden])")?.textContent ?? "";
  const dimmed = (root: HTMLElement): boolean =>
    root.querySelector('.ipyvitals-panel[data-fresh="no"]') !== null;

  test("missing updates are shown, and nothing is dimmed", () => {
    const { root, pass } = show("live");
    expect(meta(root)).toBe("");
    pass(20);
    expect(meta(root)).toMatch(/^No update since \d\d:\d\d$/);
    expect(dimmed(root)).toBe(false);
  });

  test("a kernel that is gone", () => {
    const { root, store, receive } = show("live");
    act(() => {
      store.connected.value = false;
    });
    expect(meta(root)).toMatch(/^Kernel gone, last update \d\d:\d\d$/);
    expect(dimmed(root)).toBe(true);
    receive({ at: store.now.value });
    expect(meta(root)).toBe("");
    expect(dimmed(root)).toBe(false);
  });

  test("a monitor that was closed", () => {
    const { root, text } = show("stopped");
    expect(meta(root)).toMatch(/^Closed \d\d:\d\d$/);
    expect(text("metrics.current_accuracy")).toBe("94.2 %");
    expect(dimmed(root)).toBe(true);
  });
});

test("meters turn amber, then red, as the thresholds of the monitor judge them", () => {
  const { system } = traitsOf("live");
  const tone = (values: Record<string, unknown>): string | undefined => {
    const { root } = show("live", { system: changed(system, values) });
    return root.querySelectorAll<HTMLElement>(".v-meter")[1]?.dataset["tone"];
  };
  expect(tone({ memory_percent: 80, components: { memory: "healthy" } })).toBeUndefined();
  expect(tone({ memory_percent: 80, components: { memory: "degraded" } })).toBe("warn");
  expect(tone({ memory_percent: 80, components: { memory: "unhealthy" } })).toBe("bad");
  // With its rule off it is not judged, however full it is.
  expect(tone({ memory_percent: 99.9, components: { cpu: "degraded" } })).toBeUndefined();
  expect(tone({ memory_percent: null, components: {} })).toBeUndefined();
});

test("a kernel that sends no health of each component colours the one that limits", () => {
  const { system } = traitsOf("live");
  const limited = { components: {}, limiter: "memory", system_health: "degraded" };
  const { root } = show("live", { system: changed(system, limited) });
  const tones = [...root.querySelectorAll<HTMLElement>(".v-meter")].map((one) => one.dataset);
  expect(tones.slice(0, 3).map((one) => one["tone"])).toEqual([undefined, "warn", undefined]);
});

test("what limits the system, and what could not be read, is named", () => {
  expect(show("degraded").text("system.limiter")).toBe("memory");
  const { system } = traitsOf("live");
  const { text } = show("live", { system: changed(system, { unknown_components: ["disk"] }) });
  expect(text("system.unknown_components")).toBe("disk");
});

test("notices are one line until they are opened, newest first", () => {
  const { root, receive } = show("degraded");
  const { notices, at } = traitsOf("degraded");
  expect(root.querySelector("summary")?.textContent).toMatch(
    /^1 notice: no prediction waits under/,
  );
  expect(root.querySelector("details")?.open).toBe(false);
  const later = { code: "callback", message: "a callback failed", count: 1, at };
  receive({ notices: [...(notices as unknown[]), later] });
  expect(root.querySelector("summary")?.textContent).toBe("2 notices: a callback failed");
  expect(root.querySelectorAll("li")[1]?.textContent).toContain("12 times");
});

test("screen readers announce a change of status, and nothing else", () => {
  const { root, receive } = show("live");
  const regions = root.querySelectorAll("[aria-live], output, [role=status], [role=alert]");
  expect(regions).toHaveLength(1);
  const [region] = regions;
  expect(region?.getAttribute("aria-live")).toBe("polite");
  const { metrics, model } = traitsOf("live");
  receive({ metrics: changed(metrics, { current_accuracy: 0.9 }), at: 1_790_000_521 });
  expect(region?.textContent).toBe("");
  receive({
    model: changed(model, {
      status: "degraded",
      reason: "Accuracy dropped below threshold",
    }),
  });
  expect(region?.textContent).toBe("churn: Degraded. Accuracy dropped below threshold");
});

test.each([
  ["html", "theme", "dark", "dark"],
  ["html", "theme", "light", "light"],
  ["body", "data-jp-theme-light", "false", "dark"],
  ["body", "data-jp-theme-light", "true", "light"],
  ["body", "class", "vscode-body vscode-dark", "dark"],
  ["body", "class", "vscode-high-contrast vscode-high-contrast-light", "light"],
  ["body", "class", "something-else", undefined],
] as const)("<%s %s=%s> is %s", (element, attribute, value, theme) => {
  document.querySelector(element)?.setAttribute(attribute, value);
  const panel = show("live").root.querySelector<HTMLElement>(".ipyvitals-panel");
  expect(panel?.dataset["theme"]).toBe(theme);
});
