// The panel of one monitor, which renders the values of a store.
import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import type { Status } from "../schema/contract.gen";
import type { TrackedModel } from "../state/models";
import type { Store } from "../state/store";
import { english, type Language } from "../text/language";
import { Drift } from "./Drift";
import { Banner, Facts, Header } from "./Header";
import { statusLabel, statusTone } from "./labels";
import { LanguageContext, useLanguage } from "./languageContext";
import { ModelTable } from "./ModelTable";
import { ModelSelection } from "./modelSelection";
import { Notices } from "./Notices";
import { Segments } from "./Segments";
import { ChartGroup } from "./Sparkline";
import { System } from "./System";
import { Tiles } from "./Tiles";
import { Training } from "./Training";
import { useTheme } from "./theme";

/**
 * Returns a random name; a counter would repeat, as each widget loads its own copy of this code.
 */
const chartGroupName = (): string => `ipyvitals-${Math.random().toString(36).slice(2)}`;

export interface PanelProps {
  store: Store;
  /** The selection to use, if it outlives this view. */
  selection?: ModelSelection;
  /** Buttons that the sidebar adds to the banner and to the training section. */
  bannerAction?: ComponentChildren;
  trainingAction?: ComponentChildren;
  trans?: Language;
}

export function Panel(props: PanelProps): JSX.Element {
  const { store, bannerAction, trainingAction, trans = english } = props;
  const selection = useMemo(
    () => props.selection ?? new ModelSelection(store),
    [store, props.selection],
  );
  const theme = useTheme();
  const group = useMemo(chartGroupName, []);
  useEffect(() => store.watch(), [store]);
  const { name, status } = selection.model.value;
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
        <ChartGroup.Provider value={group}>
          <div class="v-top">
            <Header selection={selection} />
            <Banner selection={selection} action={bannerAction} />
            <Facts selection={selection} />
          </div>
          <Training store={store} action={trainingAction} />
          <Tiles selection={selection} />
          <Segments selection={selection} />
          <Drift selection={selection} />
          <ModelTable selection={selection} />
          <System selection={selection} />
          <Notices store={store} />
        </ChartGroup.Provider>
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
    const { name, reason } = selection.model.peek();
    const why = reason ? `. ${trans.known(reason)}` : "";
    announcement.value = `${name ?? trans.__("Model")}: ${statusLabel(now, trans)}${why}`;
  });
  return (
    <p class="v-said" aria-live="polite">
      {announcement}
    </p>
  );
}
