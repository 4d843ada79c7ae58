// Renders the sidebar and the status bar item in every state, from the fixtures of Python.
// Query parameters: ?theme=dark
import { signal } from "@preact/signals";
import { h, render } from "preact";
import type { CurrentNotebook } from "../src/lab/currentNotebook";
import type { StreamState } from "../src/lab/eventStream";
import { KernelRegistry } from "../src/lab/kernels";
import { type LabContext, MonitorSelection } from "../src/lab/labContext";
import { decodeMessage } from "../src/lab/messages";
import { SidebarContent } from "../src/lab/SidebarContent";
import { StatusButton } from "../src/lab/statusbar";
import { english } from "../src/text/language";
import { runStates } from "./runs.js";

type Values = Record<string, unknown>;

const theme = new URLSearchParams(location.search).get("theme") ?? "light";
document.documentElement.setAttribute("theme", theme);

const NAMES = ["live", "training", "degraded", "idle", "failed", "stopped", "compared", "empty"];
const fixtures = new Map<string, Values>();
for (const name of NAMES) {
  const file = await fetch(`../../tests/contract/fixtures/panel_${name}.json`);
  fixtures.set(name, await file.json());
}
const now = fixtures.get("live")?.["at"] as number;
for (const [name, traits] of Object.entries(runStates(fixtures.get("training")))) {
  fixtures.set(name, traits as Values);
}

const update = (name: string, values: Values = {}): Values => ({
  ...{ v: 1, n: 1, seq: 1, full: true, events: [] },
  ...fixtures.get(name),
  ...values,
});
const kernel = (
  id: string,
  path: string | null,
  monitors: Values[],
  values: Values = {},
): Values => ({
  kernel_id: id,
  kernel_name: "python3",
  path,
  session_name: null,
  execution_state: "idle",
  connections: 1,
  connected: true,
  unavailable: null,
  last_seen: null,
  monitors,
  ...values,
});

const CURRENT = "work/serve.ipynb";
const OTHERS = [
  kernel("degraded", "fraud/monitor.ipynb", [update("degraded")]),
  kernel("training", "digits.ipynb", [update("training")]),
  kernel("curves", "resnet.ipynb", [update("curves")]),
  kernel("idle", "a-notebook-with-a-rather-long-name-in-a-narrow-sidebar.ipynb", [update("idle")]),
  kernel("closed", "yesterday.ipynb", [update("stopped")]),
  kernel("gone", "crashed.ipynb", [update("live")], { execution_state: "dead" }),
  kernel("gateway", "remote.ipynb", [], {
    unavailable: "its kernel runs behind a gateway, to which the server does not listen",
  }),
];

const ENDED = {
  ...{ at: now, last_seen: now - 4, reason: "out_of_memory", exit_code: -9, signal: "SIGKILL" },
  text: "out of memory: 7.9 of 8.0 GiB",
  ...{ memory_used_bytes: 7.9 * 2 ** 30, memory_limit_bytes: 8 * 2 ** 30 },
  ...{ stage: "Fit", current: 312, total: 1000 },
};

interface Scene {
  kernels?: Values[];
  /** Null if no notebook is open. */
  path?: string | null;
  stream?: StreamState;
  /** The error with which actions fail; without it they stay pending. */
  failure?: string;
  /** The text of the button to click. */
  click?: string;
}

const current = (...monitors: Values[]): Values => kernel("current", CURRENT, monitors);
const SCENES: Record<string, Scene> = {
  live: { kernels: [current(update("live")), ...OTHERS] },
  expanded: { kernels: [current(update("live"))], click: "System" },
  training: { kernels: [current(update("training"))] },
  curves: { kernels: [current(update("curves"))] },
  "parallel runs": { kernels: [current(update("three"))] },
  stopping: { kernels: [current(update("training"))], click: "Stop training" },
  degraded: { kernels: [current(update("degraded")), ...OTHERS.slice(1, 4)] },
  "action failed": {
    kernels: [current(update("degraded"))],
    click: "Acknowledge",
    failure: "the kernel did not answer within 5 s",
  },
  "several monitors": {
    kernels: [
      current(update("live", { monitor: "serving" }), update("compared", { monitor: "fitting" })),
    ],
  },
  "kernel gone": { kernels: [kernel("current", CURRENT, [update("live")], { connected: false })] },
  "kernel died": {
    kernels: [
      kernel("current", CURRENT, [], { ended: ENDED }),
      kernel("other", "fraud/monitor.ipynb", [], { ended: ENDED }),
    ],
  },
  "gone amid training": {
    kernels: [kernel("current", CURRENT, [update("training")], { connected: false })],
  },
  "connection lost": { kernels: [current(update("live"))], stream: "waiting" },
  "nothing known": { kernels: [current(update("empty"))] },
  "no monitor": { kernels: [current(), ...OTHERS] },
  "no notebook": { kernels: [], path: null },
  unavailable: { kernels: [kernel("current", CURRENT, [], { unavailable: "behind a gateway" })] },
  connecting: { stream: "connecting" },
  missing: { stream: "missing" },
  forbidden: { stream: "forbidden" },
};

function show(name: string, { kernels: states, path = CURRENT, stream, failure, click }: Scene) {
  const kernels = new KernelRegistry(() => now);
  const message = decodeMessage({ type: "state", id: 1, stream: "gallery", kernels: states });
  if (states !== undefined && message !== null) kernels.receive(message);
  const lab: LabContext = {
    kernels,
    currentNotebook: signal<CurrentNotebook | null>(
      path === null ? null : { path, kernelId: "current" },
    ),
    stream: signal<StreamState>(stream ?? "live"),
    trans: english,
    performAction: () =>
      failure === undefined ? new Promise(() => undefined) : Promise.reject(new Error(failure)),
    loadCurves: () => Promise.resolve([]),
    activateKernel: () => undefined,
    copy: () => undefined,
  };
  const selection = new MonitorSelection(lab);
  const place = document.body.appendChild(document.createElement("div"));
  place.appendChild(document.createElement("h2")).textContent = name;
  const sidebar = place.appendChild(document.createElement("div"));
  sidebar.className = "ipyvitals-sidebar";
  const bar = place.appendChild(document.createElement("div"));
  bar.className = "ipyvitals-statusbar";
  render(h(SidebarContent, { lab, selection }), sidebar);
  render(h(StatusButton, { lab, selection, open: () => undefined }), bar);
  if (click === undefined) return;
  [...sidebar.querySelectorAll("button")].find((one) => one.textContent === click)?.click();
}

for (const [name, scene] of Object.entries(SCENES)) show(name, scene);
await new Promise((done) => setTimeout(done, 1000));
document.body.dataset["ready"] = "";
