import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Throttle } from "./throttle";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function open(seconds: number): { pace: Throttle<number>; taken: (readonly number[])[] } {
  const taken: (readonly number[])[] = [];
  return { pace: new Throttle((items) => taken.push(items), seconds), taken };
}

test("the first item is delivered at once, those that follow in one batch", () => {
  const { pace, taken } = open(2);
  for (const item of [1, 2, 3]) pace.add(item);
  expect(taken).toEqual([[1]]);
  vi.advanceTimersByTime(2000);
  expect(taken).toEqual([[1], [2, 3]]);
  vi.advanceTimersByTime(2000);
  pace.add(4);
  expect(taken).toEqual([[1], [2, 3], [4]]);
});

test("without an interval every item is delivered at once", () => {
  const { pace, taken } = open(0);
  for (const item of [1, 2, 3]) pace.add(item);
  expect(taken).toEqual([[1], [2], [3]]);
});

test("a shorter interval applies at once, and pending items are delivered", () => {
  const { pace, taken } = open(60);
  for (const item of [1, 2]) pace.add(item);
  pace.seconds = 1;
  expect(taken).toEqual([[1], [2]]);
  pace.add(3);
  vi.advanceTimersByTime(1000);
  expect(taken).toEqual([[1], [2], [3]]);
});

test("nothing is delivered after dispose", () => {
  const { pace, taken } = open(1);
  for (const item of [1, 2]) pace.add(item);
  pace.dispose();
  vi.advanceTimersByTime(10_000);
  expect(taken).toEqual([[1]]);
});
