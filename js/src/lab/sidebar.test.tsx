import { Gettext, type ITranslator } from "@jupyterlab/translation";
import { render } from "preact";
import { act } from "preact/test-utils";
import { beforeEach, expect, test } from "vitest";
import { changed, traitsOf } from "../testing/fixtures";
import { delta, fakeLabContext, full, kernel, message, state, trans } from "../testing/lab";
import { clock } from "../text/format";
import type { Language } from "../text/language";
import { EXAMPLE } from "./EmptyState";
import { jupyterLanguage } from "./jupyterLanguage";
import { SidebarContent } from "./SidebarContent";
import { StatusButton } from "./statusbar";

const AT = traitsOf("live").at as number;

let page: HTMLElement;
beforeEach(() => {
  page = document.createElement("div");
  document.body.append(page);
  return () => render(null, page);
});

type World = ReturnType<typeof fakeLabContext>;

function open(...messages: ReturnType<typeof state>[]): World {
  return openIn(trans, ...messages);
}

function openIn(language: Language, ...messages: ReturnType<typeof state>[]): World {
  const world = fakeLabContext(() => AT, language);
  for (const one of messages) world.kernels.receive(one);
  world.currentNotebook.value = { path: "work/serve.ipynb", kernelId: "front" };
  act(() => render(<SidebarContent lab={world.lab} selection={world.selection} />, page));
  return world;
}

const texts = (selector: string): string[] =>
  [...page.querySelectorAll(selector)].map((element) => element.textContent ?? "");
const button = (text: string): HTMLButtonElement => {
  const found = [...page.querySelectorAll("button")].find((one) => one.textContent === text);
  if (found === undefined) throw new Error(`no button ${text} among ${texts("button")}`);
  return found;
};
const press = (text: string): Promise<void> =>
  act(async () => {
    button(text).click();
    await Promise.resolve();
  });

const FRONT = kernel("front", "work/serve.ipynb", full("live"));

test("the current notebook has a panel, the others a line each", () => {
  const { activated } = open(
    state(
      FRONT,
      kernel("b", "b.ipynb", full("degraded")),
      kernel("c", "c.ipynb", full("training")),
    ),
  );
  expect(page.querySelectorAll(".ipyvitals-panel")).toHaveLength(1);
  expect(texts(".ipyvitals-panel [data-vital='model.name']")).toEqual(["churn"]);
  const rows = [...page.querySelectorAll<HTMLElement>("[data-kernel-id]")];
  expect(rows.map((row) => row.dataset["kernelId"])).toEqual(["b", "c"]);
  rows[0]?.click();
  expect(activated).toEqual(["b"]);
});

test("when another notebook becomes current, panel and line change places", () => {
  const { currentNotebook } = open(state(FRONT, kernel("b", "b.ipynb", full("degraded"))));
  act(() => {
    currentNotebook.value = { path: "b.ipynb", kernelId: "b" };
  });
  expect(page.querySelector(".ipyvitals-panel")?.getAttribute("data-status")).toBe("degraded");
  expect(texts("[data-kernel-id] .s-place")).toEqual(["serve.ipynb"]);
});

test("system details stay expanded while another notebook or another sidebar tab is active", async () => {
  const { lab, selection, currentNotebook } = open(
    state(FRONT, kernel("b", "b.ipynb", full("degraded"))),
  );
  const unfolded = (): number => page.querySelectorAll(".v-group").length;
  expect(texts(".v-news")).toEqual(["container limit 8.0 GiB4 cores"]);
  await press("System");
  expect(unfolded()).toBe(3);
  act(() => {
    currentNotebook.value = { path: "b.ipynb", kernelId: "b" };
  });
  expect(unfolded()).toBe(0);
  act(() => {
    currentNotebook.value = { path: "work/serve.ipynb", kernelId: "front" };
  });
  expect(unfolded()).toBe(3);
  act(() => render(null, page));
  act(() => render(<SidebarContent lab={lab} selection={selection} />, page));
  expect(unfolded()).toBe(3);
  expect(texts("[data-vital='system.process_threads']")).toEqual(["31"]);
});

const ENDED = {
  at: AT,
  last_seen: AT - 3,
  reason: "out_of_memory",
  text: "out of memory: 7.9 of 8.0 GiB",
  exit_code: -9,
  signal: "SIGKILL",
  memory_used_bytes: 7.9 * 2 ** 30,
  memory_limit_bytes: 8 * 2 ** 30,
  stage: "Fit",
  current: 312,
  total: 1000,
};

test.each([
  [{}, "Out of memory: 7.9 of 8.0 GiB"],
  [{ memory_used_bytes: null }, "Out of memory"],
  [{ reason: "signal", signal: "SIGSEGV" }, "Killed by SIGSEGV"],
  [{ reason: "exited", exit_code: 3 }, "Exited with status 3"],
  [{ reason: "restarted" }, "The kernel was restarted"],
  [{ reason: null }, "The kernel died"],
])("a kernel that ended says why and what was lost: %j", (fields, title) => {
  open(state({ ...kernel("front", "work/serve.ipynb"), ended: { ...ENDED, ...fields } }));
  expect(page.querySelector(".s-ended h3")?.textContent).toBe(title);
  expect(page.textContent).toContain("Fit was lost at step 312 of 1,000");
  expect(page.textContent).not.toContain("Run this in");
});

test("a new monitor takes the place of how its kernel ended", () => {
  open(state({ ...kernel("front", "work/serve.ipynb", full("live")), ended: ENDED }));
  expect(page.querySelector(".s-ended")).toBe(null);
});

test("another notebook whose kernel died has a line that says why", () => {
  open(state(FRONT, { ...kernel("b", "b.ipynb"), ended: ENDED }));
  expect(texts("[data-kernel-id='b'] .s-name")).toEqual(["b.ipynb"]);
  expect(texts("[data-kernel-id='b'] .s-detail")).toEqual([
    "Out of memory: 7.9 of 8.0 GiB. Fit was lost at step 312 of 1,000",
  ]);
});

test("what is no end of a kernel is left out", () => {
  open(state({ ...kernel("front", "work/serve.ipynb"), ended: { at: "now" } }));
  expect(page.textContent).toContain("Run this in serve.ipynb");
});

test("a notebook without a monitor: what to type, ready to be copied", async () => {
  const { copied } = open(
    state(kernel("front", "work/serve.ipynb"), kernel("b", "b.ipynb", full("live"))),
  );
  expect(page.textContent).toContain("Run this in serve.ipynb");
  expect(page.querySelector("pre")?.textContent).toBe(EXAMPLE);
  await press("Copy");
  expect(copied).toEqual([EXAMPLE]);
  expect(button("Copied")).toBeDefined();
  expect(texts("[data-kernel-id] .s-place")).toEqual(["b.ipynb"]);
});

test("a server without ipyvitals: what to install", () => {
  const { stream } = open();
  expect(page.textContent).toContain("Connecting");
  act(() => {
    stream.value = "missing";
  });
  expect(page.querySelector("pre")?.textContent).toBe("pip install ipyvitals");
  act(() => {
    stream.value = "forbidden";
  });
  expect(page.textContent).toContain("does not let you read");
});

test("an unavailable kernel shows the reason", () => {
  open(
    state(
      { ...kernel("front", "work/serve.ipynb"), unavailable: "behind a gateway" },
      { ...kernel("b", "b.ipynb"), unavailable: "behind a gateway too" },
    ),
  );
  expect(texts(".s-empty p")).toEqual(["behind a gateway"]);
  expect(texts("[data-kernel-id] .s-detail")).toEqual(["Unavailable: behind a gateway too"]);
});

test("a lost connection is shown, and the last values stay", () => {
  const { stream } = open(state(FRONT));
  act(() => {
    stream.value = "waiting";
  });
  expect(texts("[role='status']")).toEqual(["Connection lost, reconnecting…"]);
  expect(page.querySelectorAll(".ipyvitals-panel")).toHaveLength(1);
});

test("stop training: requested, pending until the kernel confirms", async () => {
  const { requests, kernels } = open(state(kernel("front", "a.ipynb", full("training"))));
  await press("Stop training");
  expect(requests).toMatchObject([
    { kernelId: "front", action: "stop_training", monitor: "default" },
  ]);
  expect(button("Stopping…").getAttribute("aria-disabled")).toBe("true");
  button("Stopping…").click();
  expect(requests).toHaveLength(1);
  await act(async () => requests[0]?.done(1));
  expect(button("Stopping…")).toBeDefined();
  const training = changed(traitsOf("training").training, { state: "stopped" });
  act(() =>
    kernels.receive(
      message("update", { kernel_id: "front", update: delta({ n: 2, at: AT + 1, training }) }),
    ),
  );
  expect(texts(".s-action")).toEqual([]);
});

test("a stop that somebody else requested is shown, too", () => {
  const training = changed(traitsOf("training").training, { stop_requested: true });
  open(state(kernel("front", "a.ipynb", full("training", { training }))));
  expect(button("Stopping…")).toBeDefined();
});

test("a failed action is shown, and the button can be pressed again", async () => {
  const { requests } = open(state(kernel("front", "a.ipynb", full("training"))));
  await press("Stop training");
  await act(async () => {
    requests[0]?.fail("the kernel did not answer within 5 s");
    await new Promise((done) => setTimeout(done));
  });
  expect(texts("[role='alert']")).toEqual(["the kernel did not answer within 5 s"]);
  await press("Stop training");
  expect(requests).toHaveLength(2);
  expect(texts("[role='alert']")).toEqual([]);
});

test("the banner has a button to acknowledge until that is done", async () => {
  const { requests, kernels } = open(state(kernel("front", "a.ipynb", full("degraded"))));
  await press("Acknowledge");
  expect(requests).toMatchObject([{ action: "acknowledge" }]);
  const model = changed(traitsOf("degraded").model, { acknowledged_at: AT });
  act(() =>
    kernels.receive(
      message("update", { kernel_id: "front", update: delta({ n: 2, at: AT + 1, model }) }),
    ),
  );
  expect(texts(".s-action")).toEqual([]);
  expect(page.textContent).toContain("acknowledged");
});

test("a kernel that is gone has no action buttons", () => {
  open(state({ ...kernel("front", "a.ipynb", full("training")), execution_state: "dead" }));
  expect(texts(".s-action")).toEqual([]);
});

test("of several monitors in a notebook one is shown first, until another is chosen", () => {
  open(
    state(
      kernel(
        "front",
        "a.ipynb",
        full("live", { monitor: "serving", at: AT }),
        full("training", { monitor: "fitting", at: AT + 1 }),
      ),
    ),
  );
  const status = (): string | null | undefined =>
    page.querySelector(".ipyvitals-panel")?.getAttribute("data-status");
  expect(status()).toBe("training");
  act(() => button("serving").click());
  expect(status()).toBe("active");
  expect(button("serving").getAttribute("aria-pressed")).toBe("true");
});

test("markup in names is shown as text", () => {
  const model = changed(traitsOf("live").model, { name: "<img src=x onerror=alert(1)>" });
  open(state(FRONT, kernel("b", "<b>.ipynb", full("live", { model }))));
  expect(page.querySelector("img")).toBe(null);
  expect(texts(".s-place")).toEqual(["<b>.ipynb"]);
});

/** Returns a translator as JupyterLab has it with a language pack. */
function german(texts: Record<string, string[]>): ITranslator {
  const bundle = new Gettext({ locale: "de", domain: "ipyvitals" });
  const language = { language: "de", pluralForms: "nplurals=2; plural=(n != 1);" };
  bundle.loadJSON({ "": language, ...texts } as never, "ipyvitals");
  return { languageCode: "de", load: () => bundle } as unknown as ITranslator;
}

test("panel and rows are translated", () => {
  const language = jupyterLanguage(
    german({
      Degraded: ["Beeinträchtigt"],
      Training: ["Lernt"],
      Accuracy: ["Trefferquote"],
      "Last trained": ["Zuletzt gelernt"],
      "Accuracy dropped below threshold": ["Trefferquote unter der Schwelle"],
      "%1 against %2": ["%1 statt %2"],
      "last %2 label": ["aus %2 Antwort", "aus %2 Antworten"],
      "%1 notice": ["%1 Hinweis", "%1 Hinweise"],
      "%1, %2 left": ["%1, noch %2"],
      Acknowledge: ["Gesehen"],
    }),
  );
  openIn(
    language,
    state(kernel("front", "a.ipynb", full("degraded")), kernel("b", "b.ipynb", full("training"))),
  );
  const text = (vital: string): string => texts(`[data-vital="${vital}"]`).join();
  expect(text("model.status")).toBe("Beeinträchtigt");
  expect(text("model.reason")).toBe("Trefferquote unter der Schwelle");
  expect(texts(".v-proof")).toEqual(["78.0 % statt 85 %"]);
  expect(texts(".v-tile dt")[0]).toBe("Trefferquote");
  expect(texts(".v-tile .v-note")[0]).toContain("aus 100 Antworten");
  expect(texts("summary")[0]).toMatch(/^1 Hinweis:/);
  expect(texts(".v-facts dt .v-wide")).toContain("Zuletzt gelernt");
  expect(texts(".s-state")).toEqual(["Lernt, noch 3m 10s"]);
  expect(button("Gesehen")).toBeDefined();
  // What has no translation stays English.
  expect(texts(".v-meter dt")).toContain("Memory");
});

test.each([
  ["de", "24. Nov. 2026"],
  ["en", "24 Nov 2026"],
  ["not a language", "24 Nov 2026"],
])("dates are of the language %s", (code, date) => {
  const { locale } = jupyterLanguage({ ...german({}), languageCode: code });
  expect(clock(Date.UTC(2026, 10, 24, 14, 2) / 1000, AT, { ...trans, locale })).toBe(
    `${date}, 14:02`,
  );
});

test("the status bar: status, accuracy and rate; the percentage while training", () => {
  const world = open(state(kernel("front", "a.ipynb", full("live"))));
  const bar = document.createElement("div");
  page.append(bar);
  let opened = 0;
  const show = (): void => {
    opened += 1;
  };
  act(() => render(<StatusButton lab={world.lab} selection={world.selection} open={show} />, bar));
  expect(bar.textContent).toBe("Live94.2 %23/min");
  bar.querySelector("button")?.click();
  expect(opened).toBe(1);
  act(() => world.kernels.receive(state(kernel("front", "a.ipynb", full("training", { n: 2 })))));
  expect(bar.textContent).toBe("Training41 %loss 0.2318");
  act(() => {
    world.currentNotebook.value = null;
  });
  expect(bar.textContent).toBe("");
  render(null, bar);
});
