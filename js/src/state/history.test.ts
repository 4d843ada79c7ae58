import { expect, test } from "vitest";
import { History, type HistorySample } from "./history";

const point = (accuracy: number | null): HistorySample => ({
  current_accuracy: accuracy,
  predictions_per_minute: 1,
  latency_p95_seconds: null,
  cpu_percent: 2,
  memory_percent: 3,
});

test("columns stay as long as each other, whatever comes", () => {
  const history = new History();
  history.load({ at: [1, 2, 2, "x", 3], cpu_percent: [5, null], current_accuracy: "none" });
  expect(history.at).toEqual([1, 2, 3]);
  expect(history.columns.cpu_percent).toEqual([5, null, null]);
  expect(history.columns.current_accuracy).toEqual([null, null, null]);
  history.load(null);
  expect(history.at).toEqual([]);
});

test("the last 300 s are kept", () => {
  const history = new History();
  for (let at = 0; at <= 1000; at += 1) history.add(at, point(at / 1000));
  expect(history.at[0]).toBe(700);
  expect(history.at.at(-1)).toBe(1000);
  expect(history.columns.current_accuracy).toHaveLength(301);
});

test("ten points a second are thinned, and the newest is always there", () => {
  const history = new History();
  for (let tick = 0; tick <= 3000; tick += 1) history.add(tick / 10, point(tick / 3000));
  expect(history.at.length).toBeLessThanOrEqual(605);
  expect(history.at.at(-1)).toBe(300);
  expect(history.columns.current_accuracy.at(-1)).toBe(1);
});

test("missing updates are a gap in the line", () => {
  const history = new History();
  history.add(0, point(0.9));
  history.add(1, point(0.9));
  history.add(61, point(0.9), 15);
  expect(history.columns.current_accuracy).toEqual([0.9, 0.9, null, 0.9]);
});

test("a clock that was set back goes on from there", () => {
  const history = new History();
  for (let at = 0; at <= 100; at += 1) history.add(at, point(0.1));
  for (let at = 40; at <= 45; at += 1) history.add(at, point(0.9));
  expect(history.at).toEqual(Array.from({ length: 46 }, (_, at) => at));
  expect(history.columns.current_accuracy.slice(38, 43)).toEqual([0.1, 0.1, 0.9, 0.9, 0.9]);
});

test("a point of the same moment replaces, an older one is ignored", () => {
  const history = new History();
  history.add(5, point(0.1));
  history.add(5, point(0.2));
  history.add(4, point(0.3));
  expect(history.at).toEqual([5]);
  expect(history.columns.current_accuracy).toEqual([0.2]);
});
