// Training runs for the gallery and for tests: every state that the panel has to show.
const RUN = {
  parent_id: null,
  name: null,
  place: 0,
  stage: "Training",
  details: "",
  state: "running",
  end: null,
  reason: null,
  reason_code: null,
  reason_args: {},
  unit: "step",
  current: 0,
  total: null,
  progress: null,
  lap: 1,
  steps: 0,
  rate_per_second: 8.2,
  eta_seconds: null,
  elapsed_seconds: 60,
  started_at: 0,
  ended_at: null,
  stop_requested: false,
  metrics: {},
  best: {},
  data_wait_ratio: null,
  data_wait_ratio_total: null,
  alert: null,
  model_id: null,
  config: {},
  tags: [],
  environment: null,
  cost: null,
};
const GOALS = [
  [/acc|f1|auc/, "max"],
  [/loss|error|mae/, "min"],
];
const GIB = 2 ** 30;

/** Returns reproducible numbers in [0, 1). */
export function random(seed) {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

/** Returns noise around 0, of about normal size. */
const noise = (next) => next() + next() + next() - 1.5;

/** Returns the values of a falling loss. */
export function losses(steps, seed, { start = 2.3, floor = 0.3, half = 120, size = 0.05 } = {}) {
  const next = random(seed);
  return Array.from({ length: steps }, (_, i) => {
    const clean = floor + (start - floor) * 2 ** (-i / half);
    return clean * (1 + size * noise(next));
  });
}

/** Returns the values of a rising accuracy. */
export function accuracies(steps, seed, { top = 0.94, half = 100, size = 0.006 } = {}) {
  const next = random(seed);
  return Array.from({ length: steps }, (_, i) =>
    Math.min(1, top - (top - 0.35) * 2 ** (-i / half) + size * noise(next)),
  );
}

/** Returns a run with its curves: `curves` has values by metric, reported each `every` steps. */
export function run(id, now, curves, more = {}, every = {}) {
  const elapsed = more.elapsed_seconds ?? 60;
  const started = more.started_at ?? now - elapsed;
  const steps = more.steps ?? more.current ?? 1;
  const chunks = Object.entries(curves).map(([metric, values]) => {
    const step = values.map((_, i) => (i + 1) * (every[metric] ?? 1));
    return {
      run_id: id,
      metric,
      start: 0,
      step,
      seconds: step.map((at) => (elapsed * at) / steps),
      mean: values.map((value) => (Number.isFinite(value) ? value : null)),
      first_step: [],
      low: [],
      high: [],
      count: [],
      not_finite: values.map((value) => Number(!Number.isFinite(value))),
      not_finite_kind: values.map((value) => (Number.isFinite(value) ? "" : "nan")),
    };
  });
  const best = {};
  for (const [metric, values] of Object.entries(curves)) {
    const goal = GOALS.find(([word]) => word.test(metric))?.[1];
    const known = values.filter(Number.isFinite);
    if (!goal || known.length === 0) continue;
    const value = goal === "min" ? Math.min(...known) : Math.max(...known);
    best[metric] = { value, goal, step: (values.indexOf(value) + 1) * (every[metric] ?? 1) };
  }
  const metrics = Object.fromEntries(
    Object.entries(curves).map(([metric, values]) => {
      const value = values.at(-1) ?? null;
      return [metric, Number.isFinite(value) ? value : null];
    }),
  );
  const info = {
    ...RUN,
    run_id: id,
    started_at: started,
    steps,
    progress: more.total ? (100 * (more.current ?? 0)) / more.total : null,
    metrics,
    best,
    ...more,
  };
  return { info, chunks };
}

/** Returns the traits of a panel with these runs; the first is in front. */
export function withRuns(base, runs, model = {}, training = {}) {
  const [front] = runs.map(({ info }) => info);
  const of = (name) => front[name];
  return {
    ...base,
    model: { ...base.model, status: "training", health: "unknown", total_predictions: 0, ...model },
    training: {
      state: of("state"),
      stage: of("stage"),
      progress: of("progress"),
      details: of("details"),
      current: of("current"),
      total: of("total"),
      rate_per_second: of("rate_per_second"),
      eta_seconds: of("eta_seconds"),
      elapsed_seconds: of("elapsed_seconds"),
      metrics: of("metrics"),
      stop_requested: false,
      run_id: of("run_id"),
      ...training,
    },
    runs: runs.map(({ info }) => info),
    curves: runs.flatMap(({ chunks }) => chunks),
  };
}

/** Returns panels in every state of training, by name, made from the fixture of a training. */
export function runStates(base) {
  const now = base.at;
  const epoch = {
    stage: "Epoch 5 of 12",
    details: "train_loader, batch 64",
    total: 1200,
    current: 492,
    eta_seconds: 86,
    data_wait_ratio: 0.38,
    data_wait_ratio_total: 0.36,
  };
  const curves = (steps, seed, more = {}) => ({
    loss: losses(steps, seed, more),
    val_loss: losses(Math.floor(steps / 12), seed + 1, {
      ...more,
      half: (more.half ?? 120) / 12,
      size: 0.012,
      floor: 0.36,
    }),
    val_accuracy: accuracies(Math.floor(steps / 12), seed + 2, { half: (more.half ?? 120) / 12 }),
    lr: Array.from({ length: steps }, (_, i) => 0.05 * Math.cos(i / 800)),
    grad_norm: losses(steps, seed + 3, { start: 4, floor: 1, size: 0.3 }),
  });
  const sparse = { val_loss: 12, val_accuracy: 12 };
  const ended = { state: "completed", end: "completed", ended_at: now - 900 };
  const previous = run(
    "5b1e22c0-2",
    now,
    curves(1200, 11, { half: 200 }),
    {
      ...epoch,
      ...ended,
      stage: "Epoch 12 of 12",
      current: 1200,
      place: 1,
      started_at: now - 1100,
    },
    sparse,
  );
  const one = run("5b1e22c0-3", now, curves(492, 5), epoch, sparse);
  const cost = {
    duration_seconds: 147,
    steps: 1200,
    data_wait_seconds: 53,
    peak_memory_bytes: 12.1 * GIB,
    peak_memory_step: 1180,
    gpu_utilization_percent: 57,
    gpu_idle_ratio: 0.31,
    energy_wh: 12.8,
    gpus: [
      {
        index: 0,
        name: "NVIDIA H100",
        peak_memory_bytes: 66 * GIB,
        peak_memory_step: 640,
        utilization_percent: 57,
        idle_ratio: 0.31,
        energy_wh: 12.8,
      },
    ],
  };
  const done = {
    ...epoch,
    stage: "Epoch 12 of 12",
    state: "completed",
    end: "completed",
    current: 1200,
    eta_seconds: null,
    elapsed_seconds: 147,
    ended_at: now - 20,
    cost,
  };
  const finished = run("5b1e22c0-3", now, curves(1200, 5), done, sparse);
  const trial = (number, steps, more = {}) =>
    run(
      `5b1e22c0-${number}`,
      now,
      {
        val_accuracy: accuracies(steps, number, {
          top: 0.86 + (number % 7) * 0.014,
          half: 6 + (number % 4),
          size: 0.01,
        }),
      },
      {
        name: `trial ${number}`,
        details: `depth ${3 + (number % 9)}, lr ${(0.01 * (1 + (number % 5))).toFixed(2)}`,
        total: 40,
        current: steps,
        elapsed_seconds: 200 - 3 * number,
        place: number % 8,
        ...(steps < 40 && !more.state ? {} : { ended_at: now - 30 + number, state: "completed" }),
        ...more,
      },
    );
  const trials = [
    trial(12, 25),
    trial(13, 8),
    trial(11, 40),
    trial(10, 12, { state: "stopped", end: "stopped", ended_at: now - 21 }),
    trial(9, 40),
    trial(8, 40),
    trial(7, 40),
    trial(6, 40),
    trial(5, 22, { state: "stopped", end: "stopped", ended_at: now - 22 }),
    trial(4, 2, { state: "failed", end: "failed", details: "ValueError", ended_at: now - 23 }),
  ];
  const alert = (kind, more) => ({
    kind,
    metric: null,
    value: null,
    step: null,
    at: now - 250,
    reason: "",
    reason_code: "",
    reason_args: {},
    not_finite_kind: kind === "not_finite" ? "nan" : "",
    ...more,
  });
  const stalledFor = (seconds, step) =>
    alert("stalled", {
      value: 0.12,
      step,
      at: now - seconds,
      reason_code: "run.stalled_iterable",
      reason: `No step for ${seconds} s: the loop waits for its next item; a step usually takes 0.12 s`,
      reason_args: { seconds, usual: 0.12 },
    });
  const notFinite = alert("not_finite", {
    metric: "loss",
    value: 0.4223,
    step: 1204,
    at: now - 12,
    reason_code: "run.not_finite",
    reason: "loss is not finite from step 1204; it was 0.4223 before",
    reason_args: { metric: "loss", step: 1204, value: 0.4223 },
  });
  const broken = losses(1212, 9, { half: 300 }).map((value, i) => (i < 1203 ? value : Number.NaN));
  const two = run(
    "5b1e22c0-4",
    now,
    {
      loss: losses(700, 21, { half: 90, size: 0.1 }),
      val_accuracy: accuracies(58, 22, { half: 6 }),
    },
    { name: "wide", stage: "Fit", total: 1200, current: 700, place: 1, elapsed_seconds: 66 },
    { val_accuracy: 12 },
  );
  const three = run(
    "5b1e22c0-5",
    now,
    {
      loss: losses(380, 31, { half: 180, size: 0.1 }),
      val_accuracy: accuracies(31, 32, { half: 14 }),
    },
    { name: "deep", stage: "Fit", total: 1200, current: 380, place: 2, elapsed_seconds: 64 },
    { val_accuracy: 12 },
  );
  const base3 = run(
    "5b1e22c0-3",
    now,
    { loss: losses(492, 5, { size: 0.1 }), val_accuracy: accuracies(41, 7, { half: 9 }) },
    { ...epoch, name: "baseline", stage: "Fit", elapsed_seconds: 70 },
    { val_accuracy: 12 },
  );
  const spiky = losses(600, 41, { half: 60, size: 0.08 }).map((value, i) =>
    i < 4 ? 900 / (i + 1) : i % 150 === 90 ? value * 40 : value,
  );
  const many = Object.fromEntries(
    Array.from({ length: 14 }, (_, i) => [
      `head_${i}/loss`,
      losses(200, 50 + i, { half: 20 + 4 * i }),
    ]),
  );
  const study = run(
    "5b1e22c0-6",
    now,
    { mean_accuracy: accuracies(3, 3, { top: 0.9, half: 1 }) },
    {
      ...{ stage: "Cross-validation", details: "5 folds in threads", total: 5, current: 3 },
      ...{ place: 4, eta_seconds: 40, elapsed_seconds: 70 },
    },
  );
  const fold = (number, steps, more = {}) =>
    run(
      `5b1e22c0-${6 + number}`,
      now,
      {
        loss: losses(steps, 60 + number, { half: 18 + 5 * (number % 4), size: 0.1 }),
        val_loss: losses(steps, 70 + number, { half: 18 + 5 * (number % 4), floor: 0.38 }),
        accuracy: accuracies(steps, 80 + number, { half: 16 + 4 * number, top: 0.96 }),
      },
      {
        ...{ parent_id: "5b1e22c0-6", stage: `Fold ${number}`, place: null },
        ...{ total: 120, current: steps, elapsed_seconds: 70 - number },
        ...(steps < 120 ? {} : { ended_at: now - 9 + number, state: "completed" }),
        ...more,
      },
    );
  const folds = [
    fold(1, 120),
    fold(2, 120),
    fold(3, 120),
    fold(4, 88, { alert: stalledFor(40, 88) }),
    fold(5, 64),
  ];
  const brokenEnd = run(
    "5b1e22c0-4",
    now,
    { loss: broken },
    {
      ...{ stage: "Fit", total: 1212, current: 1212, elapsed_seconds: 147, cost },
      ...{ state: "completed", end: "completed", ended_at: now - 40, place: 1 },
      alert: notFinite,
    },
  );
  return {
    folds: withRuns(base, [study, ...folds]),
    brokenEnd: withRuns(base, [brokenEnd, previous], { status: "registered" }),
    curves: withRuns(base, [one, previous]),
    trials: withRuns(
      base,
      trials,
      {},
      {
        stage: "Study churn",
        details: "12 of 50 trials, 3 pruned, 1 failed",
        progress: 24,
        current: 12,
        total: 50,
        metrics: {},
      },
    ),
    three: withRuns(base, [base3, two, three]),
    finished: withRuns(base, [finished, previous], { status: "registered" }),
    folded: withRuns(base, [finished, previous], {
      status: "active",
      health: "healthy",
      total_predictions: 1247,
    }),
    stalled: withRuns(base, [
      run(
        "5b1e22c0-3",
        now,
        curves(112, 5),
        {
          ...epoch,
          stage: "Epoch 2 of 12",
          details: "train_loader",
          current: 112,
          rate_per_second: 0,
          eta_seconds: null,
          elapsed_seconds: 300,
          data_wait_ratio: 1,
          alert: stalledFor(250, 112),
        },
        sparse,
      ),
    ]),
    nan: withRuns(base, [
      run(
        "5b1e22c0-3",
        now,
        { loss: broken, grad_norm: broken.map((value) => value * 2) },
        {
          stage: "Step",
          total: 5000,
          current: 1212,
          rate_per_second: 9.1,
          eta_seconds: 416,
          alert: notFinite,
        },
      ),
    ]),
    first: withRuns(base, [
      run(
        "5b1e22c0-1",
        now,
        { loss: [2.31] },
        { stage: "Fit", total: 1200, current: 1, elapsed_seconds: 1 },
      ),
    ]),
    started: withRuns(base, [
      run("5b1e22c0-1", now, {}, { stage: "Fit", total: 1200, current: 0, elapsed_seconds: 1 }),
    ]),
    spikes: withRuns(base, [
      run("5b1e22c0-1", now, { loss: spiky }, { stage: "Fit", total: 600, current: 600 }),
    ]),
    metrics: withRuns(base, [
      run(
        "5b1e22c0-1",
        now,
        { ...many, ...curves(200, 3) },
        { stage: "Fit", total: 600, current: 200 },
        sparse,
      ),
    ]),
  };
}
