// The table of models, and the panel after one of them is selected.
import { options, type VNode } from "preact";
import { act } from "preact/test-utils";
import { describe, expect, test, vi } from "vitest";
import type { ModelInfo } from "../schema/contract.gen";
import { changed, traitsOf } from "../testing/fixtures";
import { show, textIn, view } from "../testing/panel";
import { LineChart } from "./lineChart";
import { ModelRow } from "./ModelTable";

const MODELS = traitsOf("compared").models as ModelInfo[];
const [RETIRED, CHAMPION, CHALLENGER] = MODELS as [ModelInfo, ModelInfo, ModelInfo];
const AT = traitsOf("compared").at as number;

const inputs = (root: Element): HTMLInputElement[] => [
  ...root.querySelectorAll<HTMLInputElement>('input[type="radio"]'),
];
const listed = (root: Element): string[] => inputs(root).map((input) => input.value);
const chosen = (root: Element): string[] =>
  inputs(root)
    .filter((input) => input.checked)
    .map((input) => input.value);

function choose(root: Element, id: string): void {
  act(() =>
    inputs(root)
      .find((input) => input.value === id)
      ?.click(),
  );
}
function press(root: Element, name: string): void {
  const found = [...root.querySelectorAll("button")].find((one) => one.textContent === name);
  if (found === undefined) throw new Error(`no button ${name}`);
  act(() => found.click());
}

/** Returns copies of the challenger with other ids. */
const fleet = (count: number): ModelInfo[] => [
  CHAMPION,
  ...Array.from({ length: count - 1 }, (_, i) => ({
    ...CHALLENGER,
    model_id: `m${i}`,
    predictions_per_minute: 1000 - i,
  })),
];

describe("the list", () => {
  test("one model is nothing to compare", () => {
    expect(show("live").root.querySelector(".v-models")).toBeNull();
    expect(show("empty").root.querySelector(".v-models")).toBeNull();
  });

  test("a row a model, the active one first, then by traffic", () => {
    const { root, text } = show("compared");
    expect(listed(root)).toEqual(["churn-1", "churn-2.2", "churn-1.9"]);
    expect(text("models.churn-2.2.name")).toBe("churn");
    expect(text("models.churn-2.2.version")).toBe("2.2");
    expect(text("models.churn-2.2.status")).toBe("Degraded");
    expect(text("models.churn-2.2.current_accuracy")).toBe("81.0 %");
    expect(text("models.churn-2.2.predictions_per_minute")).toBe("23 /min");
    expect(text("models.churn-2.2.latency_p95_seconds")).toBe("19.1 ms");
    expect(text("models.churn-2.2.share")).toBe("10 %");
    expect(text("models.churn-1.active")).toBe("active");
    expect(text("models.churn-2.2.active")).toBeUndefined();
  });

  test("the reason of a status and the sample size of an accuracy are hints", () => {
    const { root } = show("compared");
    const title = (vital: string): string | undefined =>
      root.querySelector(`[data-vital="models.churn-2.2.${vital}"]`)?.getAttribute("title") ??
      undefined;
    expect(title("current_accuracy")).toBe("72.2–87.5 %, last 100 labels");
    expect(title("status")).toBe(
      "Accuracy dropped too far below its baseline: 81.0 % against 85 %",
    );
    expect(title("name")).toBe("churn-2.2");
  });

  test("what is not known is a dash, and no traffic has no shares", () => {
    const { text } = show("compared", {
      models: [RETIRED, { ...RETIRED, model_id: "b", name: null, version: null }],
    });
    expect(text("models.churn-1.9.current_accuracy")).toBe("–");
    expect(text("models.churn-1.9.latency_p95_seconds")).toBe("–");
    expect(text("models.churn-1.9.share")).toBe("–");
    expect(text("models.b.name")).toBe("b");
  });

  test("of a regression, the mean error stands beside the share within tolerance", () => {
    const { root, text } = show("regression");
    expect(text("models.demand-6.current_accuracy")).toBe("94.2 %");
    expect(text("models.demand-6.mae")).toBe("0.199");
    expect(text("models.demand-6.share")).toBeUndefined();
    expect(root.querySelector(".v-columns")?.textContent).toContain("Within tolerance");
  });

  test("a second model that comes while all is running makes the list appear", () => {
    const { root, receive } = show("live");
    receive({ at: AT + 1, models: [CHALLENGER] });
    expect(listed(root)).toEqual(["churn-1", "churn-2.2"]);
  });

  test("names are text, whatever they hold", () => {
    const name = "<img src=x onerror=alert(1)>";
    const model_id = `"'] ${name}`;
    const { root } = show("compared", { models: [CHAMPION, { ...CHALLENGER, name, model_id }] });
    expect(root.querySelector("img")).toBeNull();
    expect(root.querySelector(".v-choice")?.textContent).toContain(name);
    choose(root, model_id);
    expect(textIn(root, "model.name")).toBe(name);
  });
});

describe("a selected model", () => {
  test("is shown in header, facts, banner and tiles; unknown values are dashes", () => {
    const { root, text } = show("compared");
    expect(chosen(root)).toEqual(["churn-1"]);
    choose(root, "churn-2.2");
    expect(chosen(root)).toEqual(["churn-2.2"]);
    expect(text("model.version")).toBe("2.2");
    expect(text("model.status")).toBe("Degraded");
    expect(text("model.reason")).toBe("Accuracy dropped too far below its baseline");
    expect(text("model.trained_at")).toBe("1 h ago");
    expect(text("model.total_predictions")).toBe("131");
    expect(text("model.uptime_seconds")).toBe("–");
    expect(text("metrics.label_coverage")).toBe("92 %");
    expect(text("metrics.labels_pending")).toBe("6");
    expect(text("metrics.median_label_delay_seconds")).toBe("–");
    expect(text("metrics.total_errors")).toBe("2");
    expect(text("metrics.current_accuracy")).toBe("81.0 %");
    expect(text("metrics.accuracy_low")).toBe("72.2");
    expect(text("metrics.predictions_per_minute")).toBe("23 /min");
    expect(text("metrics.latency_p95_seconds")).toBe("19.1 ms");
    expect(root.querySelector(".ipyvitals-panel")?.getAttribute("data-status")).toBe("degraded");
    expect(root.textContent).toContain("By segment: –");
    expect(text("drift.state")).toBe("Drift: –");
    expect(text("system.cpu_percent")).toBe("38 %");
    expect(root.textContent).not.toMatch(/null|NaN|undefined/);
  });

  test("follows its row, and not the active model", () => {
    const { root, text, receive } = show("compared");
    choose(root, "churn-2.2");
    receive({
      at: AT + 1,
      metrics: changed(traitsOf("compared").metrics, { current_accuracy: 0.99 }),
      models: [{ ...CHALLENGER, current_accuracy: 0.7 }],
    });
    expect(text("metrics.current_accuracy")).toBe("70.0 %");
    receive({ at: AT + 2, models: [{ ...CHAMPION, current_accuracy: 0.99 }] });
    expect(text("model.version")).toBe("2.2");
  });

  test("a button leads back to the active model, and so does its row", () => {
    const { root, text } = show("compared");
    choose(root, "churn-2.2");
    press(root, "Show active model");
    expect(text("model.version")).toBe("2.1");
    expect(text("model.uptime_seconds")).toBe("2h 15m");
    expect(chosen(root)).toEqual(["churn-1"]);
    expect(root.querySelector(".v-meta button")).toBeNull();
    choose(root, "churn-1.9");
    choose(root, "churn-1");
    expect(text("model.uptime_seconds")).toBe("2h 15m");
  });

  test("a view of the active model follows the next deployment", () => {
    const { root, text, receive } = show("compared");
    choose(root, "churn-1");
    receive({
      at: AT + 1,
      model: changed(traitsOf("compared").model, { model_id: "churn-2.2", version: "2.2" }),
      models: [
        { ...CHAMPION, active: false },
        { ...CHALLENGER, active: true },
      ],
    });
    expect(chosen(root)).toEqual(["churn-2.2"]);
    expect(text("model.version")).toBe("2.2");
    expect(listed(root)[0]).toBe("churn-2.2");
  });

  test("a removed model is replaced by the active one", () => {
    const { root, store, text } = show("compared");
    choose(root, "churn-2.2");
    act(() => store.receive(["models"], () => [RETIRED, CHAMPION], "full"));
    expect(text("model.version")).toBe("2.1");
    expect(chosen(root)).toEqual(["churn-1"]);
    expect(root.querySelector(".v-meta button")).toBeNull();
  });

  test("is the selection of one view alone", () => {
    const { root, store } = show("compared");
    const other = view(store);
    choose(root, "churn-2.2");
    expect(textIn(root, "model.version")).toBe("2.2");
    expect(textIn(other, "model.version")).toBe("2.1");
    expect(chosen(other)).toEqual(["churn-1"]);
    expect(new Set([...inputs(root), ...inputs(other)].map((one) => one.name)).size).toBe(2);
  });

  test("has charts of the samples since the page was opened", () => {
    const draw = vi.spyOn(LineChart.prototype, "draw");
    const { root, receive, pass } = show("compared");
    receive({ at: AT + 1, models: [{ ...CHALLENGER, current_accuracy: 0.7 }] });
    receive({ at: AT + 2, models: [{ ...CHALLENGER, current_accuracy: 0.6 }] });
    choose(root, "churn-2.2");
    draw.mockClear();
    pass(0.1);
    const drawn = draw.mock.calls.map(([at, values, threshold]) => [at.length, values, threshold]);
    expect(drawn).toContainEqual([2, [0.7, 0.6], 0.85]);
    choose(root, "churn-1");
    draw.mockClear();
    pass(0.1);
    expect(draw.mock.calls.every(([at]) => at.length > 60)).toBe(true);
    draw.mockRestore();
  });

  test("is not announced as a change of status, but a change of its own status is", () => {
    const { root, receive } = show("compared");
    const region = root.querySelector("[aria-live]");
    choose(root, "churn-2.2");
    expect(region?.textContent).toBe("");
    receive({ at: AT + 1, models: [{ ...CHALLENGER, status: "unhealthy", reason: null }] });
    expect(region?.textContent).toBe("churn: Unhealthy");
    choose(root, "churn-1");
    expect(region?.textContent).toBe("churn: Unhealthy");
  });
});

describe("by keyboard", () => {
  test("it is a group of radio buttons, which browsers know to move in", () => {
    const { root } = show("compared");
    const group = root.querySelector('[role="radiogroup"]');
    expect(group?.getAttribute("aria-label")).toBe("Model to show");
    expect(new Set(inputs(root).map((input) => input.name)).size).toBe(1);
    expect(inputs(root).map((input) => input.getAttribute("aria-label"))).toEqual([
      "churn 2.1, Live, active",
      "churn 2.2, Degraded",
      "churn 1.9, Stopped",
    ]);
  });

  test("enter chooses as the space bar does", () => {
    const { root, text } = show("compared");
    const key = new KeyboardEvent("keydown", { key: "Enter", bubbles: true });
    act(() => {
      inputs(root)[1]?.dispatchEvent(key);
    });
    expect(text("model.version")).toBe("2.2");
  });

  test("arrow keys, space and enter do not reach the notebook, other keys do", () => {
    const { root } = show("compared");
    const keys: string[] = [];
    const listen = ({ key }: KeyboardEvent): void => {
      keys.push(key);
    };
    document.addEventListener("keydown", listen);
    for (const key of ["ArrowDown", "ArrowUp", " ", "Enter", "a", "Escape"]) {
      inputs(root)[0]?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    }
    document.removeEventListener("keydown", listen);
    expect(keys).toEqual(["a", "Escape"]);
  });
});

describe("many models", () => {
  test("eight are shown, with the selected one; a button shows all", () => {
    const { root, receive } = show("compared", { models: fleet(200) });
    expect(listed(root)).toHaveLength(8);
    expect(root.querySelector(".v-columns b")?.textContent).toBe("Models 200");
    press(root, "Show all 200");
    expect(listed(root)).toHaveLength(200);
    expect(listed(root).slice(0, 3)).toEqual(["churn-1", "m0", "m1"]);
    choose(root, "m150");
    press(root, "Show 8");
    expect(listed(root)).toEqual(["churn-1", "m0", "m1", "m2", "m3", "m4", "m5", "m150"]);
    receive({ at: AT + 1, models: [{ ...CHAMPION, total_predictions: 1 }] });
    expect(chosen(root)).toEqual(["m150"]);
  });

  test("up to eight there is nothing to unfold", () => {
    expect(
      show("compared", { models: fleet(8) }).root.querySelector(".v-models button"),
    ).toBeNull();
  });

  test("of 200 rows only changed ones are re-rendered, and no other part of the panel", () => {
    const { root, receive } = show("compared", { models: fleet(200) });
    press(root, "Show all 200");
    const drawn = drawings(() =>
      receive({
        at: AT + 1,
        models: fleet(200)
          .slice(50, 57)
          .map((row) => ({ ...row, total_predictions: row.total_predictions + 1 })),
      }),
    );
    expect(drawn.filter((name) => name === ModelRow.name)).toHaveLength(7);
    expect(drawn).not.toContain("ModelTable");
    const all = drawings(() =>
      receive({ at: AT + 2, models: fleet(200).map((row) => ({ ...row, total_errors: 9 })) }),
    );
    expect(all.filter((name) => name === ModelRow.name)).toHaveLength(200);
  });

  test("a selection re-renders two rows", () => {
    const { root } = show("compared", { models: fleet(200) });
    press(root, "Show all 200");
    const drawn = drawings(() => choose(root, "m20"));
    expect(drawn.filter((name) => name === ModelRow.name)).toHaveLength(2);
  });
});

/** Returns the names of the components that `run` re-renders. */
function drawings(run: () => void): string[] {
  const names: string[] = [];
  const before = options.diffed;
  options.diffed = (vnode: VNode) => {
    if (typeof vnode.type === "function") names.push(vnode.type.name);
    before?.(vnode);
  };
  run();
  if (before) options.diffed = before;
  return names;
}
