import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { changed, FakeModel, traitsOf } from "./testing/fixtures";
import widget from "./widget";

const AT = traitsOf("live").at as number;

beforeEach(() => {
  vi.useFakeTimers({ now: AT * 1000 });
});
afterEach(() => {
  vi.useRealTimers();
});

function place(): HTMLElement {
  return document.body.appendChild(document.createElement("div"));
}

const accuracy = (el: HTMLElement): string | null | undefined =>
  el.querySelector('[data-vital="metrics.current_accuracy"]')?.textContent;

/** Opens a widget with some views; `ends` has the cleanup function of each. */
function open(views: number): {
  model: FakeModel;
  els: HTMLElement[];
  ends: (() => void)[];
  destroyed: AbortController;
} {
  const model = new FakeModel(traitsOf("live"));
  const { initialize, render } = widget();
  const destroyed = new AbortController();
  initialize({ model, signal: destroyed.signal });
  const els = Array.from({ length: views }, place);
  const ends: (() => void)[] = [];
  act(() => {
    for (const el of els) ends.push(render({ model, el, signal: destroyed.signal }));
  });
  return { model, els, ends, destroyed };
}

async function receive(model: FakeModel, values: Parameters<FakeModel["receive"]>[0]) {
  await act(() => model.receive(values));
}

test("several views of one model show the same values", async () => {
  const { model, els } = open(2);
  expect(els.map(accuracy)).toEqual(["94.2 %", "94.2 %"]);
  const metrics = changed(model.get("metrics"), { current_accuracy: 0.5 });
  await receive(model, { metrics, at: AT + 1 });
  expect(els.map(accuracy)).toEqual(["50.0 %", "50.0 %"]);
});

test("values that the page lacks come on the control channel, which answers in a busy cell", async () => {
  const sent: Record<string, unknown>[] = [];
  const future: Record<string, unknown> = { done: new Promise(() => undefined) };
  const kernel = {
    clientId: "page-1",
    username: "maria",
    sendControlMessage: (message: Record<string, unknown>, expectReply: boolean) => {
      sent.push({ ...message, expectReply });
      return future;
    },
  };
  const traits = traitsOf("runs");
  const model = new FakeModel(traits, { kernel });
  const { initialize, render } = widget();
  initialize({ model });
  const el = place();
  act(() => {
    render({ model, el });
  });
  const press = (key: string, shiftKey = false): void => {
    const event = new KeyboardEvent("keydown", { key, shiftKey, bubbles: true });
    act(() => {
      el.querySelector(".v-plot")?.dispatchEvent(event);
    });
  };
  press("Home");
  press("End", true);
  press("Enter");
  const [message] = sent;
  expect(message).toMatchObject({
    channel: "control",
    expectReply: true,
    header: { msg_type: "ipyvitals_request", session: "page-1", username: "maria" },
    content: { request: "curves", monitor: traits.monitor, metric: "loss" },
  });
  expect(el.querySelector(".v-zoom small")?.textContent).toBe("loading…");
  const content = message?.["content"] as Record<string, number>;
  const steps = Array.from({ length: 200 }, (_, i) => i + 1);
  const reply = { run_id: content["run_id"], metric: "loss", start: 0, step: steps };
  const columns = { seconds: steps, mean: steps.map((step) => 1 / step) };
  await act(async () => {
    (future["onReply"] as (reply: unknown) => void)({
      content: { curves: [{ ...reply, ...columns }] },
    });
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  });
  expect(el.querySelector(".v-zoom small")).toBeNull();
});

test("a view that is opened late shows the values of now", async () => {
  const model = new FakeModel(traitsOf("live"));
  const { initialize, render } = widget();
  initialize({ model });
  const metrics = changed(model.get("metrics"), { current_accuracy: 0.5 });
  await receive(model, { metrics, at: AT + 1 });
  const el = place();
  act(() => {
    render({ model, el });
  });
  expect(accuracy(el)).toBe("50.0 %");
});

test("two widgets are independent", async () => {
  const [one, other] = [open(1), open(1)];
  await receive(one.model, { metrics: changed(one.model.get("metrics"), { current_accuracy: 0 }) });
  expect(accuracy(one.els[0] ?? place())).toBe("0.0 %");
  expect(accuracy(other.els[0] ?? place())).toBe("94.2 %");
});

test("closing one view leaves the other", async () => {
  const { model, els, ends } = open(2);
  act(() => ends[0]?.());
  expect(els[0]?.childElementCount).toBe(0);
  await receive(model, { metrics: changed(model.get("metrics"), { current_accuracy: 0.5 }) });
  expect(accuracy(els[1] ?? place())).toBe("50.0 %");
});

test("no listener and no timer outlives the model, whichever way it ends", () => {
  for (const how of ["signal", "cleanup"]) {
    const model = new FakeModel(traitsOf("live"));
    const { initialize, render } = widget();
    const destroyed = new AbortController();
    const ends = [initialize({ model, signal: destroyed.signal })];
    const el = place();
    act(() => {
      ends.push(render({ model, el, signal: destroyed.signal }));
    });
    expect(model.listenerCount).toBeGreaterThan(0);
    act(() => {
      if (how === "signal") destroyed.abort();
      for (const end of ends) end();
    });
    expect(model.listenerCount).toBe(0);
    expect(el.childElementCount).toBe(0);
    vi.runOnlyPendingTimers();
    expect(vi.getTimerCount()).toBe(0);
  }
});

test("a disconnected kernel is shown, and so is its return", async () => {
  const { model, els } = open(1);
  const [el = place()] = els;
  const fresh = (): boolean => el.querySelector('[data-fresh="no"]') === null;
  el.classList.add("jupyter-widgets-disconnected");
  await act(async () => model.fire("comm_live_update"));
  expect(fresh()).toBe(false);
  expect(el.querySelector(".v-freshness")?.textContent).toMatch(/^Kernel gone/);
  await receive(model, { at: AT + 1 });
  expect(fresh()).toBe(true);
  el.classList.remove("jupyter-widgets-disconnected");
  await act(async () => model.fire("comm_live_update"));
  expect(fresh()).toBe(true);
  await act(async () => model.fire("comm:close"));
  expect(fresh()).toBe(false);
});

test("a kernel crash is noticed where the page has the kernel's status", () => {
  const slots = new Set<(sender: unknown, status: unknown) => void>();
  const statusChanged = {
    connect: (slot: () => void) => slots.add(slot),
    disconnect: (slot: () => void) => slots.delete(slot),
  };
  const model = new FakeModel(traitsOf("live"), { kernel: { statusChanged } });
  const { initialize, render } = widget();
  const end = initialize({ model });
  const el = place();
  act(() => {
    render({ model, el });
  });
  const say = (status: string): void => {
    act(() => {
      for (const slot of slots) slot(null, status);
    });
  };
  say("busy");
  expect(el.querySelector('[data-fresh="no"]')).toBeNull();
  say("starting");
  expect(el.querySelector('[data-fresh="no"]')).not.toBeNull();
  model.fire("comm_live_update");
  expect(el.querySelector('[data-fresh="no"]')).not.toBeNull();
  end();
  expect(slots.size).toBe(0);
});

test("a model without a kernel is shown as it was left", () => {
  const model = new FakeModel(traitsOf("live"));
  const { initialize, render } = widget();
  initialize({ model });
  const el = place();
  el.classList.add("jupyter-widgets-disconnected");
  act(() => {
    render({ model, el });
  });
  expect(accuracy(el)).toBe("94.2 %");
  expect(el.querySelector('[data-fresh="no"]')).not.toBeNull();
});

test("rows of models that changed join the others; with the history come all there are", async () => {
  const model = new FakeModel(traitsOf("compared"));
  const { initialize, render } = widget();
  initialize({ model });
  const el = place();
  act(() => {
    render({ model, el });
  });
  const listed = (): string[] =>
    [...el.querySelectorAll<HTMLInputElement>("input[type=radio]")].map((one) => one.value);
  const [, champion, challenger] = traitsOf("compared").models as [object, object, object];
  const third = { ...challenger, model_id: "churn-3", predictions_per_minute: 0 };
  await receive(model, { at: AT + 1, models: [third] });
  expect(listed()).toEqual(["churn-1", "churn-2.2", "churn-1.9", "churn-3"]);
  const history = model.get("history");
  await receive(model, {
    at: AT + 2,
    models: [champion, challenger],
    history: { ...(history as object) },
  });
  expect(listed()).toEqual(["churn-1", "churn-2.2"]);
});
