// Detects the end of a widget's kernel, in JupyterLab.
import { isObject } from "../schema/decode";

/**
 * A kernel that restarts has forgotten the widget, so for it this is the end as well. After a
 * crash, the first word that is sure to come is that the next process is starting.
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
 * Calls `gone` when the kernel of JupyterLab's widget manager ends, which its models are not
 * told when it crashes. Other pages have no such manager, and then this does nothing.
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
