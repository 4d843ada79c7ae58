// The panel. It reads a store and knows nothing of who fills it.
import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import type { Status } from "../contract.gen";
import { english, type Language } from "../language";
import type { Store } from "../store";
import { Banner, Facts, Header } from "./Header";
import { Meters } from "./Meters";
import { Notices } from "./Notices";
import { ChartGroup } from "./Sparkline";
import { Spoken, useLanguage } from "./spoken";
import { type Theme, watchTheme } from "./surroundings";
import { Tiles } from "./Tiles";
import { Training } from "./Training";
import { statusTone, statusWord } from "./words";

/** Counted because ids of the view library repeat in each tree, and a page has a tree a panel. */
let panels = 0;

export interface PanelProps {
  store: Store;
  /** What a page that can act on the kernel adds to the banner and to the training section. */
  bannerAction?: ComponentChildren;
  trainingAction?: ComponentChildren;
  trans?: Language;
}

export function Panel(props: PanelProps): JSX.Element {
  const { store, bannerAction, trainingAction, trans = english } = props;
  const theme = useSignal<Theme | null>(null);
  const group = useMemo(() => `ipyvitals-${++panels}`, []);
  useEffect(() => {
    const ending = new AbortController();
    watchTheme((found) => {
      theme.value = found;
    }, ending.signal);
    const stopWatching = store.watch();
    return () => {
      ending.abort();
      stopWatching();
    };
  }, [store, theme]);
  const { name, status } = store.model.value;
  return (
    <section
      class="ipyvitals-panel"
      aria-label={trans.__("Model monitor %1", name ?? store.monitor.value)}
      data-theme={theme.value ?? undefined}
      data-status={status}
      data-tone={statusTone(status)}
      data-fresh={store.connected.value && !store.closed.value ? undefined : "no"}
    >
      <Spoken.Provider value={trans}>
        <ChartGroup.Provider value={group}>
          <div class="v-top">
            <Header store={store} />
            <Banner store={store} action={bannerAction} />
            <Facts store={store} />
          </div>
          <Training store={store} action={trainingAction} />
          <Tiles store={store} />
          <Meters store={store} />
          <Notices store={store} />
        </ChartGroup.Provider>
        <Announcer store={store} />
      </Spoken.Provider>
    </section>
  );
}

/** Tells a screen reader when the status changes, and only then. */
function Announcer({ store }: { store: Store }): JSX.Element {
  const trans = useLanguage();
  const said = useSignal("");
  const status = useComputed(() => store.model.value.status);
  const last = useSignal<Status | null>(null);
  useSignalEffect(() => {
    const now = status.value;
    const before = last.peek();
    last.value = now;
    if (before === null || before === now) return;
    const { name, reason } = store.model.peek();
    const why = reason ? `. ${trans.known(reason)}` : "";
    said.value = `${name ?? trans.__("Model")}: ${statusWord(now, trans)}${why}`;
  });
  return (
    <p class="v-announcer" aria-live="polite">
      {said}
    </p>
  );
}
