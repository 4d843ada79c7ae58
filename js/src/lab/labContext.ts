// What every part of the sidebar and the status bar is handed.
import { computed, type ReadonlySignal, signal } from "@preact/signals";
import type { Store } from "../state/store";
import type { Language } from "../text/language";
import type { Front } from "./currentNotebook";
import type { StreamState } from "./eventStream";
import { foremost, type Kernel, type Kernels } from "./kernels";
import type { Act } from "./server";

export interface Lab {
  readonly kernels: Kernels;
  readonly front: ReadonlySignal<Front | null>;
  readonly stream: ReadonlySignal<StreamState>;
  readonly trans: Language;
  readonly act: Act;
  /** Brings a kernel's notebook to the front. */
  readonly goTo: (kernel: Kernel) => void;
  readonly copy: (text: string) => void;
}

/** A monitor, and the kernel that it lives in. */
export interface Shown {
  readonly kernel: Kernel;
  readonly store: Store;
}

/** Which monitor of the notebook in front is shown: the one that was chosen, else the one at work. */
export class Choice {
  readonly kernel: ReadonlySignal<Kernel | null>;
  readonly shown: ReadonlySignal<Shown | null>;
  readonly #chosen = signal<ReadonlyMap<string, string>>(new Map());

  constructor(lab: Pick<Lab, "kernels" | "front">) {
    this.kernel = computed(() => {
      const id = lab.front.value?.kernelId;
      return id ? (lab.kernels.all.value.get(id) ?? null) : null;
    });
    const name = computed(() => {
      const kernel = this.kernel.value;
      if (kernel === null) return null;
      const chosen = this.#chosen.value.get(kernel.id);
      const monitors = kernel.monitors.value;
      if (chosen !== undefined && monitors.has(chosen)) return chosen;
      return foremost(monitors)?.monitor.value ?? null;
    });
    this.shown = computed(() => {
      const kernel = this.kernel.value;
      const store = kernel?.monitors.value.get(name.value ?? "");
      return kernel && store ? { kernel, store } : null;
    });
  }

  choose(kernel: Kernel, monitor: string): void {
    this.#chosen.value = new Map(this.#chosen.value).set(kernel.id, monitor);
  }
}
