// Tracks the current notebook and its kernel.
import type { INotebookTracker, NotebookPanel } from "@jupyterlab/notebook";
import { type ReadonlySignal, signal } from "@preact/signals";

export interface CurrentNotebook {
  readonly path: string;
  readonly kernelId: string | null;
}

/** `serve.ipynb` */
export const fileName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

const isSame = (a: CurrentNotebook | null, b: CurrentNotebook | null): boolean =>
  a?.path === b?.path && a?.kernelId === b?.kernelId;

/** Returns a signal of the notebook used last, which follows changes of its kernel and its path. */
export function followCurrentNotebook(
  tracker: INotebookTracker,
): ReadonlySignal<CurrentNotebook | null> {
  const front = signal<CurrentNotebook | null>(null);
  let panel: NotebookPanel | null = null;

  const update = (): void => {
    const found =
      panel === null || panel.isDisposed
        ? null
        : { path: panel.context.path, kernelId: panel.sessionContext.session?.kernel?.id ?? null };
    if (!isSame(found, front.peek())) front.value = found;
  };
  const disconnect = (): void => {
    panel?.sessionContext.kernelChanged.disconnect(update);
    panel?.sessionContext.sessionChanged.disconnect(update);
    panel?.context.pathChanged.disconnect(update);
  };
  const connect = (): void => {
    disconnect();
    panel = tracker.currentWidget;
    panel?.sessionContext.kernelChanged.connect(update);
    panel?.sessionContext.sessionChanged.connect(update);
    panel?.context.pathChanged.connect(update);
    update();
  };
  tracker.currentChanged.connect(connect);
  connect();
  return front;
}
