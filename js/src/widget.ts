// The anywidget module: one store for each model, one panel for each view.
import { h, render as renderInto } from "preact";
import { TRAITS, type Trait } from "./schema/contract.gen";
import { isObject } from "./schema/decode";
import { controlRequest } from "./state/controlRequest";
import { onKernelEnd } from "./state/kernelStatus";
import { Store } from "./state/store";
import { Panel } from "./view/Panel";

/** The part of anywidget's model that is used. */
export interface WidgetModel {
  get(name: string): unknown;
  on(event: string, callback: () => void): void;
  off(event: string, callback: () => void): void;
  readonly widget_manager?: unknown;
}
interface InitializeContext {
  model: WidgetModel;
  signal?: AbortSignal;
}
interface RenderContext extends InitializeContext {
  el: HTMLElement;
}

/** The class that ipywidgets sets on a view's element while its model has no kernel. */
const DISCONNECTED = "jupyter-widgets-disconnected";

function listen(model: WidgetModel, event: string, callback: () => void): () => void {
  model.on(event, callback);
  return () => model.off(event, callback);
}

/** Calls `end` once: when the signal aborts or when the returned function is called. */
function onceEnded(signal: AbortSignal | undefined, end: () => void): () => void {
  let ended = false;
  const once = (): void => {
    if (ended) return;
    ended = true;
    signal?.removeEventListener("abort", once);
    end();
  };
  if (signal?.aborted) once();
  else signal?.addEventListener("abort", once);
  return once;
}

/** Updates `store` from the model. All traits of one message are applied together. */
function connectStore(model: WidgetModel, store: Store): () => void {
  const read = (trait: Trait): unknown => model.get(trait);
  const changed = new Set<Trait>();
  const receive = (): void => {
    const names = [...changed];
    changed.clear();
    // The kernel sends the history only as part of a full update.
    store.receive(names, read, names.includes("history") ? "full" : "delta");
  };
  store.runs.loadRange = async (run_id, metric, first_step, last_step) => {
    const { value: monitor } = store.monitor;
    const request = { request: "curves", monitor, run_id, metric, first_step, last_step };
    const reply = await controlRequest(model.widget_manager, request);
    return isObject(reply) ? reply["curves"] : [];
  };
  store.load(read);
  const stops = TRAITS.map((trait) =>
    listen(model, `change:${trait}`, () => {
      if (changed.size === 0) queueMicrotask(receive);
      changed.add(trait);
    }),
  );
  const disconnect = (): void => {
    store.connected.value = false;
  };
  stops.push(
    listen(model, "comm:close", disconnect),
    onKernelEnd(model.widget_manager, disconnect),
  );
  return () => {
    for (const stop of stops) stop();
    store.dispose();
  };
}

/** Returns the functions of one widget; anywidget calls this for each model. */
export default function widget(): {
  initialize: (bound: InitializeContext) => () => void;
  render: (context: RenderContext) => () => void;
} {
  const store = new Store();

  return {
    initialize({ model, signal }) {
      return onceEnded(signal, connectStore(model, store));
    },

    render({ model, el, signal }) {
      el.classList.add("ipyvitals-view");
      let marked = false;
      const updateConnected = (): void => {
        const before = marked;
        marked = el.classList.contains(DISCONNECTED);
        if (marked !== before) store.connected.value = !marked;
      };
      updateConnected();
      const stop = listen(model, "comm_live_update", () => queueMicrotask(updateConnected));
      renderInto(h(Panel, { store }), el);
      return onceEnded(signal, () => {
        stop();
        renderInto(null, el);
      });
    },
  };
}
