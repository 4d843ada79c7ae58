// What stands in the sidebar.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { Store } from "../state/store";
import type { Language } from "../text/language";
import { needsAttention } from "../view/labels";
import { Subject } from "../view/modelSelection";
import { Panel } from "../view/Panel";
import { type Theme, watchTheme } from "../view/theme";
import { ActionButton } from "./ActionButton";
import { Empty } from "./EmptyState";
import type { Kernel } from "./kernels";
import type { Choice, Lab, Shown } from "./labContext";
import { Others } from "./OtherMonitors";

interface ContentProps {
  lab: Lab;
  choice: Choice;
}

export function Content({ lab, choice }: ContentProps): JSX.Element {
  const theme = useSignal<Theme | null>(null);
  useEffect(() => {
    const ending = new AbortController();
    watchTheme((found) => {
      theme.value = found;
    }, ending.signal);
    return () => ending.abort();
  }, [theme]);
  const kernel = choice.kernel.value;
  const shown = choice.shown.value;
  // Beside the panel, not around it: it has a palette of its own, which must not be mixed.
  const palette = { class: "ipyvitals-palette", "data-theme": theme.value ?? undefined };
  return (
    <div class="s-page">
      <div {...palette}>
        {shown !== null && lab.stream.value === "waiting" ? (
          <p class="s-offline" role="status">
            {lab.trans.__("Connection lost, reconnecting…")}
          </p>
        ) : null}
        {kernel === null || kernel.monitors.value.size < 2 ? null : (
          <Monitors choice={choice} kernel={kernel} shown={shown} trans={lab.trans} />
        )}
        {shown === null ? <Empty lab={lab} kernel={kernel} /> : null}
      </div>
      {shown === null ? null : <Front key={keyOf(shown.store)} lab={lab} shown={shown} />}
      <div {...palette}>
        <Others lab={lab} front={kernel} />
      </div>
    </div>
  );
}

const keys = new WeakMap<Store, number>();
const subjects = new WeakMap<Store, Subject>();
let stores = 0;

/** A panel belongs to one store for life. */
function keyOf(store: Store): number {
  const key = keys.get(store) ?? ++stores;
  keys.set(store, key);
  return key;
}

/** The model that was chosen is still shown when the notebook, or the sidebar, comes back. */
function subjectOf(store: Store): Subject {
  const subject = subjects.get(store) ?? new Subject(store);
  subjects.set(store, subject);
  return subject;
}

function Front({ lab, shown: { kernel, store } }: { lab: Lab; shown: Shown }): JSX.Element {
  const { trans } = lab;
  const { status, acknowledged_at } = store.model.value;
  const { state, stop_requested } = store.training.value;
  const alive = store.connected.value && !store.closed.value;
  const ask = async (action: "stop_training" | "acknowledge"): Promise<void> => {
    const done = await lab.act(kernel.id, action, store.monitor.peek());
    if (done === 0) throw new Error(trans.__("There was nothing to do any more."));
  };
  return (
    <Panel
      store={store}
      subject={subjectOf(store)}
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
        alive && state === "running" ? (
          <ActionButton
            label={trans.__("Stop training")}
            pending={trans.__("Stopping…")}
            asked={stop_requested}
            run={() => ask("stop_training")}
          />
        ) : null
      }
    />
  );
}

function Monitors(props: {
  choice: Choice;
  kernel: Kernel;
  shown: Shown | null;
  trans: Language;
}): JSX.Element {
  const { choice, kernel, shown, trans } = props;
  return (
    <fieldset class="s-monitors" aria-label={trans.__("Monitors of this notebook")}>
      {[...kernel.monitors.value].map(([name, store]) => (
        <button
          key={name}
          type="button"
          aria-pressed={store === shown?.store}
          onClick={() => choice.choose(kernel, name)}
        >
          {name}
        </button>
      ))}
    </fieldset>
  );
}
