import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FakeEnvironment } from "../testing/lab";
import { backoff, EventStream } from "./eventStream";
import type { StreamMessage } from "./messages";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function open(alerts = true): {
  world: FakeEnvironment;
  stream: EventStream;
  received: StreamMessage[];
} {
  const world = new FakeEnvironment();
  const received: StreamMessage[] = [];
  const stream = new EventStream(world, { message: (one) => received.push(one) }, alerts);
  stream.start();
  return { world, stream, received };
}

const STATE = { type: "state", id: 7, stream: "run-1", kernels: [] };
const GONE = { type: "kernel", id: 8, kernel_id: "k", change: "removed", kernel: null };
const EVENT = {
  type: "training_completed",
  id: 9,
  kernel_id: "k",
  monitor: "default",
  seq: 3,
  at: 1,
  state: "completed",
  stage: "Fit",
  progress: 100,
  details: "",
  current: 1,
  total: 1,
  elapsed_seconds: 1,
  metrics: {},
  run_id: null,
};

async function pass(milliseconds: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(milliseconds);
}

test("requests updates and the events of alerts, and delivers its messages", () => {
  const { world, stream, received } = open();
  expect(world.socket.query.get("types")).toBe(
    "update,model_status_change,training_completed,training_alert",
  );
  expect(world.socket.query.has("since")).toBe(false);
  expect(stream.state.value).toBe("connecting");
  world.socket.onopen?.();
  world.socket.receive(STATE);
  world.socket.receive(GONE);
  expect(stream.state.value).toBe("live");
  expect(received.map((one) => one.type)).toEqual(["state", "kernel"]);
});

test("resumes after the last message when the connection breaks", async () => {
  const { world, stream } = open();
  world.socket.onopen?.();
  world.socket.receive(STATE);
  world.socket.receive(GONE);
  world.socket.break();
  expect(stream.state.value).toBe("waiting");
  await pass(499);
  expect(world.sockets).toHaveLength(1);
  await pass(1);
  expect(world.sockets).toHaveLength(2);
  expect(world.socket.query.get("since")).toBe("8");
  expect(world.socket.query.get("stream")).toBe("run-1");
  world.socket.onopen?.();
  expect(stream.state.value).toBe("live");
});

test("retries after increasing delays, which a message resets", async () => {
  const { world } = open();
  const waits: number[] = [];
  for (let failure = 0; failure < 8; failure += 1) {
    const before = world.sockets.length;
    world.socket.break();
    let waited = 0;
    while (world.sockets.length === before) {
      await pass(250);
      waited += 250;
    }
    waits.push(waited / 1000);
  }
  expect(waits).toEqual([0.5, 1, 2, 4, 8, 16, 30, 30]);
  world.socket.onopen?.();
  world.socket.receive(STATE);
  world.socket.break();
  await pass(500);
  expect(world.sockets).toHaveLength(10);
});

test("retry delays have jitter", () => {
  expect(backoff(1, 0)).toBe(250);
  expect(backoff(1, 1)).toBe(500);
  expect(backoff(100, 0)).toBe(15_000);
});

test("reconnects at once when the network is back", async () => {
  const { world } = open();
  for (let failure = 0; failure < 3; failure += 1) {
    world.socket.break();
    await pass(30_000);
  }
  world.socket.break();
  world.online();
  expect(world.sockets).toHaveLength(5);
});

test("reports a server without ipyvitals, and checks again each minute", async () => {
  const { world, stream } = open();
  world.probed = "missing";
  world.socket.break();
  await pass(0);
  expect(stream.state.value).toBe("missing");
  await pass(59_999);
  expect(world.sockets).toHaveLength(1);
  await pass(1);
  expect(world.sockets).toHaveLength(2);
});

test("reports a server that forbids access", async () => {
  const { world, stream } = open();
  world.probed = "forbidden";
  world.socket.break(1006);
  await pass(0);
  expect(stream.state.value).toBe("forbidden");
});

test("missed messages are followed by a fresh state", () => {
  const { world, received } = open();
  world.socket.onopen?.();
  world.socket.receive(STATE);
  world.socket.receive({ type: "missed", id: 50, count: 40 });
  world.socket.receive({ ...STATE, id: 50 });
  expect(received.map((one) => one.type)).toEqual(["state", "missed", "state"]);
});

test("closes while the page is hidden, and resumes when it is shown", () => {
  const { world, stream } = open(false);
  const first = world.socket;
  first.onopen?.();
  first.receive(STATE);
  world.hide(true);
  expect(first.closed).toBe(true);
  expect(stream.state.value).toBe("resting");
  expect(world.sockets).toHaveLength(1);
  world.hide(false);
  expect(world.sockets).toHaveLength(2);
  expect(world.socket.query.get("since")).toBe("7");
});

test("with alerts, a hidden page receives only these, and does not count as a viewer", () => {
  const { world, received } = open(true);
  const first = world.socket;
  first.onopen?.();
  first.receive(STATE);
  world.hide(true);
  const quiet = world.socket;
  expect(first.closed).toBe(true);
  expect(quiet.query.get("types")).toBe("model_status_change,training_completed,training_alert");
  quiet.onopen?.();
  expect(quiet.sent).toEqual([{ type: "hidden" }]);
  quiet.receive({ ...STATE, id: 20 });
  quiet.receive({ ...GONE, id: 21 });
  quiet.receive({ ...EVENT, id: 22 });
  expect(received.map((one) => one.type)).toEqual(["state", "training_completed"]);
  world.hide(false);
  // The last id of the complete stream: the stream of alerts leaves messages out.
  expect(world.socket.query.get("since")).toBe("7");
});

test("turning alerts on or off while the page is hidden opens or closes the stream", () => {
  const { world, stream } = open(false);
  world.hide(true);
  stream.alerts = true;
  expect(world.sockets).toHaveLength(2);
  stream.alerts = false;
  expect(world.socket.closed).toBe(true);
});

test("does nothing after dispose", async () => {
  const { world, stream } = open();
  world.socket.break();
  stream.dispose();
  await pass(60_000);
  expect(world.sockets).toHaveLength(1);
  expect(world.watched).toBe(false);
});

test("skips messages that are not valid", () => {
  const { world, received } = open();
  world.socket.onmessage?.({ data: "{" });
  world.socket.onmessage?.({ data: new ArrayBuffer(4) });
  for (const strange of [null, {}, { type: "state" }, { type: "news", id: 1, kernel_id: "k" }]) {
    world.socket.onmessage?.({ data: JSON.stringify(strange) });
  }
  expect(received).toEqual([]);
});
