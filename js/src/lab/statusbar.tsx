// The status bar item: status, accuracy and rate of the current notebook's model.
import { Signal } from "@lumino/signaling";
import { Widget } from "@lumino/widgets";
import { effect } from "@preact/signals";
import { h, type JSX, render } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { metric, shortCount } from "../text/format";
import { CurveView, frontLine } from "../view/curveView";
import { statusLabel } from "../view/labels";
import { useTheme } from "../view/theme";
import type { LabContext, MonitorSelection } from "./labContext";
import { monitorRow } from "./monitorRow";

export class StatusItem extends Widget {
  readonly activeStateChanged = new Signal<this, void>(this);
  readonly #stop: () => void;
  #active = false;

  constructor(lab: LabContext, selection: MonitorSelection, open: () => void) {
    super();
    this.id = "ipyvitals-statusbar";
    this.addClass("ipyvitals-statusbar");
    this.#stop = effect(() => {
      const now = selection.selected.value !== null;
      if (now === this.#active) return;
      this.#active = now;
      this.activeStateChanged.emit();
    });
    render(h(StatusButton, { lab, selection, open }), this.node);
  }

  get isActive(): boolean {
    return this.#active;
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.#stop();
    render(null, this.node);
    Signal.clearData(this);
    super.dispose();
  }
}

interface StatusButtonProps {
  lab: LabContext;
  selection: MonitorSelection;
  open: () => void;
}

export function StatusButton({ lab, selection, open }: StatusButtonProps): JSX.Element | null {
  const theme = useTheme();
  const monitor = selection.selected.value;
  const watched = monitor?.store;
  useEffect(() => watched?.watch(), [watched]);
  const view = useMemo(() => watched && new CurveView(watched), [watched]);
  if (monitor === null) return null;
  const { kernel, store } = monitor;
  const row = monitorRow(store, kernel.info.value, lab.trans);
  const { status } = store.model.value;
  const running = store.training.value.state === "running";
  const label = row.fresh ? statusLabel(status, lab.trans) : lab.trans.__("Ended");
  const { predictions_per_minute: rate, total_predictions: total } = store.metrics.value;
  const showsFigures = total > 0 && !running;
  const line = running && view ? frontLine(view) : undefined;
  return (
    <button
      type="button"
      class="ipyvitals-palette s-status"
      data-theme={theme.value ?? undefined}
      data-status={status}
      title={`${row.name} ${row.version}: ${row.state}\n${lab.trans.__("Click to show model vitals")}`}
      onClick={open}
    >
      <i class="v-dot" data-tone={row.tone} />
      <span>{label}</span>
      {running || showsFigures ? <b>{row.figure}</b> : null}
      {line ? (
        <span>{`${line.metric} ${metric(line.run.metrics[line.metric] ?? null)}`}</span>
      ) : null}
      {showsFigures ? <span>{`${shortCount(rate)}/min`}</span> : null}
    </button>
  );
}
