// The latest values of one monitor, shared by all its views.
import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type {
  DriftSection,
  LabelsSection,
  MetricsSection,
  ModelSection,
  Notice,
  SystemSection,
  TrainingSection,
  WorkerInfo,
} from "../schema/contract.gen";
import { DEFAULTS, STRUCT_SECTIONS, TRAITS, type Trait } from "../schema/contract.gen";
import {
  decodeCurves,
  decodeModels,
  decodeNotices,
  decodeSection,
  decodeWorkers,
  isNumber,
} from "../schema/decode";
import type { Maybe } from "../text/format";
import { History } from "./history";
import { type ChartSeries, ModelRegistry } from "./models";
import { RunRegistry } from "./runs";

/**
 * The extent of a message: `fresh` is the initial state with the history, `full` has all sections,
 * `delta` has the changed sections, and in `models` the changed rows.
 */
export type Extent = "fresh" | "full" | "delta";

/** Values are stale after three missed updates, and not before 15 s. */
const STALE_TICKS = 3;
const STALE_SECONDS = 15;
/** A clock that is off by more than this was set; messages are delayed by less. */
const STEP_SECONDS = 10;

export class Store implements ChartSeries {
  readonly monitor = signal("");
  readonly at = signal<Maybe>(null);
  readonly interval = signal<Maybe>(null);
  readonly model: Signal<ModelSection> = signal(DEFAULTS.ModelSection);
  readonly training: Signal<TrainingSection> = signal(DEFAULTS.TrainingSection);
  readonly metrics: Signal<MetricsSection> = signal(DEFAULTS.MetricsSection);
  readonly system: Signal<SystemSection> = signal(DEFAULTS.SystemSection);
  readonly notices = signal<readonly Notice[]>([]);
  readonly models = new ModelRegistry();
  readonly runs = new RunRegistry();
  readonly workers = signal<readonly WorkerInfo[]>([]);
  readonly labels: Signal<LabelsSection> = signal(DEFAULTS.LabelsSection);
  readonly drift: Signal<DriftSection> = signal(DEFAULTS.DriftSection);
  readonly closed = signal(false);
  /** False once the kernel is known to be gone. */
  readonly connected = signal(true);
  readonly history = new History();
  /** Increases when charts of `history`, which is changed in place, have to be redrawn. */
  readonly revision = signal(0);
  /** The kernel's time in Unix seconds; updated once a second while a view is open. */
  readonly now: ReadonlySignal<number>;
  /** Seconds since the model was deployed; increases between messages, too. */
  readonly uptime: ReadonlySignal<Maybe>;
  /** Seconds since the newest rows of workers came, by which the ages of their reports grow. */
  readonly workersAge: ReadonlySignal<number>;
  /** Seconds since the running cell started; increases between messages; null if none is known. */
  readonly busy: ReadonlySignal<Maybe>;
  readonly stale: ReadonlySignal<boolean>;

  readonly #time: () => number;
  readonly #seconds: Signal<number>;
  readonly #modelAt = signal<Maybe>(null);
  readonly #workersAt = signal<Maybe>(null);
  /** This clock minus the kernel's: the minimum over all messages since either was set. */
  readonly #clockOffset = signal(0);
  #ticked = false;
  #watchers = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** `time` returns this machine's Unix time in seconds. */
  constructor(time: () => number = () => Date.now() / 1000) {
    this.#time = time;
    this.#seconds = signal(time());
    this.now = computed(() => this.#seconds.value - this.#clockOffset.value);
    this.uptime = computed(() => {
      const { uptime_seconds: known } = this.model.value;
      const since = this.#modelAt.value;
      if (known === null || since === null) return known;
      return known + this.#passed(since);
    });
    this.workersAge = computed(() => this.#passed(this.#workersAt.value));
    this.busy = computed(() => {
      const {
        kernel_busy,
        kernel_busy_since: since,
        kernel_busy_seconds: known,
      } = this.system.value;
      if (!kernel_busy) return null;
      // Without an update interval, the end of the cell would not be noticed.
      if (since === null || this.interval.value === null) return known;
      const ended = this.closed.value || !this.connected.value;
      return ended ? this.#since(since) : Math.max(0, this.now.value - since);
    });
    this.stale = computed(() => {
      const [at, interval] = [this.at.value, this.interval.value];
      if (at === null || interval === null || this.closed.value) return false;
      return this.now.value - at > Math.max(STALE_TICKS * interval, STALE_SECONDS);
    });
  }

  /** Loads everything, with the history. */
  load(read: (trait: Trait) => unknown): void {
    this.receive(TRAITS, read, "fresh");
  }

  /** Applies one message of the kernel: the traits that changed. */
  receive(
    changed: Iterable<Trait>,
    read: (trait: Trait) => unknown,
    extent: Extent = "delta",
  ): void {
    const live = extent !== "fresh";
    batch(() => {
      const names = new Set(changed);
      for (const name of names) this.#set(name, read(name), extent);
      const at = this.at.value;
      if (names.has("at") && at !== null) this.#tick(at, live);
      if (names.has("model")) this.#modelAt.value = at;
      if (names.has("workers")) this.#workersAt.value = at;
      if (live) this.connected.value = true;
    });
  }

  /** Updates the clock each second until the returned function is called. */
  watch(): () => void {
    this.#watchers += 1;
    this.refresh();
    this.#timer ??= setInterval(() => this.refresh(), 1000);
    let watching = true;
    return () => {
      if (!watching) return;
      watching = false;
      this.#watchers -= 1;
      if (this.#watchers === 0) this.dispose();
    };
  }

  /** Reads the clock. */
  refresh(): void {
    this.#seconds.value = this.#time();
  }

  dispose(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Returns the seconds since a moment, up to the end of a monitor that has ended. */
  #passed(since: Maybe): number {
    if (since === null) return 0;
    if (this.closed.value || !this.connected.value) return this.#since(since);
    return Math.max(0, this.now.value - since);
  }

  #since(start: number): number {
    return Math.max(0, (this.at.value ?? start) - start);
  }

  #set(name: Trait, value: unknown, extent: Extent): void {
    switch (name) {
      case "monitor":
        this.monitor.value = typeof value === "string" ? value : "";
        break;
      case "at":
      case "interval":
        this[name].value = isNumber(value) ? value : null;
        break;
      case "notices":
        this.notices.value = decodeNotices(value);
        break;
      case "models":
        this.models.receive(decodeModels(value), extent !== "delta");
        break;
      case "workers":
        this.workers.value = decodeWorkers(value);
        break;
      case "history":
        this.history.load(value);
        this.revision.value += 1;
        break;
      case "runs":
        this.runs.receive(value, extent !== "delta");
        this.runs.sample("workers");
        break;
      case "curves":
        this.runs.add(decodeCurves(value));
        break;
      case "closed":
        this.closed.value = value === true;
        break;
      default:
        (this[name] as Signal<unknown>).value = decodeSection(STRUCT_SECTIONS[name], value);
    }
  }

  #tick(at: number, live: boolean): void {
    const offset = this.#time() - at;
    const known = this.#clockOffset.value;
    // A message that seems this late shows that one of the clocks was set.
    const set = !this.#ticked || offset > known + STEP_SECONDS;
    if (live) this.#clockOffset.value = set ? offset : Math.min(known, offset);
    else this.#clockOffset.value = Math.min(0, offset);
    this.#ticked ||= live;
    this.refresh();
    if (!live) return;
    const interval = this.interval.value;
    const gap = interval === null ? undefined : Math.max(STALE_TICKS * interval, STALE_SECONDS);
    const point = { ...this.metrics.value, ...this.system.value };
    if (this.history.add(at, point, gap)) this.revision.value += 1;
    this.models.tick(at, point, gap);
  }
}
