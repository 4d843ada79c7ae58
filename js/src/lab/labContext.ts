// The dependencies and the shared state of the sidebar and the status bar.
import { computed, type ReadonlySignal, signal } from "@preact/signals";
import type { Store } from "../state/store";
import type { Language } from "../text/language";
import type { CurrentNotebook } from "./currentNotebook";
import type { StreamState } from "./eventStream";
import { type Kernel, type KernelRegistry, mostActive } from "./kernels";
import type { LoadCurves, PerformAction } from "./server";

export interface LabContext {
  readonly kernels: KernelRegistry;
  readonly currentNotebook: ReadonlySignal<CurrentNotebook | null>;
  readonly stream: ReadonlySignal<StreamState>;
  readonly trans: Language;
  readonly performAction: PerformAction;
  readonly loadCurves: LoadCurves;
  /** Activates the notebook of a kernel. */
  readonly activateKernel: (kernel: Kernel) => void;
  readonly copy: (text: string) => void;
}

/** A monitor and its kernel. */
export interface SelectedMonitor {
  readonly kernel: Kernel;
  readonly store: Store;
}

/** The monitor to show of the current notebook: the one the user selected, else the most active. */
export class MonitorSelection {
  readonly kernel: ReadonlySignal<Kernel | null>;
  readonly selected: ReadonlySignal<SelectedMonitor | null>;
  readonly #selectedNames = signal<ReadonlyMap<string, string>>(new Map());

  constructor(lab: Pick<LabContext, "kernels" | "currentNotebook">) {
    this.kernel = computed(() => {
      const id = lab.currentNotebook.value?.kernelId;
      return id ? (lab.kernels.all.value.get(id) ?? null) : null;
    });
    const name = computed(() => {
      const kernel = this.kernel.value;
      if (kernel === null) return null;
      const selectedName = this.#selectedNames.value.get(kernel.id);
      const monitors = kernel.monitors.value;
      if (selectedName !== undefined && monitors.has(selectedName)) return selectedName;
      return mostActive(monitors)?.monitor.value ?? null;
    });
    this.selected = computed(() => {
      const kernel = this.kernel.value;
      const store = kernel?.monitors.value.get(name.value ?? "");
      return kernel && store ? { kernel, store } : null;
    });
  }

  select(kernel: Kernel, monitor: string): void {
    this.#selectedNames.value = new Map(this.#selectedNames.value).set(kernel.id, monitor);
  }
}
