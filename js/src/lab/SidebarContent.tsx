// The content of the sidebar: the current notebook's panel, then all other monitors.
import type { JSX } from "preact";
import { comparedRuns } from "../state/runTree";
import type { Store } from "../state/store";
import type { Language } from "../text/language";
import { needsAttention } from "../view/labels";
import { ModelSelection } from "../view/modelSelection";
import { Panel } from "../view/Panel";
import { useTheme } from "../view/theme";
import { ActionButton } from "./ActionButton";
import { EmptyState } from "./EmptyState";
import type { Kernel } from "./kernels";
import type { LabContext, MonitorSelection, SelectedMonitor } from "./labContext";
import { OtherMonitors } from "./OtherMonitors";
import { useWholeCurves } from "./wholeCurves";

interface SidebarContentProps {
  lab: LabContext;
  selection: MonitorSelection;
}

export function SidebarContent({ lab, selection }: SidebarContentProps): JSX.Element {
  const theme = useTheme();
  const kernel = selection.kernel.value;
  const monitor = selection.selected.value;
  // Around the other parts only: the panel has a palette of its own.
  const palette = { class: "ipyvitals-palette", "data-theme": theme.value ?? undefined };
  return (
    <div class="s-page">
      <div {...palette}>
        {monitor !== null && lab.stream.value === "waiting" ? (
          <p class="s-offline" role="status">
            {lab.trans.__("Connection lost, reconnecting…")}
          </p>
        ) : null}
        {kernel === null || kernel.monitors.value.size < 2 ? null : (
          <MonitorTabs selection={selection} kernel={kernel} monitor={monitor} trans={lab.trans} />
        )}
        {monitor === null ? <EmptyState lab={lab} kernel={kernel} /> : null}
      </div>
      {monitor === null ? null : (
        <CurrentMonitor key={storeKey(monitor.store)} lab={lab} monitor={monitor} />
      )}
      <div {...palette}>
        <OtherMonitors lab={lab} front={kernel} />
      </div>
    </div>
  );
}

const keys = new WeakMap<Store, number>();
const modelSelections = new WeakMap<Store, ModelSelection>();
let stores = 0;

/** Returns a key that differs for each store, because a panel must not change its store. */
function storeKey(store: Store): number {
  const key = keys.get(store) ?? ++stores;
  keys.set(store, key);
  return key;
}

/** Returns the store's model selection, which outlives the panel that shows it. */
function modelSelectionOf(store: Store): ModelSelection {
  const selection = modelSelections.get(store) ?? new ModelSelection(store);
  modelSelections.set(store, selection);
  return selection;
}

function CurrentMonitor({
  lab,
  monitor: { kernel, store },
}: {
  lab: LabContext;
  monitor: SelectedMonitor;
}): JSX.Element {
  const { trans } = lab;
  useWholeCurves(lab, kernel, store);
  const { status, acknowledged_at } = store.model.value;
  const { state, stop_requested, run_id } = store.training.value;
  const runs = store.runs.all.value;
  // Nobody can ask a worker to stop from here.
  const own = runs.every((run) => run.run_id !== run_id || run.worker === null);
  const open = comparedRuns(runs).rows.filter((run) => run.state === "running" && !run.worker);
  const several = open.length > 1;
  const alive = store.connected.value && !store.closed.value;
  const ask = async (action: "stop_training" | "acknowledge", runId?: string): Promise<void> => {
    const done = await lab.performAction(kernel.id, action, store.monitor.peek(), runId);
    if (done === 0) throw new Error(trans.__("There was nothing to do any more."));
  };
  return (
    <Panel
      store={store}
      selection={modelSelectionOf(store)}
      trans={trans}
      bannerAction={
        alive && needsAttention(status) && acknowledged_at === null ? (
          <ActionButton
            key={`${status} ${store.model.value.status_since}`}
            label={trans.__("Acknowledge")}
            pending={trans.__("Acknowledging…")}
            run={() => ask("acknowledge")}
          />
        ) : null
      }
      trainingAction={
        alive && own && state === "running" ? (
          <ActionButton
            label={several ? trans.__("Stop all") : trans.__("Stop training")}
            pending={trans.__("Stopping…")}
            requested={stop_requested}
            run={() => ask("stop_training")}
          />
        ) : null
      }
      runAction={(run) =>
        alive && several && !run.worker ? (
          <ActionButton
            label={trans.__("Stop")}
            pending={trans.__("Stopping…")}
            requested={run.stop_requested}
            run={() => ask("stop_training", run.run_id)}
          />
        ) : null
      }
    />
  );
}

function MonitorTabs(props: {
  selection: MonitorSelection;
  kernel: Kernel;
  monitor: SelectedMonitor | null;
  trans: Language;
}): JSX.Element {
  const { selection, kernel, monitor, trans } = props;
  return (
    <fieldset class="s-monitors" aria-label={trans.__("Monitors of this notebook")}>
      {[...kernel.monitors.value].map(([name, store]) => (
        <button
          key={name}
          type="button"
          aria-pressed={store === monitor?.store}
          onClick={() => selection.select(kernel, name)}
        >
          {name}
        </button>
      ))}
    </fieldset>
  );
}
