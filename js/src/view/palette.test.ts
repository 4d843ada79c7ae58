// The contrast of every pair of text and background colour, computed from palette.css.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

/** Red, green, blue in [0, 255] and opacity in [0, 1]. */
type Colour = readonly [number, number, number, number];

const css = readFileSync(join(import.meta.dirname, "styles/palette.css"), "utf8");
const roles = new Map(
  [...css.matchAll(/(--v-[a-z-]+):\s*([^;]+);/g)].map(([, name = "", value = ""]) => [name, value]),
);

const PAGES = {
  "a light page": { dark: false, vars: {} },
  "a dark page": { dark: true, vars: {} },
  "JupyterLab's light theme": {
    dark: false,
    vars: { "--jp-layout-color1": "#ffffff", "--jp-ui-font-color1": "rgba(0, 0, 0, 0.87)" },
  },
  "JupyterLab's dark theme": {
    dark: true,
    vars: { "--jp-layout-color1": "#111111", "--jp-ui-font-color1": "rgba(255, 255, 255, 0.87)" },
  },
  "JupyterLab's older dark theme": {
    dark: true,
    vars: { "--jp-layout-color1": "#212121", "--jp-ui-font-color1": "rgba(255, 255, 255, 1)" },
  },
} as const;
type Page = { readonly dark: boolean; readonly vars: Readonly<Record<string, string>> };

/** Splits the arguments of a function at its own commas. */
function split(text: string): string[] {
  const parts = [""];
  let depth = 0;
  for (const letter of text) {
    if (letter === "(") depth += 1;
    if (letter === ")") depth -= 1;
    if (letter === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += letter;
  }
  return parts.map((part) => part.trim());
}

function evaluate(value: string, page: Page): Colour {
  const text = value.trim();
  const [, name = "", inner = ""] = /^([a-z-]+)\((.*)\)$/s.exec(text) ?? [];
  const parts = split(inner);
  const [first = "", second = "", third = ""] = parts;
  switch (name) {
    case "":
      return hex(text);
    case "rgba": {
      const [red = 0, green = 0, blue = 0, alpha = 1] = parts.map(Number);
      return [red, green, blue, alpha];
    }
    case "light-dark":
      return evaluate(page.dark ? second : first, page);
    case "var":
      return evaluate(page.vars[first] ?? roles.get(first) ?? parts.slice(1).join(","), page);
    case "color-mix": {
      const [, colour = "", share = ""] = /^(.*) (\d+)%$/s.exec(second) ?? [];
      return mix(evaluate(colour, page), evaluate(third, page), Number(share) / 100);
    }
  }
  throw new Error(`palette.css: no colour is known for ${text}`);
}

function hex(text: string): Colour {
  const digits = text.slice(1);
  const full = digits.length === 3 ? digits.replace(/./g, "$&$&") : digits;
  const [red = 0, green = 0, blue = 0] = [0, 2, 4].map((i) =>
    Number.parseInt(full.slice(i, i + 2), 16),
  );
  return [red, green, blue, 1];
}

function mix(a: Colour, b: Colour, share: number): Colour {
  const alpha = a[3] * share + b[3] * (1 - share);
  const channel = (i: 0 | 1 | 2): number =>
    (a[i] * a[3] * share + b[i] * b[3] * (1 - share)) / alpha;
  return [channel(0), channel(1), channel(2), alpha];
}

/** Returns `colour` composited over an opaque background. */
const over = (colour: Colour, ground: Colour): Colour =>
  mix([colour[0], colour[1], colour[2], 1], ground, colour[3]);

function luminance([red, green, blue]: Colour): number {
  const [r = 0, g = 0, b = 0] = [red, green, blue].map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: Colour, b: Colour): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

const TONES = ["accent", "ok", "warn", "bad", "muted"];
const TEXTS: readonly (readonly [text: string, ground: string])[] = [
  ["ink", "bg"],
  ["ink", "sub"],
  ["muted", "bg"],
  ["muted", "sub"],
  ["muted", "warn-soft"],
  ["muted", "bad-soft"],
  ["warn", "sub"],
  ["bad", "sub"],
  ["ok", "sub"],
  ["accent", "sub"],
  // The row of the selected model.
  ["ink", "accent-soft"],
  ["muted", "accent-soft"],
  ["ok", "accent-soft"],
  ["warn", "accent-soft"],
  ["bad", "accent-soft"],
  ...TONES.map((tone) => [tone, "bg"] as const),
  ...TONES.map((tone) => [tone, `${tone}-soft`] as const),
];
/** Lines and bars, which need less contrast than text. */
const MARKS = [
  ["accent", "bg"],
  ["level", "bg"],
  ["level", "sub"],
  ["level", "track"],
  ["warn", "track"],
  ["bad", "track"],
  ["accent", "track"],
] as const;

describe.each(Object.entries(PAGES))("on %s", (_, page) => {
  const paper = evaluate("var(--v-bg)", page);
  const role = (name: string): Colour => over(evaluate(`var(--v-${name})`, page), paper);

  test.each(TEXTS)("%s on %s can be read (AA: 4.5)", (text, ground) => {
    const behind = role(ground);
    expect(contrast(over(evaluate(`var(--v-${text})`, page), behind), behind)).toBeGreaterThan(4.5);
  });

  test.each(MARKS)("%s on %s can be seen (AA: 3)", (mark, ground) => {
    expect(contrast(role(mark), role(ground))).toBeGreaterThan(3);
  });
});

test("the computation agrees with known contrasts", () => {
  const [black, white, grey] = ["#000", "#fff", "#767676"].map(hex) as [Colour, Colour, Colour];
  expect(contrast(black, white)).toBeCloseTo(21, 5);
  expect(contrast(grey, white)).toBeCloseTo(4.54, 2);
});

test("no style reaches beyond the panel", () => {
  for (const file of ["palette", "layout", "parts", "lists", "models", "chart", "narrow"]) {
    const text = readFileSync(join(import.meta.dirname, `styles/${file}.css`), "utf8");
    const outermost = text.replace(/\/\*.*?\*\//gs, "").match(/^\S.*\{$/gm);
    for (const selector of outermost ?? []) {
      expect(selector).toMatch(
        /^(\.ipyvitals-(panel|palette|view)|@container ipyvitals .*|@keyframes ipyvitals-.*) \{$/,
      );
    }
  }
});
