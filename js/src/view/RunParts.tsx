// What went wrong with runs, and what a run took.
import type { JSX } from "preact";
import type { RunAlert, RunCost, RunInfo } from "../schema/contract.gen";
import { ancestorIn, ownTree } from "../state/runTree";
import { bytes, clock, count, duration, energy, percent, ratioWhole } from "../text/format";
import type { Language } from "../text/language";
import type { CurveView } from "./curveView";
import { useLanguage } from "./languageContext";
import { runTitle } from "./runLabels";

const ALERT_TONES = { stalled: "warn", not_finite: "bad", recovered: "ok" } as const;

/** Renders a banner for each open run with trouble. */
export function RunAlerts({ view }: { view: CurveView }): JSX.Element {
  const trans = useLanguage();
  return (
    <>
      {troubledRuns(view).map(({ run, alert }) => (
        <div
          key={run.run_id}
          class="v-banner"
          data-alert={alert.kind}
          data-tone={ALERT_TONES[alert.kind]}
        >
          <p>{alertText(view, run, alert, trans)}</p>
          <span class="v-since">
            {trans.__("since %1", clock(alert.at, view.store.now.value, trans))}
          </span>
        </div>
      ))}
    </>
  );
}

const troubledRuns = (view: CurveView): { run: RunInfo; alert: RunAlert }[] =>
  view.shown.value.all.flatMap((run) =>
    run.alert && run.ended_at === null ? [{ run, alert: run.alert }] : [],
  );

function alertText(view: CurveView, run: RunInfo, alert: RunAlert, trans: Language): string {
  const { all, parallel } = view.shown.value;
  const text = trans.message(alert.reason_code, alert.reason, alert.reason_args);
  const row = parallel.length > 1 ? (ancestorIn(run, parallel, all) ?? run) : undefined;
  return row ? `${runTitle(row, all, trans)}: ${text}` : text;
}

/** Returns what is wrong, for screen readers. */
export const alertTexts = (view: CurveView, trans: Language): readonly string[] =>
  troubledRuns(view).map(({ run, alert }) => alertText(view, run, alert, trans));

/** Returns whose energy is known. */
const energyOf = ({ cpu_energy_wh: cpu, gpus }: RunCost, trans: Language): string => {
  if (cpu === null) return trans.__("GPU alone");
  return gpus.some((gpu) => gpu.energy_wh !== null)
    ? trans.__("GPU and CPU")
    : trans.__("CPU alone");
};

/** Renders what an ended run took, and what went wrong for good. */
export function RunSummary({ run, view }: { run: RunInfo; view: CurveView }): JSX.Element {
  const trans = useLanguage();
  const wrong = ownTree(run, view.shown.value.all, []).flatMap(({ alert, ended_at }) =>
    alert?.kind === "not_finite" && ended_at !== null ? [alert] : [],
  );
  return (
    <>
      {wrong.map((alert) => (
        <p key={alert.reason} class="v-wrong" data-tone="bad">
          {trans.message(alert.reason_code, alert.reason, alert.reason_args)}
        </p>
      ))}
      <CostLine run={run} />
    </>
  );
}

/** Renders waiting, memory, GPUs and energy. */
function CostLine({ run }: { run: RunInfo }): JSX.Element | null {
  const trans = useLanguage();
  const { cost } = run;
  if (cost === null) return null;
  const gpus = cost.gpus.filter((gpu) => gpu.peak_memory_bytes !== null);
  const fullest = gpus.sort((a, b) => (b.peak_memory_bytes ?? 0) - (a.peak_memory_bytes ?? 0))[0];
  const atStep = (step: number | null): string =>
    step === null ? "" : trans.__("at step %1", count(step));
  const { data_wait_seconds: wait, duration_seconds: took } = cost;
  const tiles: (readonly [label: string, value: string, note: string])[] = [
    [
      trans.__("Waiting for data"),
      ratioWhole(wait === null || took === 0 ? null : Math.min(1, wait / took)),
      trans.__("of %1", duration(took)),
    ],
    [trans.__("Peak memory"), bytes(cost.peak_memory_bytes), atStep(cost.peak_memory_step)],
  ];
  if (cost.gpus.length > 0) {
    tiles.push(
      [
        trans.__("Peak GPU memory"),
        bytes(fullest?.peak_memory_bytes ?? null),
        atStep(fullest?.peak_memory_step ?? null),
      ],
      [
        trans.__("GPU, mean"),
        percent(cost.gpu_utilization_percent),
        trans.__("idle %1 of the time", ratioWhole(cost.gpu_idle_ratio)),
      ],
    );
  }
  if (cost.energy_wh !== null) {
    tiles.push([trans.__("Energy"), energy(cost.energy_wh), energyOf(cost, trans)]);
  }
  return (
    <dl class="v-summary">
      {tiles.map(([label, value, note]) => (
        <div class="v-tile" key={label}>
          <dt>{label}</dt>
          <dd class="v-value">{withUnit(value)}</dd>
          <dd class="v-note">{note}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Renders the unit of a value smaller than its number. */
function withUnit(text: string): (JSX.Element | string)[] {
  const [value = "", ...unit] = text.split(" ");
  return unit.length > 0 ? [value, <small key="unit"> {unit.join(" ")}</small>] : [value];
}
