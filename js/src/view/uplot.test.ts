import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { afterEach, expect, test, vi } from "vitest";
import { trimUplot } from "../../uplot.mjs";

type Library = typeof import("uplot");

const SOURCE = readFileSync(
  createRequire(import.meta.url).resolve("uplot/dist/uPlot.esm.js"),
  "utf8",
);
const TIMES = Array.from({ length: 60 }, (_, second) => 1_790_000_000 + second);
const VALUES = TIMES.map((_, n) => (n % 20 === 7 ? null : 0.9 + 0.05 * Math.sin(n)));

/** Evaluates the library's text. */
const evaluated = (source: string): Promise<Library> =>
  import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(source)}`);

/** A canvas or a path that notes every call and every colour. */
function recorder(said: unknown[], name: string): Record<string, unknown> {
  const told = (given: unknown): unknown =>
    typeof given === "object" && !Array.isArray(given) ? "a path" : given;
  return new Proxy<Record<string, unknown>>(
    {},
    {
      get:
        (_, key) =>
        (...given: unknown[]) =>
          said.push([name, key, ...given.map(told)]),
      set: (_, key, value) => said.push([name, key, value]) > 0,
    },
  );
}

afterEach(() => {
  vi.doUnmock("uplot");
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** What a chart draws, and the page it makes, through a life like that on a panel. */
async function life(library: Library, fill: boolean): Promise<unknown[]> {
  vi.resetModules();
  vi.doMock("uplot", () => library);
  const { Chart } = await import("./chart");
  const said: unknown[] = [];
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(
    recorder(said, "canvas") as never,
  );
  vi.stubGlobal("Path2D", function Path2D() {
    return recorder(said, "path");
  });
  const element = document.createElement("div");
  element.setAttribute("style", "stroke: red; fill: blue; color: green");
  Object.defineProperties(element, {
    clientWidth: { configurable: true, value: 200 },
    clientHeight: { configurable: true, value: 30 },
  });
  document.body.append(element);
  const [chart, beside] = ["chart", "beside"].map(
    (name) =>
      new Chart(element, {
        range: (low, high) => [low ?? 0, high ?? 1],
        fill,
        group: "test",
        hovered: (index) => said.push([name, "hovered", index]),
      }),
  ) as [InstanceType<typeof Chart>, InstanceType<typeof Chart>];
  const settled = async (): Promise<void> => {
    await Promise.resolve();
    said.push(element.innerHTML);
  };
  await settled();
  chart.draw([], [], null);
  chart.draw(TIMES, VALUES, 0.85);
  beside.draw(TIMES, [...VALUES].reverse(), null);
  await settled();
  chart.step(-1);
  chart.step(-12);
  await settled();
  const over = element.querySelector(".u-over");
  for (const type of ["mouseenter", "mousemove", "dblclick", "mouseleave"]) {
    over?.dispatchEvent(new MouseEvent(type, { clientX: 40, clientY: 10, bubbles: true }));
    await settled();
  }
  Object.defineProperty(element, "clientWidth", { value: 120 });
  chart.resize();
  chart.redraw();
  chart.leave();
  await settled();
  chart.destroy();
  beside.destroy();
  said.push(element.innerHTML);
  element.remove();
  return said;
}

test.each([true, false])("a trimmed uPlot draws the same, filled: %s", async (fill) => {
  const whole = await life(await evaluated(SOURCE), fill);
  const trimmed = await life(await evaluated(trimUplot(SOURCE)), fill);
  expect(whole.length).toBeGreaterThan(200);
  expect(trimmed).toEqual(whole);
});

test("another uPlot is refused, so that no cut is missed or falls on something else", () => {
  expect(() => trimUplot(SOURCE.replace("function toggleDOM(", "function toggle("))).toThrow(
    "toggleDOM",
  );
  expect(() => trimUplot(`${SOURCE}\nuPlot.assign = assign;`)).toThrow("uPlot.assign");
});
