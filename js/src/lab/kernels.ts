// The kernels of the server, with a store for each of their monitors.
import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { TRAITS } from "../schema/contract.gen";
import type { KernelState, Update } from "../schema/wire.gen";
import { Store } from "../state/store";
import type { StreamMessage } from "./messages";

export type KernelInfo = Omit<KernelState, "monitors">;

/** A store and the number of its last update. */
interface MonitorEntry {
  readonly store: Store;
  n: number;
}

const infoOf = ({ monitors, ...info }: KernelState): KernelInfo => info;

export class Kernel {
  readonly id: string;
  readonly info: Signal<KernelInfo>;
  /** Stores by monitor name, in order of creation. */
  readonly monitors: ReadonlySignal<ReadonlyMap<string, Store>>;

  readonly #entries = signal<ReadonlyMap<string, MonitorEntry>>(new Map());
  readonly #time: (() => number) | undefined;

  constructor(state: KernelState, time?: () => number) {
    this.id = state.kernel_id;
    this.info = signal(infoOf(state));
    this.#time = time;
    this.monitors = computed(
      () => new Map([...this.#entries.value].map(([name, { store }]) => [name, store])),
    );
    this.load(state);
  }

  /** Replaces the kernel's state; removes monitors that are not in it. */
  load(state: KernelState): void {
    batch(() => {
      this.info.value = infoOf(state);
      const names = new Set(state.monitors.map((update) => update.monitor));
      for (const name of this.#entries.peek().keys()) if (!names.has(name)) this.#remove(name);
      for (const update of state.monitors) this.#load(update);
      this.#updateConnected();
    });
  }

  /** Updates the kernel's own fields, and not its monitors. */
  describe(state: KernelState): void {
    batch(() => {
      this.info.value = infoOf(state);
      this.#updateConnected();
    });
  }

  receive(update: Update): void {
    const known = this.#entries.peek().get(update.monitor);
    // A lower number is of a new monitor of the same name.
    if (known === undefined || update.n < known.n) {
      if (update.full) this.#load(update);
      return;
    }
    const { store } = known;
    known.n = update.n;
    const changed = TRAITS.filter((trait) => trait !== "history" && update[trait] !== undefined);
    store.receive(changed, (trait) => update[trait], update.full ? "full" : "delta");
    if (update.runs && !update.curves) store.runs.sample();
  }

  disconnect(): void {
    for (const { store } of this.#entries.peek().values()) store.connected.value = false;
  }

  dispose(): void {
    for (const { store } of this.#entries.peek().values()) store.dispose();
  }

  #load(update: Update): void {
    const known = this.#entries.peek().get(update.monitor);
    // Without history in the update, the samples of the store are kept.
    const traits = TRAITS.filter((trait) => trait !== "history" || !known || update.history);
    if (known && update.n >= known.n) {
      known.n = update.n;
      known.store.receive(traits, (trait) => update[trait], "full");
      return;
    }
    known?.store.dispose();
    const store = new Store(this.#time);
    store.load((trait) => update[trait]);
    const others = new Map(this.#entries.peek());
    others.delete(update.monitor);
    this.#entries.value = others.set(update.monitor, { store, n: update.n });
  }

  #remove(name: string): void {
    const rest = new Map(this.#entries.peek());
    rest.get(name)?.store.dispose();
    rest.delete(name);
    this.#entries.value = rest;
  }

  #updateConnected(): void {
    const { connected, unavailable, execution_state } = this.info.peek();
    if (!connected || unavailable !== null || execution_state === "dead") this.disconnect();
    else for (const { store } of this.#entries.peek().values()) store.connected.value = true;
  }
}

export class KernelRegistry {
  readonly #all = signal<ReadonlyMap<string, Kernel>>(new Map());
  readonly #time: (() => number) | undefined;
  /** Kernels by id. */
  readonly all: ReadonlySignal<ReadonlyMap<string, Kernel>> = this.#all;
  /** Whether the server has sent its state. */
  readonly known = signal(false);

  /** `time` returns this machine's Unix time in seconds. */
  constructor(time?: () => number) {
    this.#time = time;
  }

  receive(message: StreamMessage): void {
    batch(() => {
      switch (message.type) {
        case "state":
          this.#reset(message.kernels);
          break;
        case "update":
          this.#all.peek().get(message.kernel_id)?.receive(message.update);
          break;
        case "kernel":
          if (message.kernel === null) this.#remove(message.kernel_id);
          else if (message.change === "session") this.#describe(message.kernel);
          else this.#put(message.kernel);
          break;
      }
    });
  }

  dispose(): void {
    for (const kernel of this.#all.peek().values()) kernel.dispose();
    this.#all.value = new Map();
  }

  #reset(states: readonly KernelState[]): void {
    const ids = new Set(states.map((state) => state.kernel_id));
    for (const id of this.#all.peek().keys()) if (!ids.has(id)) this.#remove(id);
    for (const state of states) this.#put(state);
    this.known.value = true;
  }

  #describe(state: KernelState): void {
    const known = this.#all.peek().get(state.kernel_id);
    if (known) known.describe(state);
    else this.#put(state);
  }

  #put(state: KernelState): void {
    const known = this.#all.peek().get(state.kernel_id);
    if (known) known.load(state);
    else this.#all.value = new Map(this.#all.peek()).set(state.kernel_id, this.#create(state));
  }

  #create(state: KernelState): Kernel {
    return new Kernel(state, this.#time);
  }

  #remove(id: string): void {
    const rest = new Map(this.#all.peek());
    const kernel = rest.get(id);
    if (kernel === undefined) return;
    kernel.disconnect();
    kernel.dispose();
    rest.delete(id);
    this.#all.value = rest;
  }
}

/** Returns the most active monitor; among equals, the newest. */
export function mostActive(monitors: ReadonlyMap<string, Store>): Store | undefined {
  let found: Store | undefined;
  for (const store of monitors.values()) {
    if (found === undefined || activityRank(store) >= activityRank(found)) found = store;
  }
  return found;
}

function activityRank(store: Store): number {
  if (store.closed.value) return 0;
  if (store.training.value.state === "running") return 3;
  return store.metrics.value.predictions_per_minute > 0 ? 2 : 1;
}
