// What one line of "Other notebooks" says of a monitor.
import { bytes, count, duration, progress, ratio, roughly, shortCount } from "../format";
import type { Language } from "../language";
import type { Store } from "../store";
import { freshness, statusTone, statusWord, type Tone } from "../view/words";
import { nameOf } from "./front";
import type { KernelInfo } from "./kernels";

export interface Row {
  readonly tone: Tone;
  readonly name: string;
  readonly version: string;
  /** Accuracy, or how far training has come. */
  readonly figure: string;
  /** `Live, 1,204/min`, apart from the place. */
  readonly state: string;
  readonly place: string;
  /** Percent of the run in front; null while there is none or no total is known. */
  readonly progress: number | null;
  readonly memory: string;
  /** False once nothing more will come from it. */
  readonly fresh: boolean;
}

export function rowOf(store: Store, info: KernelInfo, trans: Language): Row {
  const { name, version, status } = store.model.value;
  const { process_memory_bytes: memory } = store.system.value;
  const run = store.training.value;
  const running = run.state === "running";
  const accuracy = store.metrics.value.current_accuracy;
  const fresh = store.connected.value && !store.closed.value;
  const told = run.progress === null ? count(run.current) : progress(run.progress);
  return {
    tone: fresh ? statusTone(status) : "muted",
    name: name ?? store.monitor.value,
    version: version ?? "",
    figure: running ? told : accuracy === null ? ratio(null) : `${ratio(accuracy)} %`,
    state: stateOf(store, trans),
    place: placeOf(info, trans),
    progress: running && fresh ? run.progress : null,
    memory: memory === null ? "" : bytes(memory),
    fresh,
  };
}

export const placeOf = (info: KernelInfo, trans: Language): string => {
  const named = info.path ? nameOf(info.path) : info.session_name;
  return named || info.kernel_name || trans.__("kernel without a notebook");
};

function stateOf(store: Store, trans: Language): string {
  const model = store.model.value;
  const stale = freshness(store, trans);
  if (stale !== "") return stale;
  const word = statusWord(model.status, trans);
  const run = store.training.value;
  if (run.state === "running") {
    if (run.stop_requested) return trans.__("%1, stopping", word);
    const left = run.eta_seconds;
    return left === null ? word : trans.__("%1, %2 left", word, duration(left));
  }
  if (model.status === "idle" && model.status_since !== null) {
    return trans.__("%1 for %2", word, roughly(store.now.value - model.status_since));
  }
  const { predictions_per_minute: rate, total_predictions: total } = store.metrics.value;
  return rate === 0 && total === 0 ? word : trans.__("%1, %2/min", word, shortCount(rate));
}

/** Those that need attention, then those at work, then by name; what has ended comes last. */
export function order(row: Row): readonly [number, string] {
  const urgency = { bad: 0, warn: 1, accent: 2, ok: 3, muted: 4 }[row.tone];
  return [row.fresh ? urgency : 5, `${row.name} ${row.version} ${row.place}`];
}

export function compareRows(a: Row, b: Row): number {
  const [first, one] = order(a);
  const [second, other] = order(b);
  return first - second || one.localeCompare(other);
}
