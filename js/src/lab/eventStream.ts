// The one WebSocket to the server: reconnects, resumes, and rests while nobody looks.
import { type ReadonlySignal, signal } from "@preact/signals";
import { decodeMessage, type Message } from "./messages";

/** What of a WebSocket is used here. */
export interface Socket {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  send(text: string): void;
  close(code?: number, reason?: string): void;
}

/** The world around the stream, which tests replace. */
export interface World {
  /** Opens a socket at `path?query` of the server. */
  open(query: URLSearchParams): Socket;
  /** Whether the server offers the stream at all: asked when a socket was refused. */
  probe(): Promise<Probe>;
  hidden(): boolean;
  /** Calls `changed` whenever the page is hidden or shown, or the network is back. */
  watch(changed: () => void): () => void;
  random(): number;
}

/** `ok` means that nothing but the connection was wrong. */
export type Probe = "ok" | "missing" | "forbidden";

/**
 * `connecting` before the first message, `live`, `waiting` to try again, `resting` while the page
 * is hidden; `missing` and `forbidden` when the server says so.
 */
export type StreamState = "connecting" | "live" | "waiting" | "resting" | "missing" | "forbidden";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
/** How often to look whether the server has ipyvitals by now. */
const MISSING_WAIT_MS = 60_000;

const ALL = ["update", "model_status_change", "training_completed"];
/** What is worth hearing while the page is hidden. */
const ALERTS = ["model_status_change", "training_completed"];

export interface Listener {
  message(message: Message): void;
}

export class Stream {
  readonly #state = signal<StreamState>("connecting");
  readonly state: ReadonlySignal<StreamState> = this.#state;

  readonly #world: World;
  readonly #listener: Listener;
  #alerts: boolean;
  #socket: Socket | null = null;
  /** Whether the open socket hears alerts alone. */
  #quiet = false;
  /** The last message that everything was heard up to, and the run of the server it is of. */
  #since: number | null = null;
  #run: string | null = null;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopWatching: (() => void) | undefined;

  /** With `alerts`, a hidden page goes on hearing of what the user may want to be told. */
  constructor(world: World, listener: Listener, alerts: boolean) {
    this.#world = world;
    this.#listener = listener;
    this.#alerts = alerts;
  }

  start(): void {
    this.#stopWatching ??= this.#world.watch(() => this.#look());
    this.#look();
  }

  set alerts(wanted: boolean) {
    if (wanted === this.#alerts) return;
    this.#alerts = wanted;
    if (this.#stopWatching && this.#world.hidden()) this.#look();
  }

  dispose(): void {
    this.#stopWatching?.();
    this.#stopWatching = undefined;
    this.#drop();
  }

  /** Sees to it that the socket is the one that the page needs now. */
  #look(): void {
    const hidden = this.#world.hidden();
    if (hidden && !this.#alerts) {
      this.#drop();
      this.#state.value = "resting";
      return;
    }
    if (this.#socket !== null && this.#quiet === hidden) return;
    this.#failures = 0;
    this.#drop();
    this.#connect(hidden);
  }

  #drop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(1000, "hidden or closed");
  }

  #connect(quiet: boolean): void {
    const query = new URLSearchParams({ types: (quiet ? ALERTS : ALL).join(",") });
    if (this.#since !== null && this.#run !== null) {
      query.set("since", String(this.#since));
      query.set("stream", this.#run);
    }
    this.#quiet = quiet;
    if (quiet) this.#state.value = "resting";
    else if (this.#state.value === "resting") this.#state.value = "connecting";
    const socket = this.#world.open(query);
    let opened = false;
    this.#socket = socket;
    socket.onopen = () => {
      opened = true;
      if (quiet) socket.send(JSON.stringify({ type: "hidden" }));
      // A socket that resumes may have nothing to tell for a while.
      else if (this.#since !== null) this.#alive();
    };
    socket.onmessage = ({ data }) => this.#take(data);
    socket.onclose = () => {
      this.#socket = null;
      void this.#retry(quiet, opened);
    };
  }

  #take(data: unknown): void {
    const message = decodeMessage(parse(data));
    if (message === null) return;
    if (this.#quiet) {
      // What it leaves out is asked for when somebody looks again.
      if (message.type !== "state" && message.type !== "kernel") this.#listener.message(message);
      return;
    }
    if (message.type === "state") this.#run = message.stream;
    this.#since = message.id;
    this.#alive();
    this.#listener.message(message);
  }

  #alive(): void {
    this.#failures = 0;
    this.#state.value = "live";
  }

  async #retry(quiet: boolean, opened: boolean): Promise<void> {
    const failure = ++this.#failures;
    if (!quiet) this.#state.value = "waiting";
    this.#wait(backoff(failure, this.#world.random()), quiet);
    if (opened) return;
    const timer = this.#timer;
    const found = await this.#world.probe();
    if (found === "ok" || timer !== this.#timer || this.#socket !== null) return;
    this.#state.value = found;
    this.#wait(MISSING_WAIT_MS, quiet);
  }

  #wait(milliseconds: number, quiet: boolean): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(quiet), milliseconds);
  }
}

/** Doubles with each failure; the jitter keeps many pages from coming back in one moment. */
export function backoff(failures: number, random: number): number {
  const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (failures - 1));
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
