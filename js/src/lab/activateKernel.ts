// Activates the notebook or console of a kernel.
import type { JupyterFrontEnd } from "@jupyterlab/application";
import type { Widget } from "@lumino/widgets";
import { isObject } from "../schema/decode";
import type { Kernel } from "./kernels";

export function activateKernel(app: JupyterFrontEnd, kernel: Kernel): void {
  for (const widget of app.shell.widgets("main")) {
    if (kernelIdOf(widget) === kernel.id) {
      app.shell.activateById(widget.id);
      return;
    }
  }
  const { path } = kernel.info.peek();
  if (path && app.commands.hasCommand("docmanager:open")) {
    void app.commands.execute("docmanager:open", { path });
  }
}

/** Returns the kernel id of a notebook, a console or any other widget with a session context. */
function kernelIdOf(widget: Widget): unknown {
  let found: unknown = widget;
  for (const name of ["sessionContext", "session", "kernel", "id"]) {
    found = isObject(found) ? found[name] : undefined;
  }
  return found;
}
