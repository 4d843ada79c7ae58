// Shows panels in every state, from the fixtures that Python wrote. The address chooses:
// ?theme=dark&width=300&columns=3&states=live,degraded
const address = new URLSearchParams(location.search);
const theme = address.get("theme") ?? "light";
const width = Number(address.get("width") ?? 820);
const columns = Number(address.get("columns") ?? 1);

document.documentElement.setAttribute("theme", theme);
document.body.style.gridTemplateColumns = `repeat(${columns}, ${width}px)`;

const WRITTEN = [
  "live",
  "training",
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
/** A model for each customer, say: the challenger again and again, with other figures. */
const fleet = Array.from({ length: 199 }, (_, i) => ({
  ...compared.models[2],
  model_id: `tenant-${i}`,
  name: `tenant-${i}`,
  status: i % 23 ? (i % 7 ? "active" : "idle") : "degraded",
  predictions_per_minute: i % 7 ? Math.round(9000 / (i + 1)) : 0,
  current_accuracy: i % 7 ? 0.99 - ((i * 37) % 100) / 700 : null,
  latency_p95_seconds: i % 7 ? 0.0004 * (1 + ((i * 53) % 97)) : null,
}));
const collecting = { state: "collecting", reference_rows: 320, features: [], errors: null };
const states = {
  ...fixtures,
  unfolded: compared,
  chosen: compared,
  fleet: {
    ...compared,
    models: [compared.models[1], ...fleet],
    drift: { ...compared.drift, ...collecting },
  },
  unfoldedRegression: regression,
  gone: live,
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

/** A widget's model as far as the panel uses it. */
function modelOf(traits) {
  const listeners = new Map();
  return {
    get: (name) => traits[name],
    on: (event, callback) => listeners.set(callback, event),
    off: (_, callback) => listeners.delete(callback),
    fire: (event) => {
      for (const [callback, heard] of listeners) if (heard === event) callback();
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
  if (name === "chosen") el.querySelector('input[value="churn-2.2"]').click();
  if (!/^unfolded|long/.test(name)) continue;
  for (const one of el.querySelectorAll("details")) one.open = true;
}
await new Promise((done) => setTimeout(done, 1300));
document.body.dataset.ready = "";
