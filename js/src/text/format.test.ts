import { expect, test } from "vitest";
import * as format from "./format";
import { english } from "./language";

const AT = Date.UTC(2026, 10, 24, 14, 2, 11) / 1000;

test.each([
  format.count,
  format.shortCount,
  format.ratio,
  format.ratioWhole,
  format.percent,
  format.latencyText,
  format.duration,
  format.bytes,
  format.metric,
])("%o: unknown is a dash, zero is zero", (written: (value: number | null) => string) => {
  expect(written(null)).toBe("–");
  expect(written(0)).toMatch(/^0/);
});

test.each([
  [0, "0"],
  [23, "23"],
  [99_999, "99,999"],
  [123_456, "123 k"],
  [999_499, "999 k"],
  [999_500, "1.0 M"],
  [1_234_567, "1.2 M"],
  [12_345_678, "12 M"],
  [3e9, "3.0 G"],
])("shortCount(%d) = %s", (value, text) => {
  expect(format.shortCount(value)).toBe(text);
});

test("a whole count keeps every digit", () => {
  expect(format.count(2_410_733)).toBe("2,410,733");
});

test.each([
  [0.942, "94.2"],
  [1, "100.0"],
  [0.9996, "99.9"],
  [0, "0.0"],
  [0.0001, "0.1"],
])("ratio(%d) = %s: 0 and 100 only when exact", (value, text) => {
  expect(format.ratio(value)).toBe(text);
});

test.each([
  [0.96, "96 %"],
  [0.999, "99 %"],
  [0.001, "1 %"],
  [1, "100 %"],
])("ratioWhole(%d) = %s", (value, text) => {
  expect(format.ratioWhole(value)).toBe(text);
});

test.each([
  [0.85, "85 %"],
  [0.975, "97.5 %"],
  [0.07, "7 %"],
])("ratioPlain(%d) = %s", (value, text) => {
  expect(format.ratioPlain(value)).toBe(text);
});

test.each([
  [0.0000042, 3, "4.20 µs"],
  [0.000812, 3, "812 µs"],
  [0.0009996, 3, "1.00 ms"],
  [0.0124, 3, "12.4 ms"],
  [0.0041, 2, "4.1 ms"],
  [0.031, 2, "31 ms"],
  [1.234, 3, "1.23 s"],
  [125, 3, "125 s"],
])("latency of %d s to %d digits = %s", (seconds, digits, text) => {
  expect(format.latencyText(seconds, digits)).toBe(text);
});

test.each([
  [8100, "2h 15m"],
  [59.9, "59s"],
  [190, "3m 10s"],
  [90_000, "1d 1h"],
  [-3, "0s"],
])("duration(%d) = %s, as Python writes it", (seconds, text) => {
  expect(format.duration(seconds)).toBe(text);
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

const GIB = 2 ** 30;
test.each([
  [4.9 * GIB, 8 * GIB, "4.9 of 8.0 GiB"],
  [21 * GIB, 64 * GIB, "21 of 64 GiB"],
  [0.3 * GIB, 2 * GIB, "0.3 of 2.0 GiB"],
  [GIB, null, "1.0 GiB"],
  [null, GIB, ""],
])("bytesOf(%d, %d) = %s", (used, whole, text) => {
  expect(format.bytesOf(used, whole, english)).toBe(text);
});

test("sizes", () => {
  expect(format.bytes(112 * GIB)).toBe("112 GiB");
  expect(format.bytes(410 * 2 ** 20)).toBe("410 MiB");
  expect(format.capacity(8 * GIB)).toBe("8 GiB");
  expect(format.cores(4, english)).toBe("4 cores");
  expect(format.cores(1, english)).toBe("1 core");
  expect(format.cores(1.5, english)).toBe("1.5 cores");
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
  [0.2318, "0.2318"],
  [0.951, "0.951"],
  [12_345.6, "12,346"],
  [0.00001234, "1.23e-5"],
  [-0.5, "-0.5"],
  [2.5e12, "2.50e+12"],
])("metric(%d) = %s", (value, text) => {
  expect(format.metric(value)).toBe(text);
});

test.each([
  [null, "–"],
  [0, "0"],
  [0.2134, "0.213"],
  [0.2, "0.200"],
  [12.34, "12.3"],
  [999.6, "1,000"],
  [12_345.6, "12,346"],
  [1_234_567, "1.2 M"],
  [0.00001234, "1.2e-5"],
  [2.5e12, "2.5e+12"],
])("errorSize(%d) = %s", (value, text) => {
  expect(format.errorSize(value)).toBe(text);
});

test.each([
  [null, "–"],
  [0, "0"],
  [0.3149, "0.31"],
  [0.0402, "0.04"],
  [1.236, "1.2"],
  [0.00034, "<0.001"],
])("psi(%d) = %s", (value, text) => {
  expect(format.psi(value)).toBe(text);
});

test.each([
  [0.4, "400 ms"],
  [42, "42 s"],
  [185, "3 min"],
  [7_300, "2 h"],
])("delay(%d) = %s", (seconds, text) => {
  expect(format.delay(seconds)).toBe(text);
});
