import { h, render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Store } from "../state/store";
import { visibilityReports } from "../testing/browserStubs";
import { traitsOf } from "../testing/fixtures";
import { LineChart } from "./lineChart";
import { Panel } from "./Panel";

const FRAME_MS = 20;
/** The number of charts while the system's details are collapsed. */
const CHARTS = 5;
let store: Store;
let container: HTMLElement;
let at: number;

const traits = traitsOf("live");
const draw = vi.spyOn(LineChart.prototype, "draw");

beforeEach(() => {
  vi.useFakeTimers();
  at = traits.at as number;
  store = new Store(() => at);
  store.load((trait) => traits[trait]);
  container = document.createElement("div");
  document.body.append(container);
});
afterEach(() => {
  act(() => render(null, container));
  vi.useRealTimers();
  draw.mockClear();
});

function show(views = 1): void {
  act(() =>
    render(
      Array.from({ length: views }, () => h(Panel, { store })),
      container,
    ),
  );
  vi.advanceTimersByTime(FRAME_MS);
}

function tick(seconds = 0.1): void {
  at += seconds;
  act(() => store.receive(["at"], () => at));
}

test("a view draws its five charts at once", () => {
  show();
  expect(draw).toHaveBeenCalledTimes(CHARTS);
  expect(container.querySelectorAll(".v-spark")).toHaveLength(CHARTS);
  const [times, values] = draw.mock.calls[0] ?? [];
  expect(times).toHaveLength(61);
  expect(values).toHaveLength(61);
});

test("a chart is drawn once a frame for any number of messages", () => {
  show(2);
  draw.mockClear();
  for (let i = 0; i < 10; i += 1) tick(1);
  expect(draw).not.toHaveBeenCalled();
  vi.advanceTimersByTime(FRAME_MS);
  expect(draw).toHaveBeenCalledTimes(2 * CHARTS);
});

test("at ten messages a second charts are drawn twice a second, as more could not be seen", () => {
  show();
  draw.mockClear();
  for (let i = 0; i < 100; i += 1) {
    tick(0.1);
    vi.advanceTimersByTime(100);
  }
  expect(draw.mock.calls.length / CHARTS).toBeGreaterThanOrEqual(15);
  expect(draw.mock.calls.length / CHARTS).toBeLessThanOrEqual(21);
});

test("a hidden chart is not drawn; once visible, it shows what it missed", () => {
  show();
  draw.mockClear();
  for (const report of visibilityReports) report(false);
  tick(1);
  vi.advanceTimersByTime(1000);
  expect(draw).not.toHaveBeenCalled();
  for (const report of visibilityReports) report(true);
  vi.advanceTimersByTime(FRAME_MS);
  expect(draw).toHaveBeenCalledTimes(CHARTS);
});

describe("for screen readers", () => {
  const charts = (): HTMLElement[] => [...container.querySelectorAll<HTMLElement>(".v-spark")];
  const sentence = (metric: string): string | null | undefined =>
    container.querySelector(`[data-chart="${metric}"]`)?.getAttribute("aria-label");
  const load = (history: Record<string, unknown>): void => {
    act(() => store.receive(["history"], () => history));
  };

  test("a chart is an image with a description, and has no tab stop", () => {
    show();
    expect(charts().map((one) => one.getAttribute("role"))).toEqual(Array(CHARTS).fill("img"));
    expect(charts().filter((one) => one.tabIndex >= 0)).toEqual([]);
    expect(container.querySelectorAll(".v-spark [tabindex], .v-spark button")).toHaveLength(0);
  });

  test("the sentence has the lowest and the highest value of the last minutes", () => {
    show();
    load({
      at: [at, at + 1, at + 2],
      current_accuracy: [0.94, null, 0.81],
      cpu_percent: [5, 5, 5],
    });
    expect(sentence("current_accuracy")).toBe("Accuracy, last 5 minutes: 81.0 % to 94.0 %");
    expect(sentence("cpu_percent")).toBe("CPU, last 5 minutes: 5.0 %");
  });

  test("it says so when no value is known, and never 0", () => {
    show();
    load({ at: [at, at + 1], current_accuracy: [null, null] });
    expect(sentence("current_accuracy")).toBe("Accuracy, last 5 minutes: not known");
    load({});
    expect(sentence("latency_p95_seconds")).toBe("Latency p95, last 5 minutes: not known");
  });

  test("it follows the values", () => {
    show();
    load({ at: [at], current_accuracy: [0.9] });
    const metrics = { ...store.metrics.value, current_accuracy: 0.5 };
    act(() => {
      store.metrics.value = metrics;
    });
    tick(1);
    expect(sentence("current_accuracy")).toBe("Accuracy, last 5 minutes: 50.0 % to 90.0 %");
  });
});

test("a closed view leaves no observer and no timer", () => {
  show();
  expect(visibilityReports.size).toBe(CHARTS);
  act(() => render(null, container));
  draw.mockClear();
  tick();
  vi.advanceTimersByTime(1000);
  expect(draw).not.toHaveBeenCalled();
  expect(visibilityReports.size).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});
