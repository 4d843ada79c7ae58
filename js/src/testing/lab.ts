// Fakes of JupyterLab and its server for tests of the sidebar.
import { nullTranslator } from "@jupyterlab/translation";
import { signal } from "@preact/signals";
import type { CurrentNotebook } from "../lab/currentNotebook";
import type { ProbeResult, Socket, StreamEnvironment, StreamState } from "../lab/eventStream";
import { jupyterLanguage } from "../lab/jupyterLanguage";
import { KernelRegistry } from "../lab/kernels";
import { type LabContext, MonitorSelection } from "../lab/labContext";
import { decodeMessage, type StreamMessage } from "../lab/messages";
import type { ActionName } from "../lab/server";
import type { Language } from "../text/language";
import { type PanelState, traitsOf } from "./fixtures";

export const trans: Language = jupyterLanguage(nullTranslator);

type Wire = Record<string, unknown>;

/** Returns a full update of the kernel, made from a panel's fixture. */
export function full(state: PanelState, values: Wire = {}): Wire {
  const { history, ...traits } = traitsOf(state);
  return { v: 1, n: 1, seq: 1, full: true, events: [], ...traits, ...values };
}

export const withHistory = (state: PanelState, values: Wire = {}): Wire =>
  full(state, { history: traitsOf(state).history, ...values });

/** Returns a partial update with the given sections. */
export function delta(values: Wire): Wire {
  const { n, seq, at, monitor = "default", ...sections } = values;
  const head = { v: 1, monitor, n, seq: seq ?? n, at, full: false, closed: false };
  return { ...head, interval: 5, events: [], ...sections };
}

export function kernel(id: string, path: string | null, ...monitors: Wire[]): Wire {
  return {
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
  };
}

let ids = 0;

/** Returns a decoded message of the stream. */
export function message(type: string, values: Wire): StreamMessage {
  const decoded = decodeMessage({ type, id: ++ids, ...values });
  if (decoded === null) throw new Error(`not a message: ${type} ${JSON.stringify(values)}`);
  return decoded;
}

export const state = (...kernels: Wire[]): StreamMessage =>
  message("state", { stream: "run", kernels });

export class FakeSocket implements Socket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  readonly sent: unknown[] = [];
  closed = false;

  constructor(readonly query: URLSearchParams) {}

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.closed = true;
  }

  /** Delivers a message of the server. */
  receive(values: Wire): void {
    this.onmessage?.({ data: JSON.stringify(values) });
  }

  /** Breaks the connection. */
  break(code = 1006): void {
    this.closed = true;
    this.onclose?.({ code, reason: "" });
  }
}

export class FakeEnvironment implements StreamEnvironment {
  readonly sockets: FakeSocket[] = [];
  probed: ProbeResult = "ok";
  isHidden = false;
  #changed: (() => void) | null = null;

  open(query: URLSearchParams): Socket {
    const socket = new FakeSocket(query);
    this.sockets.push(socket);
    return socket;
  }

  get socket(): FakeSocket {
    const last = this.sockets.at(-1);
    if (last === undefined) throw new Error("no socket was opened");
    return last;
  }

  probe(): Promise<ProbeResult> {
    return Promise.resolve(this.probed);
  }

  hidden(): boolean {
    return this.isHidden;
  }

  random(): number {
    return 1;
  }

  watch(changed: () => void): () => void {
    this.#changed = changed;
    return () => {
      this.#changed = null;
    };
  }

  hide(hidden: boolean): void {
    this.isHidden = hidden;
    this.#changed?.();
  }

  online(): void {
    this.#changed?.();
  }

  get watched(): boolean {
    return this.#changed !== null;
  }
}

export interface ActionRequest {
  readonly kernelId: string;
  readonly action: ActionName;
  readonly monitor: string;
  readonly done: (count: number) => void;
  readonly fail: (message: string) => void;
}

/** Returns a LabContext whose requests are pending until the test answers them. */
export function fakeLabContext(
  time?: () => number,
  language: Language = trans,
): {
  lab: LabContext;
  selection: MonitorSelection;
  kernels: KernelRegistry;
  currentNotebook: { value: CurrentNotebook | null };
  stream: { value: StreamState };
  requests: ActionRequest[];
  activated: string[];
  copied: string[];
} {
  const kernels = new KernelRegistry(time);
  const currentNotebook = signal<CurrentNotebook | null>(null);
  const stream = signal<StreamState>("live");
  const requests: ActionRequest[] = [];
  const activated: string[] = [];
  const copied: string[] = [];
  const lab: LabContext = {
    kernels,
    currentNotebook,
    stream,
    trans: language,
    loadCurves: () => Promise.resolve([]),
    performAction: (kernelId, action, monitor) =>
      new Promise((done, reject) => {
        const fail = (text: string): void => reject(new Error(text));
        requests.push({ kernelId, action, monitor, done, fail });
      }),
    activateKernel: (one) => {
      activated.push(one.id);
    },
    copy: (text) => {
      copied.push(text);
    },
  };
  return {
    lab,
    selection: new MonitorSelection(lab),
    kernels,
    currentNotebook,
    stream,
    requests,
    activated,
    copied,
  };
}
