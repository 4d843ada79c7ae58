// The panel of one monitor, which renders the values of a store.
import { signal, useComputed, useSignal, useSignalEffect } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import type { Status } from "../schema/contract.gen";
import type { TrackedModel } from "../state/models";
import type { Store } from "../state/store";
import { english, type Language } from "../text/language";
import { Drift } from "./Drift";
import { Banner, Facts, Header, Resumed } from "./Header";
import { reasonText, statusLabel, statusTone } from "./labels";
import { LanguageContext, useLanguage } from "./languageContext";
import { ModelTable } from "./ModelTable";
import { ModelSelection } from "./modelSelection";
import { Notices } from "./Notices";
import { alertTexts, RunAlerts } from "./RunParts";
import type { RunAction } from "./Runs";
import { Segments } from "./Segments";
import { type ChartGroup, ChartGroupContext } from "./Sparkline";
import { System } from "./System";
import { Tiles } from "./Tiles";
import { Training } from "./Training";
import { useTheme } from "./theme";
import { Workers } from "./Workers";

/**
 * Returns a group with a random name; a counter would repeat, as each widget loads its own copy of
 * this code.
 */
const chartGroup = (): ChartGroup => ({
  name: `ipyvitals-${Math.random().toString(36).slice(2)}`,
  cursor: signal(null),
});

export interface PanelProps {
  store: Store;
  /** The selection to use, if it outlives this view. */
  selection?: ModelSelection;
  /** Buttons that the sidebar adds to the banner and to the training section. */
  bannerAction?: ComponentChildren;
  trainingAction?: ComponentChildren;
  /** A button for each open run, where there are several. */
  runAction?: RunAction;
  trans?: Language;
}

export function Panel(props: PanelProps): JSX.Element {
  const { store, bannerAction, trainingAction, runAction, trans = english } = props;
  const selection = useMemo(
    () => props.selection ?? new ModelSelection(store),
    [store, props.selection],
  );
  const theme = useTheme();
  const group = useMemo(chartGroup, []);
  useEffect(() => store.watch(), [store]);
  const { name, status } = selection.model.value;
  const serving = useComputed(
    () =>
      selection.metrics.value.total_predictions > 0 || selection.model.value.total_predictions > 0,
  ).value;
  const { curves } = selection;
  return (
    <section
      class="ipyvitals-panel"
      aria-label={trans.__("Model monitor %1", name ?? store.monitor.value)}
      data-theme={theme.value ?? undefined}
      data-status={status}
      data-tone={statusTone(status)}
      data-fresh={store.connected.value && !store.closed.value ? undefined : "no"}
    >
      <LanguageContext.Provider value={trans}>
        <ChartGroupContext.Provider value={group}>
          <div class="v-top">
            <Header selection={selection} />
            <Banner selection={selection} action={bannerAction} />
            <RunAlerts view={curves} />
            <Facts selection={selection} />
            <Resumed selection={selection} />
          </div>
          <Training view={curves} serving={serving} action={trainingAction} runAction={runAction} />
          <Tiles selection={selection} hidden={!serving && curves.charts.value.length > 0} />
          <Segments selection={selection} />
          <Drift selection={selection} />
          <ModelTable selection={selection} />
          <Workers store={store} />
          <System selection={selection} />
          <Notices store={store} />
        </ChartGroupContext.Provider>
        <StatusAnnouncer selection={selection} />
      </LanguageContext.Provider>
    </section>
  );
}

/** Announces changes of the status to screen readers, and not the selection of another model. */
function StatusAnnouncer({ selection }: { selection: ModelSelection }): JSX.Element {
  const trans = useLanguage();
  const announcement = useSignal("");
  const status = useComputed(() => selection.model.value.status);
  const last = useSignal<{ other: TrackedModel | null; status: Status } | null>(null);
  useSignalEffect(() => {
    const now = status.value;
    const other = selection.other.value;
    const before = last.peek();
    last.value = { other, status: now };
    if (before === null || before.other !== other || before.status === now) return;
    const model = selection.model.peek();
    const reason = reasonText(model, trans);
    const change = `${model.name ?? trans.__("Model")}: ${statusLabel(now, trans)}`;
    announcement.value = reason ? `${change}. ${reason}` : change;
  });
  const troubled = useComputed(() => alertTexts(selection.curves, trans));
  const known = useSignal<readonly string[]>([]);
  useSignalEffect(() => {
    const texts = troubled.value;
    const text = texts.find((one) => !known.peek().includes(one));
    known.value = texts;
    if (text !== undefined) announcement.value = text;
  });
  return (
    <p class="v-said" aria-live="polite">
      {announcement}
    </p>
  );
}
