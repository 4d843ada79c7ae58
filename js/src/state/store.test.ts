import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { TRAITS, type Trait } from "../schema/contract.gen";
import { changed, type Traits, traitsOf } from "../testing/fixtures";
import { Store } from "./store";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/**
 * Opens a store with a live panel's traits, and a clock that is `ahead` seconds of the kernel's.
 */
function open(ahead = 0): { store: Store; traits: Traits; pass: (seconds: number) => void } {
  const traits = { ...traitsOf("live") };
  let now = (traits.at as number) + ahead;
  const store = new Store(() => now);
  store.load((trait) => traits[trait]);
  store.watch();
  const pass = (seconds: number): void => {
    now += seconds;
    vi.advanceTimersByTime(seconds * 1000);
  };
  return { store, traits, pass };
}

const receive = (store: Store, traits: Traits, values: Partial<Traits>): void => {
  Object.assign(traits, values);
  store.receive(Object.keys(values) as Trait[], (trait) => traits[trait]);
};

test("a fresh view has its values and its charts at once", () => {
  const { store } = open();
  expect(store.model.value.name).toBe("churn");
  expect(store.history.at).toHaveLength(61);
  expect(store.uptime.value).toBe(8100);
});

test("uptime goes on between messages", () => {
  const { store, traits, pass } = open();
  pass(10);
  expect(store.uptime.value).toBe(8110);
  receive(store, traits, { at: (traits.at as number) + 10 });
  expect(store.uptime.value).toBe(8110);
});

test("uptime stands still once the monitor is closed", () => {
  const { store, traits, pass } = open();
  receive(store, traits, { closed: true });
  pass(100);
  expect(store.uptime.value).toBe(8100);
});

test("the ages of workers' reports go on between messages", () => {
  const { store, traits, pass } = open();
  expect(store.workersAge.value).toBe(0);
  pass(10);
  receive(store, traits, { at: (traits.at as number) + 10 });
  expect(store.workersAge.value).toBe(10);
  receive(store, traits, {
    at: (traits.at as number) + 1,
    workers: [{ worker: "a" }, { name: 1 }],
  });
  expect(store.workersAge.value).toBe(0);
  expect(store.workers.value).toMatchObject([{ worker: "a", name: "", state: "alive" }]);
});

test("a clock that is wrong by minutes does not show", () => {
  const { store, traits, pass } = open(200);
  pass(1);
  receive(store, traits, { at: (traits.at as number) + 1 });
  expect(store.now.value).toBe(traits.at);
  expect(store.uptime.value).toBe(8101);
  expect(store.stale.value).toBe(false);
});

test("a late message does not set the clock back", () => {
  const { store, traits, pass } = open(0);
  pass(1);
  receive(store, traits, { at: (traits.at as number) + 1 });
  pass(8);
  receive(store, traits, { at: (traits.at as number) + 1 });
  expect(store.now.value).toBe((traits.at as number) + 7);
});

test.each([-3600, -60, 60, 3600])(
  "a kernel's clock that is set by %d s is followed with the next message",
  (step) => {
    const { store, traits, pass } = open();
    const start = traits.at as number;
    pass(1);
    receive(store, traits, { at: start + 1 });
    for (let second = 2; second < 8; second += 1) {
      pass(1);
      receive(store, traits, { at: start + step + second });
      expect(store.stale.value).toBe(false);
      expect(store.now.value).toBe(start + step + second);
      expect(store.history.at.at(-1)).toBe(start + step + second);
    }
    const times = store.history.at;
    expect([...times].sort((a, b) => a - b)).toEqual(times);
  },
);

test("a browser's clock that is set forward is followed with the next message", () => {
  const { store, traits } = open();
  const start = traits.at as number;
  receive(store, traits, { at: start + 1 });
  let now = start + 1;
  const other = new Store(() => now);
  other.load((trait) => traits[trait]);
  now = start + 3600;
  receive(other, traits, { at: start + 2 });
  now += 1;
  receive(other, traits, { at: start + 3 });
  expect(other.stale.value).toBe(false);
  expect(other.now.value).toBe(start + 3);
});

test("values are stale after 15 s or three intervals, whichever is longer", () => {
  const { store, traits, pass } = open();
  pass(15);
  expect(store.stale.value).toBe(false);
  pass(1);
  expect(store.stale.value).toBe(true);
  receive(store, traits, { at: (traits.at as number) + 16, interval: 30 });
  pass(60);
  expect(store.stale.value).toBe(false);
  pass(31);
  expect(store.stale.value).toBe(true);
});

test("without an update interval values are never stale", () => {
  const { store, traits, pass } = open();
  receive(store, traits, { interval: null });
  pass(10_000);
  expect(store.stale.value).toBe(false);
});

test("each tick adds a point of the values that hold then", () => {
  const { store, traits } = open();
  const at = (traits.at as number) + 1;
  receive(store, traits, { at, metrics: changed(traits.metrics, { current_accuracy: 0.5 }) });
  expect(store.history.at.at(-1)).toBe(at);
  expect(store.history.columns.current_accuracy.at(-1)).toBe(0.5);
  expect(store.history.columns.cpu_percent.at(-1)).toBe(38);
});

test("one message causes one change for subscribers", () => {
  const { store, traits } = open();
  const seen: string[] = [];
  const stop = store.now.subscribe(() => seen.push("time"));
  const stops = [store.model, store.metrics].map((section) =>
    section.subscribe(() => seen.push(`${store.at.peek()}`)),
  );
  seen.length = 0;
  const at = (traits.at as number) + 1;
  receive(store, traits, {
    model: changed(traits.model, { status: "idle" }),
    at,
    metrics: changed(traits.metrics, { warming: true }),
  });
  expect(seen.filter((label) => label !== "time")).toEqual([`${at}`, `${at}`]);
  stop();
  for (const each of stops) each();
});

test("invalid values leave the defaults", () => {
  const store = new Store(() => 0);
  store.load(() => "nonsense");
  store.receive(TRAITS, () => undefined);
  expect(store.at.value).toBeNull();
  expect(store.stale.value).toBe(false);
  expect(store.uptime.value).toBeNull();
});

test("no timer is left when the last watcher goes", () => {
  const store = new Store(() => 0);
  const stops = [store.watch(), store.watch()];
  stops[0]?.();
  stops[0]?.();
  expect(vi.getTimerCount()).toBe(1);
  stops[1]?.();
  expect(vi.getTimerCount()).toBe(0);
});
