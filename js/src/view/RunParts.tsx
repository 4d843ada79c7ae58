// What went wrong with runs, and what a run took.
import type { JSX } from "preact";
import type { RunInfo } from "../schema/contract.gen";
import { bytes, clock, count, duration, metric, percent, ratioWhole } from "../text/format";
import type { CurveView } from "./curveView";
import { useLanguage } from "./languageContext";
import { runTitle } from "./runLabels";

const ALERT_TONES = { stalled: "warn", not_finite: "bad", recovered: "ok" } as const;

/** Renders a banner for each run with trouble; screen readers announce it. */
export function RunAlerts({ view }: { view: CurveView }): JSX.Element {
  const trans = useLanguage();
  const { all, parallel } = view.shown.value;
  const troubled = all.filter((run) => run.alert !== null);
  return (
    <div class="v-alerts" aria-live="polite">
      {troubled.map((run) => {
        const { alert } = run;
        if (alert === null) return null;
        return (
          <div
            key={run.run_id}
            class="v-banner"
            data-alert={alert.kind}
            data-tone={ALERT_TONES[alert.kind]}
          >
            <p>
              {parallel.length > 1 ? `${runTitle(run, all, trans)}: ` : ""}
              {trans.message(alert.reason_code, alert.reason, alert.reason_args)}
            </p>
            <span class="v-since">
              {trans.__("since %1", clock(alert.at, view.store.now.value, trans))}
            </span>
          </div>
        );
      })}
    </div>
  );
}

/** Renders what an ended run took: waiting, memory, GPUs and energy. */
export function RunSummary({ run }: { run: RunInfo }): JSX.Element | null {
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
    tiles.push([trans.__("Energy"), `${metric(cost.energy_wh)} Wh`, trans.__("GPU alone")]);
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
