import { expect, test } from "vitest";
import contract from "../../../tests/contract/formats.json";
import { written } from "../testing/written";
import * as format from "./format";
import { english } from "./language";

const AT = Date.UTC(2026, 10, 24, 14, 2, 11) / 1000;

const CASES = Object.entries(contract).flatMap(([kind, cases]) =>
  cases.map((one) => [kind, one.slice(0, -1), one.at(-1)] as const),
);

test.each(CASES)("%s of %j = %s, as Python writes it", (kind, values, text) => {
  expect(written(kind, values)).toBe(text);
});

test.each([
  [-30, "just now"],
  [59, "just now"],
  [60, "1 min ago"],
  [7500, "2 h ago"],
  [90_000, "yesterday"],
  [5 * 86_400, "5 d ago"],
  [100 * 86_400, "16 Aug 2026"],
])("%d s ago reads %s", (passed, text) => {
  expect(format.ago(AT - passed, AT, english)).toBe(text);
});

test("a time of day carries its date on another day", () => {
  expect(format.clock(AT, AT + 60, english)).toBe("14:02");
  expect(format.clock(AT, AT + 86_400, english)).toBe("24 Nov 2026, 14:02");
  expect(format.clockSeconds(AT)).toBe("14:02:11");
});

test.each([
  [182, "182 steps/s"],
  [2.41, "2.4 steps/s"],
  [0.2, "12 steps/min"],
  [0, "0 steps/s"],
  [1_500_000, "1.5 M steps/s"],
])("rate(%d) = %s", (perSecond, text) => {
  expect(format.rate(perSecond, english)).toBe(text);
});

test.each([
  [0.4, "400 ms"],
  [42, "42 s"],
  [185, "3 min"],
  [7_300, "2 h"],
])("delay(%d) = %s", (seconds, text) => {
  expect(format.delay(seconds)).toBe(text);
});
