// The notebook in front, and the kernel behind it.
import type { INotebookTracker, NotebookPanel } from "@jupyterlab/notebook";
import { type ReadonlySignal, signal } from "@preact/signals";

export interface Front {
  readonly path: string;
  readonly kernelId: string | null;
}

/** `serve.ipynb` */
export const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

const same = (a: Front | null, b: Front | null): boolean =>
  a?.path === b?.path && a?.kernelId === b?.kernelId;

/** Follows the notebook that was used last, through changes of its kernel and its name. */
export function followFront(tracker: INotebookTracker): ReadonlySignal<Front | null> {
  const front = signal<Front | null>(null);
  let panel: NotebookPanel | null = null;

  const look = (): void => {
    const found =
      panel === null || panel.isDisposed
        ? null
        : { path: panel.context.path, kernelId: panel.sessionContext.session?.kernel?.id ?? null };
    if (!same(found, front.peek())) front.value = found;
  };
  const leave = (): void => {
    panel?.sessionContext.kernelChanged.disconnect(look);
    panel?.sessionContext.sessionChanged.disconnect(look);
    panel?.context.pathChanged.disconnect(look);
  };
  const turn = (): void => {
    leave();
    panel = tracker.currentWidget;
    panel?.sessionContext.kernelChanged.connect(look);
    panel?.sessionContext.sessionChanged.connect(look);
    panel?.context.pathChanged.connect(look);
    look();
  };
  tracker.currentChanged.connect(turn);
  turn();
  return front;
}
