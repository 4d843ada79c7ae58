// The system of the kernel: meters, urgent alerts, and details that expand.
import type { JSX } from "preact";
import type { SystemSection } from "../schema/contract.gen";
import type { Store } from "../state/store";
import { bytes, clock, cores, duration, latencyText, percent, roughly } from "../text/format";
import type { Language } from "../text/language";
import { Gpus } from "./Gpus";
import type { Tone } from "./labels";
import { interpolate, useLanguage } from "./languageContext";
import { componentTone, Meters } from "./Meters";
import type { ModelSelection } from "./modelSelection";
import { SystemDetails } from "./SystemDetails";
import { Vital, type VitalName } from "./vital";

/** An out-of-memory kill is shown as an alert for this time. */
const OOM_ALERT_SECONDS = 3600;
/** Percent of the scheduler's periods from which throttling is shown as an alert. */
const MIN_THROTTLED_PERCENT = 25;

export function System({ selection }: { selection: ModelSelection }): JSX.Element {
  const trans = useLanguage();
  const { store, expanded } = selection;
  const open = expanded.value;
  return (
    <section class="v-system">
      <div class="v-headline">
        <button
          type="button"
          aria-expanded={open}
          onClick={() => {
            expanded.value = !open;
          }}
          onKeyDown={(event) => {
            // Notebooks have commands for these keys.
            if (/^( |Enter)$/.test(event.key)) event.stopPropagation();
          }}
        >
          <b>{trans.__("System")}</b>
        </button>
        <CellStatus store={store} />
        <SystemAlerts store={store} />
      </div>
      <dl class="v-meters">
        <Meters store={store} />
        <Gpus store={store} expanded={open} />
      </dl>
      {open ? <SystemDetails store={store} /> : null}
    </section>
  );
}

function CellStatus({ store }: { store: Store }): JSX.Element | null {
  const trans = useLanguage();
  const { kernel_busy: busy } = store.system.value;
  return (
    <span class="v-busy">
      {busy
        ? interpolate(
            trans.__("cell running %1", "%1"),
            <Vital of="system.kernel_busy_seconds">{duration(store.busy.value)}</Vital>,
          )
        : busy === false && trans.__("no cell running")}
    </span>
  );
}

/** Renders urgent alerts or, without any, the resource limits that the meters refer to. */
function SystemAlerts({ store }: { store: Store }): JSX.Element {
  const trans = useLanguage();
  const system = store.system.value;
  const urgent = urgentAlerts(store, system, trans);
  const alerts = urgent.length > 0 ? urgent : resourceLimits(system, trans);
  return (
    <span class="v-news">
      {alerts.map(([of, text, tone]) => (
        <Vital key={of} of={of} tone={tone} class="v-fact">
          {text}
        </Vital>
      ))}
    </span>
  );
}

type SystemAlert = readonly [of: VitalName, text: string, tone?: Tone];

function urgentAlerts(store: Store, system: SystemSection, trans: Language): SystemAlert[] {
  const { memory_full_seconds: full, oom_kill_at: killedAt } = system;
  const { cpu_throttled_percent: throttled, cpu_wait_percent: wait } = system;
  const { kernel_lag_seconds: lag, gil_starved } = system;
  const alerts: SystemAlert[] = [];
  if (killedAt !== null && store.now.value - killedAt < OOM_ALERT_SECONDS) {
    const at = clock(killedAt, store.now.value, trans);
    alerts.push(["system.oom_kill_at", trans.__("Out-of-memory kill, %1", at), "bad"]);
  }
  if (full !== null) {
    const left = trans.__("Memory full in about %1 at this rate", roughly(full));
    alerts.push(["system.memory_full_seconds", left, "warn"]);
  }
  if (gil_starved) {
    const waited = trans.__("GIL held for %1", latencyText(lag));
    alerts.push(["system.gil_starved", waited, "warn"]);
  }
  // Older kernels send no wait, only how often the quota was used up.
  const waits = componentTone(system, "cpu") !== undefined;
  if (throttled !== null && throttled >= MIN_THROTTLED_PERCENT && (waits || wait === null)) {
    const often = trans.__("CPU throttled %1 of the time", percent(throttled));
    alerts.push(["system.cpu_throttled_percent", often, "warn"]);
  } else if (waits && wait !== null) {
    const often = trans.__("Waiting for a CPU %1 of the time", percent(wait));
    alerts.push(["system.cpu_wait_percent", often, "warn"]);
  }
  if (componentTone(system, "memory_pressure") !== undefined) {
    const often = percent(system.memory_pressure_percent);
    const text = trans.__("All work waits for memory %1 of the time", often);
    alerts.push(["system.memory_pressure_percent", text, "warn"]);
  }
  if (componentTone(system, "io_pressure") !== undefined) {
    const often = percent(system.io_pressure_percent);
    const text = trans.__("All work waits for the disk %1 of the time", often);
    alerts.push(["system.io_pressure_percent", text, "warn"]);
  }
  return alerts;
}

function resourceLimits(system: SystemSection, trans: Language): SystemAlert[] {
  const { memory_scope, cpu_scope, memory_limit_bytes: memory, cpu_limit_cores: cpu } = system;
  const limit = (scope: typeof cpu_scope, text: string): string =>
    scope === "container" ? trans.__("container limit %1", text) : trans.__("host %1", text);
  const alerts: SystemAlert[] = [];
  if (memory !== null) alerts.push(["system.memory_scope", limit(memory_scope, bytes(memory))]);
  if (cpu !== null) {
    const text = cores(cpu, trans);
    const same = cpu_scope === memory_scope && memory !== null;
    alerts.push(["system.cpu_scope", same ? text : limit(cpu_scope, text)]);
  }
  return alerts;
}
