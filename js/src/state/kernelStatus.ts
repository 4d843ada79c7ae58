// Detects the end of a widget's kernel, in JupyterLab.
import { isObject } from "../schema/decode";

/**
 * Statuses after which the widget has no kernel. A restarted kernel does not know the widget; after
 * a crash, `starting` of the next process may be the first status that arrives.
 */
const FINAL_STATUSES = new Set<unknown>([
  "restarting",
  "autorestarting",
  "starting",
  "terminating",
  "dead",
]);

interface KernelStatusSignal {
  connect(onStatus: (sender: unknown, status: unknown) => void): unknown;
  disconnect(onStatus: (sender: unknown, status: unknown) => void): unknown;
}

function isSignal(value: unknown): value is KernelStatusSignal {
  return (
    isObject(value) &&
    typeof value["connect"] === "function" &&
    typeof value["disconnect"] === "function"
  );
}

/**
 * Calls `ended` when the kernel of JupyterLab's widget manager ends; a crash does not close the
 * comms of its models. Does nothing on pages without such a manager.
 */
export function onKernelEnd(manager: unknown, ended: () => void): () => void {
  const kernel = isObject(manager) ? manager["kernel"] : undefined;
  const status = isObject(kernel) ? kernel["statusChanged"] : undefined;
  if (!isSignal(status)) return () => undefined;
  const onStatus = (_: unknown, value: unknown): void => {
    if (FINAL_STATUSES.has(value)) ended();
  };
  status.connect(onStatus);
  return () => {
    status.disconnect(onStatus);
  };
}
