// Curves, rows, summary and trouble of training runs in the panel.
import { act } from "preact/test-utils";
import { describe, expect, test } from "vitest";
import { losses, run, runStates, withRuns } from "../../gallery/runs.js";
import type { CurveChunk, RunInfo } from "../schema/contract.gen";
import { type Traits, traitsOf } from "../testing/fixtures";
import { type ShownPanel, show, view } from "../testing/panel";

const base = traitsOf("training");
const states = runStates(base) as Record<string, Traits>;
const AT = base.at as number;
const runsOf = (name: string): RunInfo[] => (states[name]?.runs ?? []) as RunInfo[];

const open = (name: string): ShownPanel => show("training", states[name]);
const all = (root: Element, selector: string): HTMLElement[] => [
  ...root.querySelectorAll<HTMLElement>(selector),
];
const texts = (root: Element, selector: string): string[] =>
  all(root, selector).map((one) => one.textContent?.replace(/\s+/g, " ").trim() ?? "");
const plot = (root: Element, metric: string): HTMLElement => {
  const found = root.querySelector<HTMLElement>(`.v-plot[data-curve="${metric}"]`);
  if (found === null) throw new Error(`no chart of ${metric}`);
  return found;
};
const legend = (root: Element, metric: string): string[] =>
  texts(plot(root, metric).closest(".v-curve") as Element, ".v-legend");
const note = (root: Element, metric: string): string | undefined =>
  texts(plot(root, metric).closest(".v-curve") as Element, ".v-note")[0];
const press = (root: Element, text: string): void => {
  const button = all(root, "button, label").find((one) => one.textContent?.trim() === text);
  if (!button) throw new Error(`no button ${text}`);
  act(() => button.click());
};
/** Presses a key; `+` before its name adds Shift. */
const key = (element: Element, name: string): KeyboardEvent => {
  const options = { key: name.replace(/^[+]/, ""), shiftKey: name.startsWith("+") };
  const event = new KeyboardEvent("keydown", { ...options, bubbles: true, cancelable: true });
  act(() => {
    element.dispatchEvent(event);
  });
  return event;
};

/** Waits until what was asked for has been answered and shown. */
const settled = (): Promise<void> =>
  act(async () => {
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  });

describe("curves of one run", () => {
  test("two charts first, train and validation in one, the others one click away", () => {
    const { root } = open("curves");
    expect(texts(root, "figcaption > b")).toEqual(["loss", "accuracy"]);
    expect(texts(root, ".v-tools p")).toEqual(["Curves 5 metrics"]);
    expect(legend(root, "loss").map((text) => text.replace(/ [\d.]+$/, ""))).toEqual([
      "train",
      "val",
      "run 2",
    ]);
    expect(all(root, '.v-legend[data-curve="val_loss"]')).toHaveLength(1);
    press(root, "2 more");
    expect(texts(root, "figcaption > b")).toEqual(["loss", "accuracy", "lr", "grad_norm"]);
    press(root, "fewer");
    expect(texts(root, "figcaption > b")).toHaveLength(2);
  });

  test("the best value is named, and compared with the run before at the same step", () => {
    const { root } = open("curves");
    expect(note(root, "loss")).toMatch(/^best 0\.\d{3} at step 492 · \d+ % below run 2 here$/);
    expect(note(root, "val_accuracy")).toMatch(/^best 0\.\d{3} at step \d+ · \d+ % above run 2/);
  });

  test("while nothing was predicted, the curves have the room of the tiles", () => {
    expect(open("curves").root.querySelector<HTMLElement>(".v-tiles")?.hidden).toBe(true);
    expect(
      show("training", { runs: [], curves: [] }).root.querySelector<HTMLElement>(".v-tiles")
        ?.hidden,
    ).toBe(false);
  });

  test("the first value has a chart and a number at once; a run without values has none", () => {
    const { root } = open("first");
    expect(texts(root, "figcaption > b")).toEqual(["loss"]);
    expect(legend(root, "loss")[0]).toBe("2.310");
    expect(open("started").root.querySelector(".v-curves")).toBeNull();
  });

  test("what follows moves the numbers; a metric that comes later gets a chart", () => {
    const { root, receive } = open("curves");
    const [info] = runsOf("curves");
    const chunk = (metric: string, start: number, step: number, value: number): CurveChunk => ({
      ...{ run_id: info?.run_id ?? "", metric, start, step: [step], seconds: [61], mean: [value] },
      ...{ first_step: [], low: [], high: [], count: [], not_finite: [], not_finite_kind: [] },
    });
    receive({
      at: AT + 1,
      runs: [{ run_id: info?.run_id, metrics: { ...info?.metrics, loss: 0.125, f1: 0.5 } }],
      curves: [chunk("loss", 492, 493, 0.125), chunk("f1", 0, 493, 0.4), chunk("f1", 1, 494, 0.5)],
    });
    expect(legend(root, "loss")[0]).toBe("train 0.125");
    expect(texts(root, ".v-tools button").at(-1)).toBe("3 more");
    expect(texts(root, "figcaption > b")).toEqual(["loss", "accuracy"]);
  });

  test("a value that is given once stays a number", () => {
    const runs = [run("a-1", AT, { loss: losses(50, 1), test_score: [0.93] }, { current: 50 })];
    const { root } = show("training", withRuns(base, runs));
    expect(texts(root, "figcaption > b")).toEqual(["loss"]);
    expect(texts(root, ".v-curves .v-detail-row")).toEqual(["test_score 0.93"]);
  });

  test("what flattens the others is left out, which is said and can be undone", () => {
    const { root } = open("spikes");
    expect(note(root, "loss")).toBe("8 above, up to 900.0");
    press(root, "8 above, up to 900.0");
    expect(note(root, "loss")).toBe("leave outliers out");
  });

  test("a validation that is 20 times as large as the training has a chart of its own", () => {
    const sums = losses(50, 2).map((value: number) => 100 * value);
    const curves = { loss: losses(50, 1), val_loss: sums, accuracy: losses(50, 3, { start: 0.1 }) };
    const { root } = show("training", withRuns(base, [run("a-1", AT, curves, { current: 50 })]));
    expect(texts(root, "figcaption > b")).toEqual(["loss", "accuracy"]);
    press(root, "1 more");
    expect(texts(root, "figcaption > b")).toEqual(["loss", "accuracy", "val_loss"]);
    expect(legend(root, "loss")).toHaveLength(1);
  });

  test("a logarithmic axis says how many values have no place on it", () => {
    const values = losses(100, 1).map((value: number, i: number) =>
      i === 40 ? 0 : i === 41 ? -1 : value,
    );
    const { root } = show("training", withRuns(base, [run("a-1", AT, { loss: values })]));
    expect(note(root, "loss")).not.toContain("not drawn");
    press(root, "log");
    expect(note(root, "loss")).toContain("log: 2 values of 0 or less are not drawn");
  });

  test("of merged values a logarithmic axis knows only that some are 0 or less", () => {
    const shown = run("a-1", AT, { loss: losses(100, 1) });
    const { mean = [] } = shown.chunks[0] ?? {};
    const low = mean.map((value: number | null, i: number) => (i === 40 ? 0 : value));
    Object.assign(shown.chunks[0] ?? {}, { low, high: mean, count: mean.map(() => 8) });
    const { root } = show("training", withRuns(base, [shown]));
    press(root, "log");
    expect(note(root, "loss")).toContain("log: at least 1 value of 0 or less is not drawn");
  });

  test("a logarithmic axis is refused for shares, and says so", () => {
    const { root } = open("curves");
    press(root, "log");
    expect(note(root, "val_accuracy")).toContain("linear: a share");
    expect(note(root, "loss")).not.toContain("linear");
  });
});

describe("reading a chart", () => {
  test("each chart is a slider with a sentence, and its keys move the cursor of all charts", () => {
    const { root } = open("curves");
    const loss = plot(root, "loss");
    expect(loss.getAttribute("role")).toBe("slider");
    expect(loss.tabIndex).toBe(0);
    expect(loss.getAttribute("aria-label")).toMatch(
      /^loss, train, val; step 492 of 1,200; best 0\.\d{3} at step 492$/,
    );
    const before = legend(root, "loss");
    const home = key(loss, "Home");
    expect(home.defaultPrevented).toBe(true);
    expect(texts(root, ".v-at")).toEqual(["step 1", "step 1"]);
    expect(legend(root, "loss")).not.toEqual(before);
    key(loss, "ArrowRight");
    expect(texts(root, ".v-at")).toEqual(["step 2", "step 2"]);
    key(loss, "PageUp");
    expect(texts(root, ".v-at")).toEqual(["step 122", "step 122"]);
    expect(loss.getAttribute("aria-valuetext")).toMatch(/^step 122: train 1\.\d{3}, val 1\.\d{3}/);
    key(loss, "End");
    expect(texts(root, ".v-at")[0]).toBe("step 492");
    key(loss, "Escape");
    expect(texts(root, ".v-at")).toEqual([]);
    expect(legend(root, "loss")).toEqual(before);
  });

  test("Shift selects a range by keys, Enter zooms all charts to it, Escape goes back", () => {
    const { root } = open("curves");
    const loss = plot(root, "loss");
    const ends = (): (string | null)[] =>
      all(root, ".v-plot").flatMap((one) => [
        one.getAttribute("aria-valuemin"),
        one.getAttribute("aria-valuemax"),
      ]);
    expect(ends()).toEqual(["0", "1200", "0", "1200"]);
    key(loss, "Home");
    key(loss, "PageUp");
    for (const name of ["+ArrowRight", "+PageUp"]) key(loss, name);
    // Escape ends the selection; without one, Enter is left to the notebook.
    key(loss, "Escape");
    expect(key(loss, "Enter").defaultPrevented).toBe(false);
    key(loss, "Home");
    key(loss, "PageUp");
    for (const name of ["+ArrowRight", "+PageUp"]) key(loss, name);
    expect(key(loss, "Enter").defaultPrevented).toBe(true);
    expect(ends()).toEqual(["121", "242", "121", "242"]);
    expect(texts(root, ".v-zoom")).toEqual(["step 121–242 ✕"]);
    key(loss, "End");
    expect(texts(root, ".v-at")[0]).toBe("step 242");
    key(loss, "Escape");
    expect(ends()).toEqual(["0", "1200", "0", "1200"]);
    expect(all(root, ".v-zoom")).toHaveLength(0);
  });

  /** Merges the values of a curve, ten in a bucket, as a page has them that was opened late. */
  const merged = (chunk: CurveChunk): CurveChunk => {
    const starts = chunk.mean.map((_, i) => i).filter((i) => i % 10 === 0);
    const of = (column: readonly (number | null)[], pick: (values: number[]) => number) =>
      starts.map((i) => pick(column.slice(i, i + 10).map((value) => value ?? 0)));
    const last = (values: number[]): number => values.at(-1) ?? 0;
    return {
      ...chunk,
      step: of(chunk.step, last),
      seconds: of(chunk.seconds, last),
      mean: of(chunk.mean, (values) => values.reduce((a, b) => a + b) / values.length),
      low: of(chunk.mean, (values) => Math.min(...values)),
      high: of(chunk.mean, (values) => Math.max(...values)),
      first_step: of(chunk.step, ([first = 0]) => first),
      count: starts.map((i) => Math.min(10, chunk.mean.length - i)),
      not_finite: [],
    };
  };
  const whole = run("a-1", AT, { loss: losses(100, 1) }, { total: 100, current: 100 });
  const [fine] = whole.chunks as CurveChunk[];
  const late = (): ShownPanel => {
    const traits = withRuns(base, [whole]);
    return show("training", { ...traits, curves: [merged(fine as CurveChunk)] });
  };
  const zoom = (root: HTMLElement): void => {
    for (const name of ["Home", "PageUp", "PageUp", "+PageUp", "Enter"]) {
      key(plot(root, "loss"), name);
    }
  };

  test("a zoom asks the kernel for the values that the page lacks", async () => {
    const { root, store } = late();
    const asked: unknown[] = [];
    store.runs.loadRange = (...range) => {
      asked.push(range);
      const inside = (step: number): boolean =>
        step >= Number(range[2]) && step <= Number(range[3]);
      const { step = [], mean = [], seconds = [], ...rest } = fine ?? {};
      const of = <T,>(column: readonly T[]): T[] => column.filter((_, i) => inside(step[i] ?? 0));
      return Promise.resolve([
        { ...rest, step: of(step), mean: of(mean), seconds: of(seconds), not_finite: [] },
      ]);
    };
    zoom(root);
    expect(texts(root, ".v-zoom small")).toEqual(["loading…"]);
    await settled();
    expect(asked).toHaveLength(1);
    const [run_id, metric, first, last] = asked[0] as [string, string, number, number];
    expect([run_id, metric]).toEqual(["a-1", "loss"]);
    expect(all(root, ".v-zoom small")).toHaveLength(0);
    // Each value of the range, and outside of it what was there.
    const curve = store.runs.curves("a-1").get("loss");
    const begin = curve?.step.indexOf(first) ?? -1;
    expect(curve?.step.slice(begin, begin + 3)).toEqual([first, first + 1, first + 2]);
    expect(curve?.step.indexOf(last)).toBe(begin + last - first);
    expect(curve?.step[0]).toBe(10);
    expect(curve?.count.reduce((a, b) => a + b)).toBe(100);
    // Nothing is missing any more.
    key(plot(root, "loss"), "Escape");
    zoom(root);
    expect(asked).toHaveLength(1);
  });

  test("a page that cannot ask zooms on what it has, and says so", async () => {
    const { root, store } = late();
    zoom(root);
    expect(texts(root, ".v-zoom small")).toEqual(["as detailed as this page has it"]);
    press(root, texts(root, ".v-zoom button")[0] ?? "");
    expect(all(root, ".v-zoom")).toHaveLength(0);
    store.runs.loadRange = () => Promise.reject(new Error("no answer in time"));
    zoom(root);
    await settled();
    expect(texts(root, ".v-zoom small")).toEqual(["as detailed as this page has it"]);
  });

  test("charts can be pinned: they come first in this view, in the order of the pins", () => {
    const { root, store, receive } = open("curves");
    const pin = (title: string): HTMLElement | undefined =>
      all(root, ".v-pin").find((one) => one.title === `Show ${title} first`);
    press(root, "2 more");
    act(() => pin("grad_norm")?.click());
    expect(pin("grad_norm")?.getAttribute("aria-pressed")).toBe("true");
    press(root, "fewer");
    expect(texts(root, "figcaption > b")).toEqual(["grad_norm", "loss"]);
    act(() => pin("loss")?.click());
    receive({ at: AT + 1 });
    expect(texts(root, "figcaption > b")).toEqual(["grad_norm", "loss"]);
    press(root, "2 more");
    act(() => pin("lr")?.click());
    expect(texts(root, "figcaption > b")).toEqual(["grad_norm", "loss", "lr", "accuracy"]);
    // Another view has its own.
    expect(texts(view(store), "figcaption > b")).toEqual(["loss", "accuracy"]);
    for (const title of ["grad_norm", "loss", "lr"]) act(() => pin(title)?.click());
    expect(texts(root, "figcaption > b")).toEqual(["loss", "accuracy", "lr", "grad_norm"]);
  });

  test("runs are compared by what is to fall or to rise, whatever is pinned", () => {
    const { root } = open("folds");
    press(root, "1 more");
    act(() => all(root, ".v-pin").at(-1)?.click());
    expect(texts(root, "figcaption > b")[0]).toBe("mean_accuracy");
    expect(texts(root, ".v-state")[0]).toBe("best");
    expect(texts(root, ".v-runs .v-columns span").at(-1)).toBe("loss");
  });

  test("letters are left to the notebook", () => {
    expect(key(plot(open("curves").root, "loss"), "b").defaultPrevented).toBe(false);
  });

  test("x is steps or time, which the view remembers and another view does not share", () => {
    const { root, store, receive } = open("curves");
    press(root, "time");
    key(plot(root, "loss"), "End");
    expect(texts(root, ".v-at")[0]).toBe("1m 0s");
    receive({ at: AT + 1 });
    expect(root.querySelector<HTMLInputElement>(".v-axis :checked")?.value).toBe("time");
    const other = view(store);
    expect(other.querySelector<HTMLInputElement>(".v-axis :checked")?.value).toBe("step");
  });

  test("epochs are offered where a loop is inside a loop", () => {
    const outer = run("a-1", AT, { loss: losses(40, 1) }, { total: 4, current: 2, steps: 40 });
    const inner = run(
      "a-2",
      AT,
      {},
      { parent_id: "a-1", total: 20, current: 20, steps: 40, lap: 2 },
    );
    const { root } = show("training", withRuns(base, [outer, inner]));
    expect(texts(root, ".v-axis label")).toEqual(["step", "epoch", "time"]);
    press(root, "epoch");
    key(plot(root, "loss"), "End");
    expect(texts(root, ".v-at")).toEqual(["epoch 2"]);
    expect(all(root, ".v-run-row")).toHaveLength(0);
  });
});

describe("parallel runs", () => {
  test("are rows with their state in words; a click brings one forward, another one back", () => {
    const { root } = open("three");
    const rows = all(root, "[data-run-id]");
    expect(rows.map((row) => row.dataset["runId"])).toEqual([
      "5b1e22c0-3",
      "5b1e22c0-4",
      "5b1e22c0-5",
    ]);
    expect(texts(root, ".v-state")).toEqual(["running", "best", "running"]);
    expect(texts(root, ".v-steps")).toEqual(["492 of 1,200", "700 of 1,200", "380 of 1,200"]);
    const [baseline] = all(root, "button.v-run-row");
    // The newest and the best are in colour, and the other one is behind.
    expect(legend(root, "loss").map((text) => text.split(" ")[0])).toEqual([
      "wide",
      "deep",
      "baseline",
    ]);
    act(() => baseline?.click());
    expect(baseline?.getAttribute("aria-pressed")).toBe("true");
    expect(legend(root, "loss").at(-1)).not.toContain("baseline");
    act(() => baseline?.click());
    expect(baseline?.getAttribute("aria-pressed")).toBe("false");
  });

  test("what was open when the kernel went away is lost, until the kernel is back", () => {
    const { root, store } = open("three");
    act(() => {
      store.connected.value = false;
    });
    expect(texts(root, ".v-state")).toEqual(["lost", "lost", "lost"]);
    act(() => {
      store.connected.value = true;
    });
    expect(texts(root, ".v-state")).toEqual(["running", "best", "running"]);
  });

  test("runs inside one run are rows too, beside the run around them", () => {
    const { root } = open("folds");
    expect(texts(root, ".v-run .v-stage")).toEqual(["Cross-validation"]);
    expect(texts(root, "button.v-run-row .v-name")).toEqual([
      "Fold 1",
      "Fold 2",
      "Fold 3",
      "Fold 4",
      "Fold 5",
    ]);
    expect(texts(root, ".v-state")).toEqual([
      "best",
      "completed",
      "completed",
      "stalled",
      "running",
    ]);
    expect(texts(root, ".v-steps").slice(3)).toEqual(["88 of 120", "64 of 120"]);
    // The best is in front with both of its lines, the newest beside it, and the others behind.
    expect(legend(root, "loss").map((text) => text.replace(/ [\d.]+$/, ""))).toEqual([
      "Fold 1 train",
      "val",
      "Fold 5",
      "3 others",
    ]);
    const [, second] = all(root, "button.v-run-row");
    act(() => second?.click());
    expect(second?.getAttribute("aria-pressed")).toBe("true");
    expect(legend(root, "loss")[0]).toMatch(/^Fold 2 train/);
    act(() => second?.click());
    expect(legend(root, "loss")[0]).toMatch(/^Fold 1 train/);
  });

  test("what the run around them reports has a chart with its own steps and cursor", () => {
    const { root } = open("folds");
    press(root, "1 more");
    expect(texts(root, "figcaption > b")).toEqual(["loss", "accuracy", "mean_accuracy"]);
    const outer = plot(root, "mean_accuracy");
    expect(legend(root, "mean_accuracy")[0]).toMatch(/^Cross-validation 0\.\d+$/);
    expect(outer.getAttribute("aria-label")).toContain("step 3 of 5");
    key(outer, "Home");
    expect(texts(root, ".v-at")).toEqual(["step 1"]);
    key(plot(root, "loss"), "End");
    expect(texts(root, ".v-at")).toEqual(["step 120", "step 120", "step 1"]);
  });

  test("folds one after another are rows, loops that begin again are not", () => {
    const inner = (id: number, more: Partial<RunInfo>): ReturnType<typeof run> =>
      run(`a-${id}`, AT, { loss: losses(30, id) }, { parent_id: "a-1", total: 30, ...more });
    const outer = run("a-1", AT, {}, { total: 3, current: 1 });
    const shown = (runs: ReturnType<typeof run>[]): number => {
      const { root } = show("training", withRuns(base, [outer, ...runs]));
      return all(root, "button.v-run-row").length;
    };
    const [first, second] = [AT - 50, AT - 20];
    const ended = { started_at: first, ended_at: second };
    const numbered = [
      inner(2, { stage: "Fold 1", ...ended }),
      inner(3, { stage: "Fold 2", started_at: second }),
    ];
    expect(shown(numbered)).toBe(2);
    // A loop over the training data and one over the validation data, in turns.
    const turns = [
      inner(2, { stage: "train", lap: 2, started_at: first }),
      inner(3, { stage: "validate", started_at: second, ended_at: AT - 10 }),
    ];
    expect(shown(turns)).toBe(0);
    const phases = [
      inner(2, { stage: "warm up", ...ended }),
      inner(3, { stage: "fit", started_at: second }),
    ];
    expect(shown(phases)).toBe(0);
  });

  test("many rows are folded, and those in colour are always shown", () => {
    const { root } = open("trials");
    expect(all(root, "button.v-run-row")).toHaveLength(8);
    expect(texts(root, ".v-state")).toContain("best");
    press(root, "Show all 10");
    expect(all(root, "button.v-run-row")).toHaveLength(10);
    expect(texts(root, '[data-run-id="5b1e22c0-4"] .v-state')).toEqual(["ValueError"]);
  });

  test("a run that ended before is in a fold of earlier runs", () => {
    const { root } = open("curves");
    expect(texts(root, ".v-runs summary")).toEqual(["Earlier runs 1"]);
    expect(all(root, '.v-runs [data-run-id="5b1e22c0-2"]')).toHaveLength(1);
    expect(root.querySelector(".v-training")?.getAttribute("data-run-id")).toBe("5b1e22c0-3");
  });
});

describe("trouble", () => {
  test("a stalled run has a banner, with the pace and since when", () => {
    const { root } = open("stalled");
    const [banner] = all(root, '[data-alert="stalled"]');
    expect(banner?.textContent).toContain("No step for 250 s");
    expect(banner?.textContent).toMatch(/since \d\d:\d\d$/);
    expect(banner?.dataset["tone"]).toBe("warn");
  });

  test("of two runs with trouble, each has a banner with the name of its run", () => {
    const runs = [runsOf("stalled")[0], runsOf("nan")[0]].map((info, i) => ({
      ...(info as RunInfo),
      ...{ run_id: `b-${i}`, name: ["wide", "deep"][i] },
    }));
    const { root } = show("training", { ...states["three"], runs });
    expect(texts(root, "[data-alert] p").map((text) => text.split(":")[0])).toEqual([
      "wide",
      "deep",
    ]);
    expect(texts(root, ".v-state")).toEqual(["stalled", "not finite"]);
  });

  test("of a run inside another, the banner has the name of the row", () => {
    const { root } = open("folds");
    expect(texts(root, "[data-alert] p")).toEqual([
      "Fold 4: No step for 40 s: the loop waits for its next item; a step usually takes 0.12 s",
    ]);
  });

  test("a banner ends with its run; that a metric was not finite stays in the summary", () => {
    const { root, receive } = open("nan");
    const [info] = runsOf("nan");
    expect(all(root, "[data-alert]")).toHaveLength(1);
    const end = { run_id: info?.run_id, state: "completed", ended_at: AT + 1 };
    const training = { ...(states["nan"]?.training as object), state: "completed" };
    receive({ at: AT + 1, runs: [end], training });
    expect(all(root, "[data-alert]")).toHaveLength(0);
    expect(texts(root, ".v-wrong")).toEqual([
      "loss is not finite from step 1204; it was 0.4223 before",
    ]);
    // A new run is in front: nothing of the earlier one is above it.
    const next = run("5b1e22c0-9", AT + 2, { loss: [2] }, { stage: "Fit", elapsed_seconds: 0 });
    const running = { ...(states["nan"]?.training as object), stage: "Fit" };
    receive({ at: AT + 2, runs: [next.info], curves: next.chunks, training: running });
    expect(all(root, "[data-alert], .v-wrong")).toHaveLength(0);
    expect(texts(root, ".v-runs .v-state")).toEqual(["not finite"]);
  });

  test("a run that ended while it stalled has ended", () => {
    const [info] = runsOf("stalled");
    const runs = [{ ...info, state: "stopped", ended_at: AT }, ...runsOf("three").slice(1)];
    const { root } = show("training", { ...states["three"], runs });
    expect(all(root, "[data-alert]")).toHaveLength(0);
    expect(texts(root, ".v-state")).toContain("stopped");
  });

  test("a metric that is not finite is marked in the chart, with the value before", () => {
    const { root } = open("nan");
    expect(all(root, '[data-alert="not_finite"]')).toHaveLength(1);
    expect(legend(root, "loss")[0]).toMatch(/^NaN 0\.\d{3} before$/);
    expect(note(root, "loss")).toBe("NaN from 1,204");
    expect(plot(root, "loss").getAttribute("aria-label")).toContain("NaN from 1,204");
  });

  test("infinity and NaN are distinguished; an older kernel does not report which", () => {
    const values = [...losses(40, 1), Number.POSITIVE_INFINITY];
    const infinite = run("a-1", AT, { loss: values });
    const [chunk] = infinite.chunks as CurveChunk[];
    const shown = (kind: string): string | undefined => {
      const not_finite_kind = chunk?.not_finite_kind.map((one) => one && kind);
      const { root } = show("training", {
        ...withRuns(base, [infinite]),
        curves: [{ ...chunk, not_finite_kind }],
      });
      return texts(root, ".v-note [data-tone]")[0];
    };
    expect(shown("inf")).toBe("∞ from 41");
    expect(shown("-inf")).toBe("-∞ from 41");
    expect(shown("")).toBe("not finite from 41");
  });

  test("screen readers hear of new trouble once, and not as values move", () => {
    const { root, receive } = open("curves");
    const region = root.querySelector("[aria-live]");
    expect(region?.textContent).toBe("");
    const [broken] = runsOf("nan");
    receive({ at: AT + 1, runs: [{ run_id: "5b1e22c0-3", alert: broken?.alert }] });
    expect(region?.textContent).toBe("loss is not finite from step 1204; it was 0.4223 before");
    receive({ at: AT + 2, runs: [{ run_id: "5b1e22c0-3", alert: null }] });
    expect(all(root, "[data-alert]")).toHaveLength(0);
  });
});

describe("the end", () => {
  test("a run that ended keeps its curves, and tells what it took", () => {
    const { root } = open("finished");
    expect(texts(root, "figcaption > b")).toEqual(["loss", "accuracy"]);
    expect(texts(root, ".v-summary dt")).toEqual([
      "Waiting for data",
      "Peak memory",
      "Peak GPU memory",
      "GPU, mean",
      "Energy",
    ]);
    expect(texts(root, ".v-summary .v-value")).toEqual([
      "36 %",
      "12 GiB",
      "66 GiB",
      "57 %",
      "12.8 Wh",
    ]);
    expect(texts(root, ".v-summary .v-note")[1]).toBe("at step 1,180");
    expect(texts(root, ".v-summary .v-note").at(-1)).toBe("GPU alone");
  });

  test.each([
    [[{ energy_wh: 3 }], 2, "GPU and CPU"],
    [[], 2, "CPU alone"],
  ])("the energy says whose it is", (gpus, cpu, words) => {
    const traits = states["finished"] as Traits;
    const runs = runsOf("finished").map((one) => {
      const cost = one.cost && {
        ...one.cost,
        gpus: gpus.map((gpu) => ({ ...one.cost?.gpus[0], ...gpu })),
        cpu_energy_wh: cpu,
      };
      return { ...one, cost };
    });
    const { root } = show("training", { ...traits, runs } as Traits);
    expect(texts(root, ".v-summary .v-note").at(-1)).toBe(words);
  });

  test("beside a model that serves the last run is one line that opens", () => {
    const { root } = open("folded");
    expect(root.querySelector<HTMLElement>(".v-tiles")?.hidden).toBe(false);
    expect(all(root, ".v-curve")).toHaveLength(0);
    press(root, "Epoch 12 of 12");
    expect(texts(root, "figcaption > b")).toEqual(["loss", "accuracy"]);
    expect(root.querySelector(".v-unfold")?.getAttribute("aria-expanded")).toBe("true");
  });
});

test("more charts than can be read are found by their names", () => {
  const { root } = open("metrics");
  press(root, texts(root, ".v-tools button").at(-1) ?? "");
  expect(all(root, ".v-curve")).toHaveLength(12);
  const search = root.querySelector<HTMLInputElement>('input[type="search"]');
  act(() => {
    if (search) search.value = "head_1";
    search?.dispatchEvent(new Event("input", { bubbles: true }));
  });
  expect(texts(root, "figcaption > b")).toEqual([
    "head_1/loss",
    "head_10/loss",
    "head_11/loss",
    "head_12/loss",
    "head_13/loss",
  ]);
});
