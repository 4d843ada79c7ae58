// The JupyterLab plugin: adds sidebar, status bar item, commands and alerts.
import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from "@jupyterlab/application";
import { Clipboard, ICommandPalette, Notification } from "@jupyterlab/apputils";
import { INotebookTracker } from "@jupyterlab/notebook";
import { ISettingRegistry } from "@jupyterlab/settingregistry";
import { IStatusBar } from "@jupyterlab/statusbar";
import { ITranslator, nullTranslator } from "@jupyterlab/translation";
import { batch, effect, type ReadonlySignal, signal } from "@preact/signals";
import { activateKernel } from "./activateKernel";
import { AlertNotifier } from "./alerts";
import { addCommands } from "./commands";
import { type CurrentNotebook, followCurrentNotebook } from "./currentNotebook";
import { EventStream } from "./eventStream";
import { jupyterLanguage } from "./jupyterLanguage";
import { KernelRegistry } from "./kernels";
import { type LabContext, MonitorSelection } from "./labContext";
import type { EventMessage, StreamMessage } from "./messages";
import { kernelLabel } from "./monitorRow";
import { actionClient, browserEnvironment, curvesClient } from "./server";
import { followSettings, type Settings } from "./settings";
import { SIDEBAR_ID, Sidebar } from "./sidebar";
import { StatusItem } from "./statusbar";
import { Throttle } from "./throttle";

const PLUGIN_ID = "ipyvitals:plugin";
const STATUS_RANK = 90;
const ALERT_MS = 8000;

const plugin: JupyterFrontEndPlugin<void> = {
  id: PLUGIN_ID,
  description: "Vital signs of the models in all kernels: sidebar, status bar, notifications.",
  autoStart: true,
  optional: [
    INotebookTracker,
    ICommandPalette,
    ILayoutRestorer,
    ISettingRegistry,
    IStatusBar,
    ITranslator,
  ],
  activate,
};

async function activate(
  app: JupyterFrontEnd,
  tracker: INotebookTracker | null,
  palette: ICommandPalette | null,
  restorer: ILayoutRestorer | null,
  registry: ISettingRegistry | null,
  statusBar: IStatusBar | null,
  translator: ITranslator | null,
): Promise<void> {
  const trans = jupyterLanguage(translator ?? nullTranslator);
  const settings = await followSettings(registry, PLUGIN_ID);
  const server = app.serviceManager.serverSettings;

  const kernels = new KernelRegistry();
  const show = (kernelId: string): void => {
    const kernel = kernels.all.peek().get(kernelId);
    if (kernel) activateKernel(app, kernel);
    open();
  };
  const isHidden = (): boolean => document.visibilityState === "hidden";
  const alerts = new AlertNotifier(trans, ({ text, type }, kernelId) => {
    Notification.emit(text, type, {
      // An alert raised while the page is hidden stays until the user returns.
      autoClose: isHidden() ? false : ALERT_MS,
      actions: [{ label: trans.__("Show"), callback: () => show(kernelId) }],
    });
  });
  const pace = new Throttle<StreamMessage>((messages) => {
    batch(() => {
      for (const message of messages) kernels.receive(message);
    });
  }, settings.peek().refresh);
  const receive = (message: StreamMessage): void => {
    pace.add(message);
    if (!settings.peek().alerts) return;
    if (message.type !== "model_status_change" && message.type !== "training_completed") return;
    // The alert needs the model's name, which may be in a pending message.
    pace.flush();
    alert(message);
  };
  const alert = (message: EventMessage): void => {
    const kernel = kernels.all.peek().get(message.kernel_id);
    const store = kernel?.monitors.peek().get(message.monitor);
    const id = message.type === "model_status_change" ? message.model_id : null;
    const model =
      store?.models.all
        .peek()
        .get(id ?? "")
        ?.row.peek() ?? store?.model.peek();
    const named = [model?.name ?? message.monitor, model?.version].filter(Boolean).join(" ");
    const place = kernel ? kernelLabel(kernel.info.peek(), trans) : trans.__("another notebook");
    alerts.notify(message, { model: named, place }, isHidden());
  };
  const stream = new EventStream(
    browserEnvironment(server),
    { message: receive },
    settings.peek().alerts,
  );

  const lab: LabContext = {
    kernels,
    currentNotebook: tracker
      ? followCurrentNotebook(tracker)
      : signal<CurrentNotebook | null>(null),
    stream: stream.state,
    trans,
    performAction: actionClient(server),
    loadCurves: curvesClient(server),
    activateKernel: (kernel) => activateKernel(app, kernel),
    copy: (text) => Clipboard.copyToSystem(text),
  };
  const selection = new MonitorSelection(lab);
  const sidebar = new Sidebar(lab, selection);
  const open = (): void => app.shell.activateById(SIDEBAR_ID);

  effect(() => {
    pace.seconds = settings.value.refresh;
    stream.alerts = settings.value.alerts;
  });
  placeSidebar(app, sidebar, settings);
  restorer?.add(sidebar, SIDEBAR_ID);
  addCommands(app, lab, selection, open, palette);
  if (statusBar) {
    const item = new StatusItem(lab, selection, open);
    statusBar.registerStatusItem(PLUGIN_ID, {
      item,
      align: "left",
      rank: STATUS_RANK,
      isActive: () => item.isActive,
      activeStateChanged: item.activeStateChanged,
    });
  }
  stream.start();
}

/** Moves the sidebar to the side and rank of the settings. */
function placeSidebar(
  app: JupyterFrontEnd,
  sidebar: Sidebar,
  settings: ReadonlySignal<Settings>,
): void {
  let rankNow: number | null = null;
  const place = (): void => {
    const { side, rank } = settings.peek();
    const isThere = [...app.shell.widgets(side)].includes(sidebar);
    if (isThere && rank === rankNow) return;
    rankNow = rank;
    const { isVisible } = sidebar;
    app.shell.add(sidebar, side, { rank });
    if (isVisible) app.shell.activateById(SIDEBAR_ID);
  };
  settings.subscribe(place);
  // The restored layout may have the sidebar on the other side.
  void app.restored.then(place);
}

export default plugin;
