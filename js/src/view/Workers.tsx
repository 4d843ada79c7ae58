// Other processes that report to this monitor, as rows.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { WorkerInfo } from "../schema/contract.gen";
import type { Store } from "../state/store";
import { bytes, count, latencyText, percent, rate, roughly } from "../text/format";
import type { Language } from "../text/language";
import { runText } from "./labels";
import { useLanguage } from "./languageContext";
import { stopNotebookKeys } from "./notebookKeys";
import { Vital } from "./vital";
import {
  COLLAPSED_WORKERS,
  collapsed,
  inOrder,
  isSilent,
  slowestOf,
  workersText,
  workerTone,
} from "./workerRows";

export function Workers({ store }: { store: Store }): JSX.Element | null {
  const trans = useLanguage();
  const expanded = useSignal(false);
  const workers = store.workers.value;
  if (workers.length === 0) return null;
  const slowest = slowestOf(workers);
  const ordered = inOrder(workers);
  const many = ordered.length > COLLAPSED_WORKERS;
  const shown = many && !expanded.value ? collapsed(ordered, slowest) : ordered;
  const training = workers.some((one) => one.current !== null);
  return (
    <section class="v-workers" aria-label={trans.__("Workers")}>
      <p class="v-worker-row v-worker-head">
        <b data-tone={workers.some(isSilent) ? "warn" : undefined}>
          {workersText(workers, store.workersAge.value, trans)}
        </b>
        <span aria-hidden="true">{training ? trans.__("Step") : trans.__("Predictions")}</span>
        <span aria-hidden="true">{training ? trans.__("Rate") : null}</span>
        <span aria-hidden="true">{trans.__("CPU")}</span>
        <span aria-hidden="true">{trans.__("Memory")}</span>
      </p>
      <ul>
        {shown.map((worker) => (
          <WorkerRow
            key={worker.worker}
            worker={worker}
            slowest={worker === slowest}
            training={training}
            passed={worker.state === "alive" ? 0 : store.workersAge.value}
          />
        ))}
      </ul>
      {many ? (
        <button
          type="button"
          class="v-button"
          aria-expanded={expanded.value}
          onClick={() => {
            expanded.value = !expanded.value;
          }}
          onKeyDown={stopNotebookKeys}
        >
          {expanded.value
            ? trans.__("Show %1", COLLAPSED_WORKERS)
            : trans.__("Show all %1", count(ordered.length))}
        </button>
      ) : null}
    </section>
  );
}

interface WorkerRowProps {
  worker: WorkerInfo;
  slowest: boolean;
  /** Whether any worker trains: a row's figure is then its step. */
  training: boolean;
  /** Seconds since the row came. */
  passed: number;
}

function WorkerRow({ worker, slowest, training, passed }: WorkerRowProps): JSX.Element {
  const trans = useLanguage();
  const { worker: id, name, host, pid, stage, memory_bytes, cpu_percent, rate_per_second } = worker;
  const { total_errors: errors } = worker;
  const note = noteOf(worker, slowest, passed, trans);
  const hint = [stage && runText(stage, trans), name, host, note].filter(Boolean).join(", ");
  return (
    <li
      class="v-worker-row"
      data-worker={id}
      data-state={worker.state}
      data-tone={workerTone(worker, slowest)}
    >
      <i aria-hidden="true">●</i>
      <span class="v-name" title={hint}>
        <b>{pid !== null && name === `${host}:${pid}` ? trans.__("pid %1", pid) : name}</b>
        {note ? <Vital of={`workers.${id}.state`}> {note}</Vital> : null}
        {errors > 0 ? (
          <Vital of={`workers.${id}.total_errors`} tone="bad">
            {" "}
            {trans._n("%1 error", "%1 errors", errors)}
          </Vital>
        ) : null}
      </span>
      <Vital of={`workers.${id}.host`} title={host}>
        {host}
      </Vital>
      <WorkDone worker={worker} training={training} />
      <Vital of={`workers.${id}.rate_per_second`}>{rate(rate_per_second, trans)}</Vital>
      <Vital of={`workers.${id}.cpu_percent`}>{percent(cpu_percent)}</Vital>
      <Vital of={`workers.${id}.memory_bytes`}>{bytes(memory_bytes)}</Vital>
    </li>
  );
}

/** Renders the step of a worker that trains, and the predictions of any other. */
function WorkDone({ worker, training }: { worker: WorkerInfo; training: boolean }): JSX.Element {
  const trans = useLanguage();
  const { worker: id, current, total, total_predictions: rows } = worker;
  if (current === null) {
    const counted = trans._n("%1 prediction", "%1 predictions", rows, count(rows));
    return (
      <Vital of={`workers.${id}.total_predictions`} class="v-worker-done">
        <b>{training ? (rows > 0 ? counted : null) : count(rows)}</b>
      </Vital>
    );
  }
  return (
    <Vital of={`workers.${id}.current`} class="v-worker-done">
      <b>{count(current)}</b>
      {total === null ? null : <span class="v-wide"> {trans.__("of %1", count(total))}</span>}
    </Vital>
  );
}

/** Returns what is to be known of a worker; empty of one that does as the others do. */
function noteOf(worker: WorkerInfo, slowest: boolean, passed: number, trans: Language): string {
  const { state, last_heard_seconds: age, rate_per_second: rate } = worker;
  if (slowest && rate) return trans.__("slowest, %1 a step", latencyText(1 / rate));
  if (state === "alive") return "";
  if (state === "ended") return trans.__("ended");
  const silent = age === null ? "" : roughly(age + passed);
  if (state === "late") return trans.__("not heard for %1", silent);
  return silent ? trans.__("lost, heard %1 ago", silent) : trans.__("lost");
}
