// The commands in the command palette and the menus.
import type { JupyterFrontEnd } from "@jupyterlab/application";
import { Dialog, type ICommandPalette, Notification, showDialog } from "@jupyterlab/apputils";
import { effect } from "@preact/signals";
import { needsAttention } from "../view/labels";
import { pulseIcon } from "./icon";
import type { LabContext, MonitorSelection } from "./labContext";
import type { ActionName } from "./server";

export const COMMANDS = {
  open: "ipyvitals:open",
  stop: "ipyvitals:stop-training",
  acknowledge: "ipyvitals:acknowledge",
  reset: "ipyvitals:reset",
} as const;

export function addCommands(
  app: JupyterFrontEnd,
  lab: LabContext,
  selection: MonitorSelection,
  open: () => void,
  palette: ICommandPalette | null,
): void {
  const { trans } = lab;
  const { commands } = app;

  const activeMonitor = (): typeof selection.selected.value => {
    const found = selection.selected.peek();
    const alive = found?.store.connected.peek() && !found.store.closed.peek();
    return alive ? found : null;
  };
  const act = async (action: ActionName): Promise<void> => {
    const found = activeMonitor();
    if (found === null) return;
    try {
      await lab.performAction(found.kernel.id, action, found.store.monitor.peek());
    } catch (error) {
      Notification.error(error instanceof Error ? error.message : `${error}`);
    }
  };

  commands.addCommand(COMMANDS.open, {
    label: trans.__("Show Model Vitals"),
    caption: trans.__("Show the vital signs of all models in the sidebar"),
    icon: pulseIcon,
    describedBy: NO_ARGUMENTS,
    execute: open,
  });
  commands.addCommand(COMMANDS.stop, {
    label: trans.__("Stop Training"),
    caption: trans.__("Ask the training of the current notebook to end at its next step"),
    describedBy: NO_ARGUMENTS,
    isEnabled: () => {
      const run = activeMonitor()?.store.training.peek();
      return run?.state === "running" && !run.stop_requested;
    },
    execute: () => act("stop_training"),
  });
  commands.addCommand(COMMANDS.acknowledge, {
    label: trans.__("Acknowledge Status"),
    caption: trans.__("Note that somebody looks after the model of the current notebook"),
    describedBy: NO_ARGUMENTS,
    isEnabled: () => {
      const model = activeMonitor()?.store.model.peek();
      return model !== undefined && needsAttention(model.status) && model.acknowledged_at === null;
    },
    execute: () => act("acknowledge"),
  });
  commands.addCommand(COMMANDS.reset, {
    label: trans.__("Reset Model Metrics…"),
    caption: trans.__("Forget what was counted for the model of the current notebook"),
    describedBy: NO_ARGUMENTS,
    isEnabled: () => activeMonitor() !== null,
    execute: async () => {
      const name = activeMonitor()?.store.model.peek().name ?? trans.__("this model");
      const { button } = await showDialog({
        title: trans.__("Reset metrics?"),
        body: trans.__("Accuracy, rates and health of %1 start anew.", name),
        buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__("Reset") })],
      });
      if (button.accept) await act("reset");
    },
  });
  // Menus and palette re-evaluate `isEnabled` only after a change notification.
  effect(() => {
    const found = selection.selected.value;
    found?.store.training.value;
    found?.store.model.value;
    for (const id of [COMMANDS.stop, COMMANDS.acknowledge, COMMANDS.reset]) {
      commands.notifyCommandChanged(id);
    }
  });

  const category = trans.__("Model Vitals");
  for (const command of Object.values(COMMANDS)) palette?.addItem({ command, category });
}

const NO_ARGUMENTS = { args: { type: "object", properties: {} } } as const;
