// The texts and the sort order of one line of "Other notebooks".

import type { Store } from "../state/store";
import { bytes, count, elapsed, progress, ratio, roughly, shortCount } from "../text/format";
import type { Language } from "../text/language";
import { stalenessText, statusLabel, statusTone, type Tone } from "../view/labels";
import { fileName } from "./currentNotebook";
import type { KernelInfo } from "./kernels";

export interface MonitorRow {
  readonly tone: Tone;
  readonly name: string;
  readonly version: string;
  /** The accuracy, or the progress of training. */
  readonly figure: string;
  /** `Live, 1,204/min` */
  readonly state: string;
  readonly place: string;
  /** Progress of the current run in percent; null if there is none or its total is not known. */
  readonly progress: number | null;
  readonly memory: string;
  /** False once the monitor is closed or its kernel is gone. */
  readonly fresh: boolean;
}

export function monitorRow(store: Store, info: KernelInfo, trans: Language): MonitorRow {
  const { name, version, status } = store.model.value;
  const { process_memory_bytes: memory } = store.system.value;
  const run = store.training.value;
  const running = run.state === "running";
  const accuracy = store.metrics.value.current_accuracy;
  const fresh = store.connected.value && !store.closed.value;
  const progressText = run.progress === null ? count(run.current) : progress(run.progress);
  return {
    tone: fresh ? statusTone(status) : "muted",
    name: name ?? store.monitor.value,
    version: version ?? "",
    figure: running ? progressText : accuracy === null ? ratio(null) : `${ratio(accuracy)} %`,
    state: stateText(store, trans),
    place: kernelLabel(info, trans),
    progress: running && fresh ? run.progress : null,
    memory: memory === null ? "" : bytes(memory),
    fresh,
  };
}

export const kernelLabel = (info: KernelInfo, trans: Language): string => {
  const named = info.path ? fileName(info.path) : info.session_name;
  return named || info.kernel_name || trans.__("kernel without a notebook");
};

function stateText(store: Store, trans: Language): string {
  const model = store.model.value;
  const stale = stalenessText(store, trans);
  if (stale !== "") return stale;
  const label = statusLabel(model.status, trans);
  const run = store.training.value;
  if (run.state === "running") {
    if (run.stop_requested) return trans.__("%1, stopping", label);
    const left = run.eta_seconds;
    return left === null ? label : trans.__("%1, %2 left", label, elapsed(left));
  }
  if (model.status === "idle" && model.status_since !== null) {
    return trans.__("%1 for %2", label, roughly(store.now.value - model.status_since));
  }
  const { predictions_per_minute: rate, total_predictions: total } = store.metrics.value;
  return rate === 0 && total === 0 ? label : trans.__("%1, %2/min", label, shortCount(rate));
}

/** Sorts by urgency, then by name; monitors that have ended come last. */
export function sortKey(row: MonitorRow): readonly [number, string] {
  const urgency = { bad: 0, warn: 1, accent: 2, ok: 3, muted: 4 }[row.tone];
  return [row.fresh ? urgency : 5, `${row.name} ${row.version} ${row.place}`];
}

export function compareRows(a: MonitorRow, b: MonitorRow): number {
  const [first, one] = sortKey(a);
  const [second, other] = sortKey(b);
  return first - second || one.localeCompare(other);
}
