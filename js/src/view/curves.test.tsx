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
const key = (element: Element, name: string): KeyboardEvent => {
  const event = new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true });
  act(() => {
    element.dispatchEvent(event);
  });
  return event;
};

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

  test("a metric that is not finite is marked in the chart, with the value before", () => {
    const { root } = open("nan");
    expect(all(root, '[data-alert="not_finite"]')).toHaveLength(1);
    expect(legend(root, "loss")[0]).toMatch(/^not finite 0\.\d{3} before$/);
    expect(note(root, "loss")).toBe("not finite from 1,204");
    expect(plot(root, "loss").getAttribute("aria-label")).toContain("not finite from 1,204");
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
