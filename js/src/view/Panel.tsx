// The panel. It reads a store and knows nothing of who fills it.
import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import type { Status } from "../schema/contract.gen";
import type { Tracked } from "../state/models";
import type { Store } from "../state/store";
import { english, type Language } from "../text/language";
import { Drift } from "./Drift";
import { Banner, Facts, Header } from "./Header";
import { statusTone, statusWord } from "./labels";
import { Spoken, useLanguage } from "./languageContext";
import { Models } from "./ModelTable";
import { Subject } from "./modelSelection";
import { Notices } from "./Notices";
import { Segments } from "./Segments";
import { ChartGroup } from "./Sparkline";
import { System } from "./System";
import { Tiles } from "./Tiles";
import { Training } from "./Training";
import { type Theme, watchTheme } from "./theme";

/** Drawn, not counted: sidebar and cells have this code each for itself, on one page. */
const newName = (): string => `ipyvitals-${Math.random().toString(36).slice(2)}`;

export interface PanelProps {
  store: Store;
  /** Where a view that comes back remembers which model it showed. */
  subject?: Subject;
  /** What a page that can act on the kernel adds to the banner and to the training section. */
  bannerAction?: ComponentChildren;
  trainingAction?: ComponentChildren;
  trans?: Language;
}

export function Panel(props: PanelProps): JSX.Element {
  const { store, bannerAction, trainingAction, trans = english } = props;
  const subject = useMemo(() => props.subject ?? new Subject(store), [store, props.subject]);
  const theme = useSignal<Theme | null>(null);
  const group = useMemo(newName, []);
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
  const { name, status } = subject.model.value;
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
            <Header subject={subject} />
            <Banner subject={subject} action={bannerAction} />
            <Facts subject={subject} />
          </div>
          <Training store={store} action={trainingAction} />
          <Tiles subject={subject} />
          <Segments subject={subject} />
          <Drift subject={subject} />
          <Models subject={subject} />
          <System subject={subject} />
          <Notices store={store} />
        </ChartGroup.Provider>
        <Announcer subject={subject} />
      </Spoken.Provider>
    </section>
  );
}

/** Tells a screen reader when the status changes, and not when another model is chosen. */
function Announcer({ subject }: { subject: Subject }): JSX.Element {
  const trans = useLanguage();
  const said = useSignal("");
  const status = useComputed(() => subject.model.value.status);
  const last = useSignal<{ other: Tracked | null; status: Status } | null>(null);
  useSignalEffect(() => {
    const now = status.value;
    const other = subject.other.value;
    const before = last.peek();
    last.value = { other, status: now };
    if (before === null || before.other !== other || before.status === now) return;
    const { name, reason } = subject.model.peek();
    const why = reason ? `. ${trans.known(reason)}` : "";
    said.value = `${name ?? trans.__("Model")}: ${statusWord(now, trans)}${why}`;
  });
  return (
    <p class="v-said" aria-live="polite">
      {said}
    </p>
  );
}
