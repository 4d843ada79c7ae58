// Renders the panel in every state, from the fixtures that Python wrote. Query parameters:
// ?theme=dark&width=300&columns=3&states=live,degraded
import { runStates } from "./runs.js";

const address = new URLSearchParams(location.search);
const theme = address.get("theme") ?? "light";
const width = Number(address.get("width") ?? 820);
const columns = Number(address.get("columns") ?? 1);

document.documentElement.setAttribute("theme", theme);
document.body.style.gridTemplateColumns = `repeat(${columns}, ${width}px)`;

const WRITTEN = [
  "live",
  "training",
  "runs",
  "workers",
  "degraded",
  "empty",
  "idle",
  "failed",
  "stopped",
  "compared",
  "regression",
];
const fixtures = Object.fromEntries(
  await Promise.all(
    WRITTEN.map(async (name) => {
      const file = await fetch(`../../tests/contract/fixtures/panel_${name}.json`);
      return [name, await file.json()];
    }),
  ),
);
const now = fixtures.live.at;
Date.now = () => now * 1000;

const { live, training, degraded, compared, regression } = fixtures;
const LONG = "customer-churn-gradient-boosting-with-calibration-and-a-very-long-name";
/** Many models, as for one customer each: copies of the challenger with other figures. */
const fleet = Array.from({ length: 199 }, (_, i) => ({
  ...compared.models[2],
  model_id: `tenant-${i}`,
  name: `tenant-${i}`,
  status: i % 23 ? (i % 7 ? "active" : "idle") : "degraded",
  predictions_per_minute: i % 7 ? Math.round(9000 / (i + 1)) : 0,
  current_accuracy: i % 7 ? 0.99 - ((i * 37) % 100) / 700 : null,
  latency_p95_seconds: i % 7 ? 0.0004 * (1 + ((i * 53) % 97)) : null,
}));
const GIB = 2 ** 30;
const gpu = (index, more = {}) => ({
  index,
  name: "NVIDIA H100 80GB HBM3",
  utilization_percent: [97, 88, 91, 12, 0, 64, 99, 73][index],
  memory_used_bytes: [74, 61, 70.2, 8, 0.4, 39, 78.9, 66][index] * GIB,
  memory_total_bytes: 80 * GIB,
  temperature_celsius: 41 + 5 * (index % 5),
  power_watts: 120 + 70 * index,
  power_limit_watts: 700,
  process_memory_bytes: [71, 58, 70, 6, 0, 30, 76, 60][index] * GIB,
  uuid: `GPU-${index}`,
  mig: false,
  reasons: {},
  ...more,
});
const wave = (of, by, step) =>
  live.history.at.map((_, i) => of + by * Math.sin(i / step) * Math.cos(i / 3));
const trends = {
  ...live.history,
  gpu_percent: wave(84, 12, 5),
  gpu_memory_percent: wave(80, 6, 9),
  disk_read_bytes_per_second: wave(2e6, 1.8e6, 4),
  disk_written_bytes_per_second: live.history.at.map((_, i) => (i % 20 < 3 ? 8e6 : 2e4)),
  network_received_bytes_per_second: wave(3e4, 2e4, 7),
  network_sent_bytes_per_second: wave(9e4, 6e4, 3),
};
const on = (system, more = {}) => ({
  ...live,
  history: trends,
  system: { ...live.system, ...system },
  ...more,
});
const UNTOLD = {
  utilization_percent: null,
  temperature_celsius: null,
  power_watts: null,
  power_limit_watts: null,
  process_memory_bytes: null,
};
const machines = {
  system: on({}),
  gpu1: on({ gpus: [gpu(0)], gpu_percent: 97, gpus_reason: null }),
  gpu2: on({ gpus: [gpu(1), gpu(3)], gpu_percent: 88, gpu_memory_percent: 76, gpus_reason: null }),
  gpu8: on({
    gpus: Array.from({ length: 8 }, (_, i) => gpu(i)),
    gpu_percent: 99,
    gpu_memory_percent: 98.6,
    gpus_reason: null,
    limiter: "gpu_memory",
    system_health: "degraded",
  }),
  mig: on({
    gpus_reason: null,
    gpu_memory_percent: 45,
    gpus: [
      gpu(0, {
        ...UNTOLD,
        mig: true,
        name: "NVIDIA A100-SXM4-40GB MIG 1g.5gb",
        memory_used_bytes: 1.9 * GIB,
        memory_total_bytes: 4.75 * GIB,
        reasons: {
          utilization_percent: "mig",
          temperature_celsius: "not_supported",
          power_watts: "not_supported",
          process_memory_bytes: "pid_namespace",
        },
      }),
    ],
  }),
  urgent: on({
    memory_percent: 88,
    memory_used_bytes: 7.04 * GIB,
    memory_full_seconds: 252,
    oom_kills: 2,
    oom_kill_at: now - 240,
    cpu_wait_percent: 38,
    cpu_throttled_percent: 38,
    components: { ...live.system.components, cpu: "degraded" },
    cpu_throttled_seconds: 214,
    kernel_lag_seconds: 1.24,
    gil_starved: true,
    shared_memory_percent: 96,
    shared_memory_free_bytes: 2 * 2 ** 20,
    limiter: "shared_memory",
    system_health: "degraded",
    process_memory_kind: "rss",
  }),
  waiting: on({
    cpu_percent: 92,
    cpu_wait_percent: 38,
    components: { ...live.system.components, cpu: "degraded" },
    limiter: "cpu",
    system_health: "degraded",
  }),
  forecast: on({ memory_full_seconds: 252, memory_percent: 88, memory_used_bytes: 7.04 * GIB }),
  host: on({
    scope: "host",
    cpu_scope: "host",
    memory_scope: "host",
    cpu_limit_cores: 64,
    cpu_throttled_seconds: null,
    memory_limit_bytes: 503 * GIB,
    memory_used_bytes: 120 * GIB,
    kernel_busy: false,
    kernel_busy_since: null,
    process_children: 128,
    disk_path: "/home/maria/projects/churn/experiments/2026-11",
    gpus_reason: "no_driver",
  }),
  unknown: { ...fixtures.empty },
};
const collecting = { state: "collecting", reference_rows: 320, features: [], errors: null };
const states = {
  ...fixtures,
  ...runStates(training),
  unfolded: compared,
  chosen: compared,
  fleet: {
    ...compared,
    models: [compared.models[1], ...fleet],
    drift: { ...compared.drift, ...collecting },
  },
  unfoldedRegression: regression,
  zoomed: runStates(training).curves,
  pinned: runStates(training).curves,
  ...machines,
  ...Object.fromEntries(Object.entries(machines).map(([name, one]) => [`unfolded-${name}`, one])),
  gone: live,
  resumed: {
    ...live,
    model: { ...live.model, resumed_from_at: now - 7200, resumed_predictions: 200 },
  },
  quiet: { ...live, at: now - 95 },
  streaming: {
    ...training,
    training: {
      ...training.training,
      stage: "Streaming",
      details: "no end in sight",
      progress: null,
      total: null,
      eta_seconds: null,
    },
  },
  long: {
    ...degraded,
    monitor: "a-monitor-with-a-long-name",
    model: {
      ...degraded.model,
      name: LONG,
      version: "2026.11.24-rc.1+g206404e",
      status: "unhealthy",
      reason: `Latency p95 rose above threshold in ${LONG}`,
      reason_rule: "latency_p95",
      reason_value: 1.934,
      reason_threshold: 0.25,
      total_predictions: 2410733,
      trained_at: now - 3e6,
    },
    training: {
      ...training.training,
      stage: LONG,
      details: LONG,
      metrics: Object.fromEntries(
        Array.from({ length: 9 }, (_, i) => [`a_rather_long_metric_name_${i}`, i ** 9 / 7]),
      ),
    },
    metrics: {
      ...live.metrics,
      segments: compared.metrics.segments.map((one, i) => ({ ...one, name: `${i} ${LONG}` })),
      predictions_per_minute: 1234567,
      calls_per_minute: 12345,
      total_predictions: 2410733,
      total_errors: 120345,
      latency_p50_seconds: 0.000812,
      latency_p95_seconds: 1.934,
      latency_p99_seconds: 12.5,
    },
    system: { ...live.system, active_connections: 12048, cpu_percent: 100 },
    notices: degraded.notices.concat({
      code: "callback",
      message: `A callback failed: ${LONG} ${LONG}`,
      count: 1,
      at: now,
    }),
    models: compared.models.map((model) => ({
      ...model,
      name: LONG,
      version: "2026.11.24-rc.1+g206404e",
      predictions_per_minute: 1234567,
      latency_p95_seconds: 12.51,
    })),
    labels: compared.labels,
    drift: {
      ...compared.drift,
      features: compared.drift.features.map((one, i) => ({ ...one, name: `${i} ${LONG}` })),
    },
  },
  markup: {
    ...live,
    model: { ...live.model, name: "<img src=x onerror=alert(1)>", version: "<b>" },
  },
};

/** Returns the part of a widget model that the panel uses. */
function modelOf(traits) {
  const listeners = new Map();
  return {
    get: (name) => traits[name],
    on: (event, callback) => listeners.set(callback, event),
    off: (_, callback) => listeners.delete(callback),
    fire: (event) => {
      for (const [callback, registered] of listeners) if (registered === event) callback();
    },
  };
}

const { default: widget } = await import("../../src/ipyvitals/static/widget.js");
const wanted = address.get("states")?.split(",") ?? Object.keys(states);
const panels = wanted.map((name) => {
  const { initialize, render } = widget();
  const model = modelOf(states[name]);
  initialize({ model });
  const place = document.createElement("div");
  const title = document.createElement("h2");
  title.textContent = name;
  const el = document.createElement("div");
  place.append(title, el);
  document.body.append(place);
  render({ model, el });
  return { name, model, el };
});

for (const { name, model, el } of panels) {
  if (name === "gone") model.fire("comm:close");
  const press = (text) =>
    [...el.querySelectorAll("button")].find((one) => one.textContent === text)?.click();
  if (name === "three") el.querySelector('[data-run-id="5b1e22c0-3"] button').click();
  if (name === "metrics") press("16 more");
  if (name === "pinned") {
    press("2 more");
    for (const pin of [...el.querySelectorAll(".v-pin")].slice(-1)) pin.click();
    await new Promise((done) => setTimeout(done, 100));
    press("fewer");
  }
  if (name === "zoomed") {
    const keys = ["Home", "PageUp", ...Array(3).fill("+PageUp"), "Enter", "Home", "PageUp"];
    for (const key of [...keys, "+PageUp"]) {
      const shiftKey = key.startsWith("+");
      const options = { key: key.replace("+", ""), shiftKey, bubbles: true };
      el.querySelector(".v-plot").dispatchEvent(new KeyboardEvent("keydown", options));
      await new Promise((done) => setTimeout(done, 50));
    }
  }
  if (address.has("log")) press("log");
  if (name === "chosen") el.querySelector('input[value="churn-2.2"]').click();
  if (!/^unfolded|long/.test(name)) continue;
  for (const one of el.querySelectorAll("details")) one.open = true;
  el.querySelector(".v-headline button").click();
}
await new Promise((done) => setTimeout(done, 1300));
document.body.dataset.ready = "";
