// The WebSocket to the server: reconnects, resumes, and disconnects while the page is hidden.
import { type ReadonlySignal, signal } from "@preact/signals";
import { decodeMessage, type StreamMessage } from "./messages";

/** The part of WebSocket that is used. */
export interface Socket {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  send(text: string): void;
  close(code?: number, reason?: string): void;
}

/** The browser's functions that the stream uses; tests replace them. */
export interface StreamEnvironment {
  /** Opens a socket to the server with these query parameters. */
  open(query: URLSearchParams): Socket;
  /** Returns whether the server offers the stream; called after a socket was refused. */
  probe(): Promise<ProbeResult>;
  hidden(): boolean;
  /** Calls `changed` whenever the page is hidden or shown, or the network is back online. */
  watch(changed: () => void): () => void;
  random(): number;
}

/** `ok`: the server offers the stream, so that only the connection failed. */
export type ProbeResult = "ok" | "missing" | "forbidden";

/**
 * `connecting` before the first message; `live`; `waiting` for the next retry; `resting` while the
 * page is hidden; `missing` or `forbidden` if the server does not offer the stream.
 */
export type StreamState = "connecting" | "live" | "waiting" | "resting" | "missing" | "forbidden";

const MIN_RETRY_MS = 500;
const MAX_RETRY_MS = 30_000;
/** Milliseconds between checks for a server without ipyvitals. */
const MISSING_RETRY_MS = 60_000;

/** The message types requested while the page is hidden. */
const ALERT_TYPES = ["model_status_change", "training_completed", "training_alert"];
const ALL_TYPES = ["update", ...ALERT_TYPES];

export interface StreamListener {
  message(message: StreamMessage): void;
}

export class EventStream {
  readonly #state = signal<StreamState>("connecting");
  readonly state: ReadonlySignal<StreamState> = this.#state;

  readonly #environment: StreamEnvironment;
  readonly #listener: StreamListener;
  #alerts: boolean;
  #socket: Socket | null = null;
  /** Whether the open socket receives alerts only. */
  #alertsOnly = false;
  /** The id of the last message of a complete stream, and the id of that stream. */
  #since: number | null = null;
  #run: string | null = null;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopWatching: (() => void) | undefined;

  /** With `alerts`, a hidden page still receives the events that cause notifications. */
  constructor(world: StreamEnvironment, listener: StreamListener, alerts: boolean) {
    this.#environment = world;
    this.#listener = listener;
    this.#alerts = alerts;
  }

  start(): void {
    this.#stopWatching ??= this.#environment.watch(() => this.#update());
    this.#update();
  }

  set alerts(wanted: boolean) {
    if (wanted === this.#alerts) return;
    this.#alerts = wanted;
    if (this.#stopWatching && this.#environment.hidden()) this.#update();
  }

  dispose(): void {
    this.#stopWatching?.();
    this.#stopWatching = undefined;
    this.#close();
  }

  /** Opens, replaces or closes the socket according to the page's visibility. */
  #update(): void {
    const hidden = this.#environment.hidden();
    if (hidden && !this.#alerts) {
      this.#close();
      this.#state.value = "resting";
      return;
    }
    if (this.#socket !== null && this.#alertsOnly === hidden) return;
    this.#failures = 0;
    this.#close();
    this.#connect(hidden);
  }

  #close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(1000, "hidden or closed");
  }

  #connect(alertsOnly: boolean): void {
    const query = new URLSearchParams({ types: (alertsOnly ? ALERT_TYPES : ALL_TYPES).join(",") });
    if (this.#since !== null && this.#run !== null) {
      query.set("since", String(this.#since));
      query.set("stream", this.#run);
    }
    this.#alertsOnly = alertsOnly;
    if (alertsOnly) this.#state.value = "resting";
    else if (this.#state.value === "resting") this.#state.value = "connecting";
    const socket = this.#environment.open(query);
    let opened = false;
    this.#socket = socket;
    socket.onopen = () => {
      opened = true;
      if (alertsOnly) socket.send(JSON.stringify({ type: "hidden" }));
      // A resumed socket may receive no message for a while.
      else if (this.#since !== null) this.#markLive();
    };
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onclose = () => {
      this.#socket = null;
      void this.#retry(alertsOnly, opened);
    };
  }

  #receive(data: unknown): void {
    const message = decodeMessage(parse(data));
    if (message === null) return;
    if (this.#alertsOnly) {
      // Updates are not requested here; the page resumes them when it is shown.
      if (message.type !== "state" && message.type !== "kernel") this.#listener.message(message);
      return;
    }
    if (message.type === "state") this.#run = message.stream;
    this.#since = message.id;
    this.#markLive();
    this.#listener.message(message);
  }

  #markLive(): void {
    this.#failures = 0;
    this.#state.value = "live";
  }

  async #retry(alertsOnly: boolean, opened: boolean): Promise<void> {
    const failure = ++this.#failures;
    if (!alertsOnly) this.#state.value = "waiting";
    this.#wait(backoff(failure, this.#environment.random()), alertsOnly);
    if (opened) return;
    const timer = this.#timer;
    const found = await this.#environment.probe();
    if (found === "ok" || timer !== this.#timer || this.#socket !== null) return;
    this.#state.value = found;
    this.#wait(MISSING_RETRY_MS, alertsOnly);
  }

  #wait(milliseconds: number, alertsOnly: boolean): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(alertsOnly), milliseconds);
  }
}

/** Returns an exponential backoff with jitter, which spreads the reconnects of many pages. */
export function backoff(failures: number, random: number): number {
  const longest = Math.min(MAX_RETRY_MS, MIN_RETRY_MS * 2 ** (failures - 1));
  return longest * (0.5 + random / 2);
}

function parse(data: unknown): unknown {
  if (typeof data !== "string") return null;
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
}
