// The list of all other monitors, with one line for each.
import { useComputed } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import type { Store } from "../state/store";
import { CurveView, frontLine } from "../view/curveView";
import { MiniCurve } from "../view/Runs";
import { VisuallyHidden } from "../view/vital";
import { endReason, lostRun } from "./kernelEnd";
import type { Kernel } from "./kernels";
import type { LabContext, SelectedMonitor } from "./labContext";
import { compareRows, kernelLabel, type MonitorRow, monitorRow } from "./monitorRow";
import { useWholeCurves } from "./wholeCurves";

export function OtherMonitors({
  lab,
  front,
}: {
  lab: LabContext;
  front: Kernel | null;
}): JSX.Element | null {
  const rows = otherMonitors(lab, front).map((shown) => ({ ...shown, row: rowOf(lab, shown) }));
  rows.sort((a, b) => compareRows(a.row, b.row));
  const title = lab.trans.__("Other notebooks");
  const silent = silentKernels(lab, front);
  if (rows.length === 0 && silent.length === 0) return null;
  return (
    <section class="s-others" aria-label={title}>
      <h4>{title}</h4>
      <ul>
        {rows.map(({ kernel, store, row }) => (
          <li key={`${kernel.id} ${store.monitor.value}`}>
            <OtherMonitor lab={lab} kernel={kernel} store={store} row={row} />
          </li>
        ))}
        {silent.map((kernel) => (
          <li key={kernel.id}>
            <SilentKernel lab={lab} kernel={kernel} />
          </li>
        ))}
      </ul>
    </section>
  );
}

export function otherMonitors(
  lab: Pick<LabContext, "kernels">,
  front: Kernel | null,
): SelectedMonitor[] {
  const others = [...lab.kernels.all.value.values()].filter((kernel) => kernel !== front);
  return others.flatMap((kernel) =>
    [...kernel.monitors.value.values()].map((store) => ({ kernel, store })),
  );
}

const rowOf = (lab: LabContext, { kernel, store }: SelectedMonitor): MonitorRow =>
  monitorRow(store, kernel.info.value, lab.trans);

const silentKernels = (lab: LabContext, front: Kernel | null): Kernel[] =>
  [...lab.kernels.all.value.values()].filter(
    (kernel) =>
      kernel !== front &&
      (kernel.info.value.unavailable !== null || kernel.info.value.ended !== null) &&
      kernel.monitors.value.size === 0,
  );

interface OtherMonitorProps {
  lab: LabContext;
  kernel: Kernel;
  store: Store;
  row: MonitorRow;
}

function OtherMonitor({ lab, kernel, store, row }: OtherMonitorProps): JSX.Element {
  useEffect(() => store.watch(), [store]);
  useWholeCurves(lab, kernel, store);
  const view = useMemo(() => new CurveView(store), [store]);
  const line = row.progress === null ? undefined : frontLine(view);
  const { trans } = lab;
  const memoryLabel = trans.__("Memory of this kernel");
  const { path } = useComputed(() => kernel.info.value).value;
  return (
    <button
      type="button"
      class="s-row"
      data-kernel-id={kernel.id}
      data-monitor={store.monitor.value}
      data-tone={row.tone}
      data-fresh={row.fresh ? undefined : "no"}
      title={path ? trans.__("Go to %1", path) : row.place}
      onClick={() => lab.activateKernel(kernel)}
    >
      <i class="v-dot" />
      <span class="s-name">
        {row.name} {row.version ? <span class="s-version">{row.version}</span> : null}
      </span>
      <span class="s-figure">{row.figure}</span>
      <span class="s-detail">
        <span class="s-state">{row.state}</span>
        <span class="s-place">{row.place}</span>
      </span>
      <span class="s-memory" title={memoryLabel}>
        {row.memory ? <VisuallyHidden>{memoryLabel} </VisuallyHidden> : null}
        {row.memory}
      </span>
      {line && line.curve.length > 1 ? (
        <MiniCurve curve={line.curve} revision={store.runs.revision.value} />
      ) : null}
      {row.progress === null ? null : (
        <span class="v-bar">
          <i style={{ transform: `scaleX(${row.progress / 100})` }} />
        </span>
      )}
    </button>
  );
}

/** Renders a kernel without monitors: one that cannot be heard, or whose process died. */
function SilentKernel({ lab, kernel }: { lab: LabContext; kernel: Kernel }): JSX.Element {
  const { trans } = lab;
  const info = kernel.info.value;
  const { ended } = info;
  const detail =
    ended === null
      ? trans.__("Unavailable: %1", info.unavailable ?? "")
      : [endReason(ended, trans), lostRun(ended, trans)].filter(Boolean).join(". ");
  return (
    <div
      class="s-row"
      data-kernel-id={kernel.id}
      data-tone={ended === null ? "muted" : "bad"}
      data-fresh="no"
      title={detail}
    >
      <i class="v-dot" />
      <span class="s-name">{kernelLabel(info, trans)}</span>
      <span class="s-detail">{detail}</span>
    </div>
  );
}
