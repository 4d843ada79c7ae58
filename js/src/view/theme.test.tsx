import { h, render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SidebarContent } from "../lab/SidebarContent";
import { StatusButton } from "../lab/statusbar";
import { Store } from "../state/store";
import { traitsOf } from "../testing/fixtures";
import { fakeLabContext, full, kernel, state } from "../testing/lab";
import { Panel } from "./Panel";
import { watchTheme } from "./theme";

/** The page's active observers, and the number of its media query listeners. */
let observing: Set<MutationObserver>;
let queries: number;

beforeEach(() => {
  observing = new Set();
  queries = 0;
  const observe = MutationObserver.prototype.observe;
  const disconnect = MutationObserver.prototype.disconnect;
  vi.spyOn(MutationObserver.prototype, "observe").mockImplementation(function (
    this: MutationObserver,
    ...given
  ) {
    observing.add(this);
    observe.apply(this, given);
  });
  vi.spyOn(MutationObserver.prototype, "disconnect").mockImplementation(function (
    this: MutationObserver,
  ) {
    observing.delete(this);
    disconnect.call(this);
  });
  vi.stubGlobal("matchMedia", () => ({
    matches: false,
    addEventListener: () => {
      queries += 1;
    },
    removeEventListener: () => {
      queries -= 1;
    },
  }));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

function mount(...elements: Parameters<typeof render>[0][]): () => void {
  const container = document.body.appendChild(document.createElement("div"));
  act(() => render(elements, container));
  return () => act(() => render(null, container));
}

const panel = (): Parameters<typeof render>[0] => {
  const store = new Store();
  store.load((trait) => traitsOf("live")[trait]);
  return h(Panel, { store });
};

test("all panels, the sidebar and the status bar share one observer, until the last is closed", () => {
  const { lab, selection, kernels, currentNotebook } = fakeLabContext();
  kernels.receive(state(kernel("a", "a.ipynb", full("live"))));
  currentNotebook.value = { path: "a.ipynb", kernelId: "a" };
  const closeCells = mount(panel(), panel(), panel());
  expect([observing.size, queries]).toEqual([1, 1]);
  const closeLab = mount(
    h(SidebarContent, { lab, selection }),
    h(StatusButton, { lab, selection, open: () => undefined }),
  );
  expect([observing.size, queries]).toEqual([1, 1]);
  closeCells();
  expect([observing.size, queries]).toEqual([1, 1]);
  closeLab();
  expect([observing.size, queries]).toEqual([0, 0]);
});

test("a second copy of the module, as another widget loads it, uses the same observer", async () => {
  vi.resetModules();
  const copy = await import("./theme");
  expect(copy.watchTheme).not.toBe(watchTheme);
  const controller = new AbortController();
  copy.watchTheme(() => undefined, controller.signal);
  watchTheme(() => undefined, controller.signal);
  expect([observing.size, queries]).toEqual([1, 1]);
  controller.abort();
  expect([observing.size, queries]).toEqual([0, 0]);
});

test("each panel follows a change of the page's theme, and panels that were closed do not", async () => {
  const close = mount(panel());
  mount(panel());
  const themes = (): (string | undefined)[] =>
    [...document.querySelectorAll<HTMLElement>(".ipyvitals-panel")].map(
      (one) => one.dataset["theme"],
    );
  await act(async () => {
    document.body.setAttribute("data-jp-theme-light", "false");
    await new Promise((done) => setTimeout(done));
  });
  expect(themes()).toEqual(["dark", "dark"]);
  close();
  await act(async () => {
    document.body.setAttribute("data-jp-theme-light", "true");
    await new Promise((done) => setTimeout(done));
  });
  expect(themes()).toEqual(["light"]);
});

test("another theme of the same kind is a change: its colours differ", async () => {
  const seen: unknown[] = [];
  const controller = new AbortController();
  watchTheme((theme) => seen.push(theme), controller.signal);
  document.body.setAttribute("data-jp-theme-name", "Solarized");
  await new Promise((done) => setTimeout(done));
  controller.abort();
  expect(seen).toEqual([null, null]);
});
