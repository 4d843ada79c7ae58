import { describe, expect, test } from "vitest";
import { Curve } from "../state/curve";
import {
  figure,
  fittingStep,
  logTexts,
  logTicks,
  MAX_TICKS,
  roundRange,
  stepTick,
  tickStep,
  ticksOf,
  tickTexts,
  timeStep,
  timeTick,
  wholeStep,
  xEnd,
} from "./axes";
import { difference, Line, visitColumns } from "./line";
import { areApart, chartOf, mainCharts, orderCharts } from "./names";
import { valueRange } from "./outliers";
import { cleanValues, removeSpikes, smooth as smoothPiece, zigzags } from "./smoothing";

const STEP = { axis: "step", scale: 1, offset: 0 } as const;
/** Returns reproducible numbers in [0, 1). */
function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}
function curveOf(values: readonly (number | null)[], steps = values.map((_, i) => i + 1)): Curve {
  const curve = new Curve();
  steps.forEach((step, i) => {
    const mean = values[i] ?? null;
    const rest = { first_step: [], low: [], high: [], count: [] };
    const not_finite = [mean === null ? 1 : 0];
    curve.add({
      run_id: "a",
      metric: "loss",
      start: i,
      step: [step],
      seconds: [step / 2],
      mean: [mean],
      not_finite,
      not_finite_kind: [],
      ...rest,
    });
  });
  return curve;
}

test("a line without outliers has its whole range, however many of its values may be left out", () => {
  const next = noise(3);
  const values = Array.from({ length: 500 }, (_, i) => 1 + 2 ** (-i / 100) + 0.3 * next());
  const range = valueRange([{ low: values, high: values, best: null }]);
  expect(range).toEqual([Math.min(...values), Math.max(...values)]);
});

describe("finer buckets of a curve", () => {
  const values = Array.from({ length: 40 }, (_, i) => 1 / (i + 1));
  const chunkOf = (from: number, to: number, size: number) => {
    const columns: Record<"step" | "first_step" | "seconds" | "mean" | "count", number[]> = {
      ...{ step: [], first_step: [], seconds: [], mean: [], count: [] },
    };
    for (let i = from; i < to; i += size) {
      const some = values.slice(i, i + size);
      columns.step.push(i + some.length);
      columns.first_step.push(i + 1);
      columns.seconds.push(i / 2);
      columns.mean.push(some.reduce((a, b) => a + b) / some.length);
      columns.count.push(some.length);
    }
    const none = { low: [], high: [], not_finite: [], not_finite_kind: [] };
    const rest = { run_id: "a", metric: "loss", start: 0, ...none };
    return { ...columns, ...rest };
  };
  const coarse = (): Curve => {
    const curve = new Curve();
    curve.add(chunkOf(0, 40, 8));
    return curve;
  };

  test("take the place of those that begin and end with them", () => {
    const curve = coarse();
    curve.refine(chunkOf(8, 24, 2));
    expect(curve.step).toEqual([8, 10, 12, 14, 16, 18, 20, 22, 24, 32, 40]);
    expect(curve.total).toBe(40);
    // What follows goes on as before.
    curve.add({ ...chunkOf(0, 1, 1), start: 40, step: [41], first_step: [41] });
    expect(curve.step.slice(-3)).toEqual([32, 40, 41]);
  });

  test("at the ends, what fits no bucket of the page is left out", () => {
    const curve = coarse();
    curve.refine(chunkOf(6, 28, 2));
    expect(curve.step).toEqual([8, 10, 12, 14, 16, 18, 20, 22, 24, 32, 40]);
    const before = [...curve.step];
    curve.refine(chunkOf(8, 24, 8));
    curve.refine(chunkOf(26, 30, 1));
    expect(curve.step).toEqual(before);
  });

  test("are refused where the step goes back", () => {
    const curve = coarse();
    const again = chunkOf(0, 16, 8);
    curve.add({ ...again, start: 40, run_id: "a" });
    const before = [...curve.step];
    curve.refine(chunkOf(0, 40, 4));
    expect(curve.step).toEqual(before);
  });

  test("a curve that begins anew has nothing of what was refined", () => {
    const curve = coarse();
    curve.refine(chunkOf(8, 24, 1));
    curve.add(chunkOf(0, 40, 8));
    expect(curve.step).toEqual([8, 16, 24, 32, 40]);
  });
});

describe("parts of a chart", () => {
  const sums = [900, 700, 650, 640, 620];
  const means = [9, 7, 6.5, 6.4, 6.2];

  test("a sum beside a mean is too far from it to share an axis", () => {
    expect(areApart(sums, means)).toBe(true);
    expect(areApart(means, sums)).toBe(true);
    // Of a log-likelihood the size counts.
    expect(
      areApart(
        sums.map((value) => -value),
        means,
      ),
    ).toBe(true);
  });

  test("what is near, overlaps, or has few values shares one", () => {
    expect(areApart(means, [90, 70, 65, 64])).toBe(false);
    expect(areApart([1000, 1000, 900, 1, 1, 1], [1, 1, 1, 1])).toBe(false);
    expect(areApart(sums, means.slice(0, 3))).toBe(false);
    expect(areApart(sums, [null, 9, null, 7, 6])).toBe(false);
  });
});

describe("names", () => {
  test.each([
    ["train/loss", "loss", "train"],
    ["val_loss", "loss", "val"],
    ["Loss/test", "loss", "val"],
    ["eval-loss", "loss", "val"],
    ["trainLoss", "loss", "train"],
    ["train_loss_epoch", "loss", "train"],
    ["training's l2", "l2", "train"],
    ["valid_0's l2", "l2", "val"],
    ["validation_0-logloss", "logloss", "val"],
    ["loss", "loss", null],
    ["val_top_5_accuracy", "top_5_accuracy", "val"],
    ["lr-Adam", "lr_adam", null],
    ["test", "test", null],
    ["損失", "損失", null],
  ])("%s is the %s of %s", (metric, chart, part) => {
    expect(chartOf(metric)).toEqual({ chart, part });
  });

  test.each(["epoch", "step", "global_step", "globalStep", "train/epoch", "trainer/global_step"])(
    "%s is an x axis and has no chart",
    (metric) => {
      // What frameworks write besides is a curve of its own.
      expect(chartOf(metric)).toEqual(
        metric.startsWith("trainer") ? { chart: "trainer_global", part: null } : null,
      );
    },
  );

  const chart = (name: string, goal: "min" | "max" | null = null, validated = false) => ({
    name,
    goal,
    validated,
  });

  test("a loss comes first, then what rises, with a validation before one without", () => {
    const charts = [
      chart("lr"),
      chart("f1", "max"),
      chart("aux_loss", "min"),
      chart("accuracy", "max", true),
      chart("loss", "min", true),
    ];
    const order = orderCharts([], charts);
    expect(order).toEqual(["loss", "accuracy", "lr", "f1", "aux_loss"]);
    expect(mainCharts(order)).toBe(2);
  });

  test("a chart never moves once drawn, and only an empty second place is filled", () => {
    expect(orderCharts(["f1"], [chart("f1", "max"), chart("loss", "min")])).toEqual(["f1", "loss"]);
    const drawn = ["f1", "lr", "loss"];
    expect(
      orderCharts(
        drawn,
        [...drawn, "accuracy"].map((name) => chart(name)),
      ),
    ).toEqual(["f1", "lr", "loss", "accuracy"]);
  });

  test("what only describes the run takes none of the two places", () => {
    const order = orderCharts([], [chart("lr"), chart("grad_norm"), chart("loss", "min")]);
    expect(order).toEqual(["loss", "lr", "grad_norm"]);
    expect(mainCharts(order)).toBe(1);
    expect(mainCharts(orderCharts([], [chart("lr")]))).toBe(1);
  });
});

describe("smoothing", () => {
  const random = noise(7);
  const noisy = Array.from({ length: 400 }, (_, i) => 2 * 2 ** (-i / 80) + 0.2 * (random() - 0.5));
  const x = noisy.map((_, i) => i);
  const smooth = (
    at: number[],
    values: number[],
    weights: number[],
    half: number,
  ): Float64Array => {
    const clean: (number | null)[] = [];
    removeSpikes(values, clean);
    return smoothPiece(at, clean, weights, half);
  };
  const ones = noisy.map(() => 1);

  test("only what zigzags is smoothed: noise, and neither a schedule nor a few values", () => {
    expect(zigzags(noisy)).toBe(true);
    expect(zigzags(noisy.slice(0, 59))).toBe(false);
    expect(zigzags(x)).toBe(false);
    expect(zigzags(x.map((i) => Math.floor(i / 10)))).toBe(false);
  });

  test("has no lag at the beginning, and less noise", () => {
    const line = smooth(x, noisy, ones, 4);
    const rest = noisy.map((_, i) => (line[i] ?? 0) - 2 * 2 ** (-i / 80));
    expect(Math.abs(rest[0] ?? 1)).toBeLessThan(0.1);
    const size = (values: number[]): number => Math.hypot(...values) / Math.sqrt(values.length);
    expect(size(rest)).toBeLessThan(0.5 * size(noisy.map((v, i) => v - 2 * 2 ** (-i / 80))));
  });

  test("a spike leaves no trace, and no tail", () => {
    const spiked = noisy.map((value, i) => (i === 200 ? 40 * value : value));
    const [with_, without] = [smooth(x, spiked, ones, 4), smooth(x, noisy, ones, 4)];
    for (const i of [195, 199, 200, 201, 210]) {
      expect(with_[i]).toBeCloseTo(without[i] ?? 0, 1);
    }
    const curve = curveOf([1, 1, 9, null, 1, 1]);
    expect(cleanValues(curve)).toEqual([1, 1, 1, null, 1, 1]);
  });

  test("what was computed before is the same as what is computed at once", () => {
    const grown = curveOf(noisy.slice(0, 100));
    cleanValues(grown);
    for (let i = 100; i < 200; i += 1) {
      const [step, mean] = [[i + 1], [noisy[i] ?? 0]];
      const rest = {
        first_step: [],
        low: [],
        high: [],
        count: [],
        not_finite: [],
        not_finite_kind: [],
      };
      grown.add({ run_id: "a", metric: "loss", start: i, step, seconds: [i], mean, ...rest });
      cleanValues(grown);
    }
    expect(cleanValues(grown)).toEqual(cleanValues(curveOf(noisy.slice(0, 200))));
  });

  test("a constant stays itself", () => {
    expect([...smooth([1, 2, 9], [0.3, 0.3, 0.3], [1, 5, 1], 0.1)]).toEqual([0.3, 0.3, 0.3]);
  });

  test("a value h steps away counts half", () => {
    const [first] = smooth([0, 4], [0, 3], [1, 1], 4);
    expect(first).toBeCloseTo(1);
  });
});

describe("axes", () => {
  test("a constant that was rounded on its way is a constant", () => {
    const [low, high] = roundRange([8.177868, 8.17787]);
    expect([low, high].map((one) => Math.round(100 * one) / 100)).toEqual([7.77, 8.59]);
    expect(roundRange([0, 0])).toEqual([0, 1]);
  });

  test.each([
    [10, null, true, 15],
    [492, 1200, true, 1200],
    [112, 1200, true, 150],
    [280, 1200, true, 500],
    [119, 300, false, 300],
    [60, 300, false, 60],
    [1312, null, false, 1312],
    [0, null, true, 1],
    [1, 3, true, 3],
    [260, 300, true, 300],
    [310, 300, true, 500],
  ])("x of step %d of %s ends at %d", (newest, total, open, end) => {
    expect(xEnd(newest, total, open)).toBe(end);
  });

  test("ticks are round, alike, and as exact as their distance", () => {
    const range = roundRange([0.53, 2.11]);
    expect(range).toEqual([0, 2.5]);
    const step = tickStep(range, MAX_TICKS);
    expect(tickTexts(ticksOf(range, step), step)).toEqual([
      "0.0",
      "0.5",
      "1.0",
      "1.5",
      "2.0",
      "2.5",
    ]);
    expect(tickTexts([0.25, 0.5], 0.25)).toEqual(["0.25", "0.50"]);
    expect(tickTexts([-0.2, 0, 0.2], 0.2)).toEqual(["-0.2", "0.0", "0.2"]);
    expect(tickTexts([0.0001, 0.0002], 0.0001)).toEqual(["1e-4", "2e-4"]);
    expect(tickTexts([1_000_000, 2_000_000], 1e6)).toEqual(["1e6", "2e6"]);
    expect(new Set(tickTexts([5.551, 5.552, 5.553], 0.001)).size).toBe(3);
  });

  test.each([
    [1200, 300],
    [600, 150],
    [150, 30],
    [492, 100],
    [7, 2],
  ])("the ticks of an axis of steps that ends at %d are %d apart", (end, step) => {
    expect(wholeStep([0, end], 6)).toBe(step);
  });

  test("0 is included only where the lowest value is near it, and a share never passes 1", () => {
    expect(roundRange([0.1, 2])[0]).toBe(0);
    expect(roundRange([1.2, 2])[0]).toBeGreaterThan(0);
    expect(roundRange([0.5, 0.995])[1]).toBe(1);
    expect(roundRange([-3, 2])[0]).toBeLessThan(-3);
    expect(roundRange([2, 2])).toEqual([1.9, 2.1]);
    expect(roundRange([0, 0])).toEqual([0, 1]);
    expect(fittingStep([0.75, 2.25])).toBe(0.25);
  });

  test("steps, times and logarithms", () => {
    expect([300, 1200, 100_000, 2_500_000, 1.5].map(stepTick)).toEqual([
      "300",
      "1,200",
      "100 k",
      "2,500 k",
      "1.5",
    ]);
    expect([30, 120, 5400].map(timeTick)).toEqual(["30s", "2m", "1h 30m"]);
    expect(timeStep([0, 130], 5)).toBe(30);
    expect(logTexts(logTicks([-2, 0]))).toEqual(["0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1"]);
    expect(logTexts(logTicks([-2.3, 2.1]))).toEqual(["0.01", "0.1", "1", "10", "100"]);
  });

  test("numbers have the digits of their axis, zeros included", () => {
    expect(figure(0.43, 0.9)).toBe("0.4300");
    expect(figure(0.4318, 2)).toBe("0.432");
    expect(figure(12.5, 40)).toBe("12.50");
    expect(figure(1234.5, 2000)).toBe("1235");
    expect(figure(0.0003, 0.0005)).toBe("3.000e-4");
    expect(figure(0, 0)).toBe("0.000");
    expect(figure(null, 1)).toBe("–");
  });
});

describe("the range of values", () => {
  const line = (values: number[], best: number | null = null) => ({
    low: values,
    high: values,
    best,
  });
  const flat = Array.from({ length: 300 }, (_, i) => 1 + 0.5 * Math.sin(i));

  test("huge first losses and a few spikes are left out", () => {
    const values = flat.map((value, i) => (i < 4 ? 900 / (i + 1) : i % 75 === 40 ? 40 : value));
    const [low, high] = valueRange([line(values)]) ?? [0, 0];
    expect(low).toBeGreaterThan(0.4);
    expect(high).toBeLessThan(2);
  });

  test("a dip of an accuracy is left out", () => {
    const values = flat.map((_, i) => (i === 200 ? 0.1 : 0.9 + 0.0001 * i));
    expect(valueRange([line(values)])?.[0]).toBeGreaterThan(0.8);
  });

  test.each([
    ["an ordinary loss", flat.map((_, i) => 2.3 * 2 ** (-i / 30))],
    ["a rising accuracy", flat.map((_, i) => 1 - 0.9 * 2 ** (-i / 40))],
    ["a learning-rate step", flat.map((_, i) => (i < 150 ? 1 : 0.1))],
    ["a divergence", flat.map((_, i) => 1.05 ** Math.max(0, i - 200))],
    ["too few values", [100, 1, 1.1, 1.05, 1]],
  ])("of %s nothing is left out", (_, values) => {
    expect(valueRange([line(values)])).toEqual([Math.min(...values), Math.max(...values)]);
  });

  test("the newest and the best are always seen", () => {
    const newest = flat.map((value, i) => (i === 299 ? 90 : value));
    expect(valueRange([line(newest)])?.[1]).toBe(90);
    const best = flat.map((value, i) => (i === 100 ? -90 : value));
    expect(valueRange([line(best, -90)])?.[0]).toBe(-90);
    expect(valueRange([line(best)])?.[0]).toBeGreaterThan(0);
  });

  test("without a value there is none", () => {
    expect(valueRange([])).toBeNull();
    expect(valueRange([{ low: [null], high: [null], best: null }])).toBeNull();
  });
});

describe("a line", () => {
  test("breaks at what is not finite and where the step goes back; what was undone ends there", () => {
    const { pieces } = new Line(curveOf([3, 2, null, 1, 5, 4], [1, 2, 3, 4, 2, 3]), STEP);
    expect(pieces).toEqual([
      { from: 0, to: 2, undone: 2 },
      { from: 3, to: 4, undone: 2 },
      { from: 4, to: 6, undone: Number.POSITIVE_INFINITY },
    ]);
  });

  test("stands at the middle of its buckets, and at its first and last value", () => {
    const curve = new Curve();
    const [step, first_step] = [
      [10, 20, 30],
      [1, 11, 21],
    ];
    const rest = {
      low: [],
      high: [],
      not_finite: [],
      not_finite_kind: [],
      seconds: [1, 2, 3],
      mean: [3, 2, 1],
    };
    curve.add({
      run_id: "a",
      metric: "loss",
      start: 0,
      step,
      first_step,
      count: [9, 9, 9],
      ...rest,
    });
    expect(new Line(curve, STEP).x).toEqual([1, 15.5, 30]);
    expect(new Line(curve, { ...STEP, axis: "time" }).x).toEqual([1, 1.5, 3]);
  });

  test("by time nothing goes back", () => {
    const line = new Line(curveOf([3, 2, 1], [1, 2, 1]), { axis: "time", scale: 1, offset: 10 });
    expect(line.pieces).toHaveLength(1);
    expect(line.x).toEqual([10.5, 11, 10.5]);
  });

  test("is compared at the same step, between values by interpolation", () => {
    const line = new Line(curveOf([4, 2, 1], [10, 20, 30]), STEP);
    expect(line.at(10)).toBe(4);
    expect(line.at(15)).toBe(3);
    expect(line.at(31)).toBeNull();
    expect(line.at(5)).toBeNull();
    expect(line.nearest(24)).toBe(1);
    expect(difference(0.88, 1)).toBeCloseTo(-12);
    expect(difference(-1, 1)).toBeNull();
  });

  test("has at most two points in a pixel column, and every spike", () => {
    const values = Array.from({ length: 10_000 }, (_, i) => (i % 1000 === 500 ? 40 : i % 3));
    const points: [number, number][] = [];
    const value = (i: number): number => values[i] ?? 0;
    visitColumns(
      0,
      values.length,
      (i) => i / 50,
      value,
      value,
      (x, y) => points.push([x, y]),
    );
    expect(points.length).toBeLessThanOrEqual(2 * 200);
    expect(points.filter(([, y]) => y === 40)).toHaveLength(10);
    expect(points.every(([x], i) => i === 0 || x >= (points[i - 1]?.[0] ?? 0))).toBe(true);
  });
});

describe("buckets", () => {
  test("what follows is added, what is repeated replaces, and what was lost is a gap", () => {
    const curve = new Curve();
    const chunk = {
      run_id: "a",
      metric: "loss",
      first_step: [1],
      seconds: [2],
      low: [1],
      high: [9],
      count: [4],
      not_finite: [],
      not_finite_kind: [],
    };
    curve.add({ ...chunk, start: 0, step: [4], mean: [3] });
    curve.add({ ...chunk, start: 4, first_step: [5], step: [8], mean: [2] });
    expect(curve.mean).toEqual([3, 2]);
    expect(curve.total).toBe(8);
    curve.add({ ...chunk, start: 4, first_step: [5], step: [9], mean: [1] });
    expect(curve.step).toEqual([4, 9]);
    curve.add({ ...chunk, start: 20, first_step: [21], step: [24], mean: [0.5] });
    expect(curve.mean).toEqual([3, 1, null, 0.5]);
    expect(curve.count).toEqual([4, 4, 0, 4]);
    curve.add({ ...chunk, start: 0, step: [4], mean: [7] });
    expect(curve.mean).toEqual([7]);
  });

  test("are merged in pairs, so that a page stays small and keeps every extreme", () => {
    const values = Array.from({ length: 5_000 }, (_, i) => (i === 1234 ? 99 : i % 7));
    const curve = curveOf(values);
    expect(curve.length).toBeLessThanOrEqual(4_096);
    expect(curve.total).toBe(5_000);
    expect(Math.max(...curve.high.map((value) => value ?? 0))).toBe(99);
    expect(curve.first[0]).toBe(1);
    expect(curve.step.at(-1)).toBe(5_000);
    const sum = curve.mean.reduce<number>(
      (all, mean, i) => all + (mean ?? 0) * (curve.count[i] ?? 0),
      0,
    );
    expect(sum).toBeCloseTo(values.reduce((a, b) => a + b));
  });
});
