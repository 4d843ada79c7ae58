import type { ComponentChildren, JSX } from "preact";
import type { Gpu } from "../contract.gen";
import { bytes, bytesOf, count, type Maybe, percent } from "../format";
import type { Charted } from "../history";
import type { Language } from "../language";
import type { Store } from "../store";
import { Sparkline } from "./Sparkline";
import { useLanguage } from "./spoken";
import { Level, Vital, type VitalName } from "./vital";
import type { Tone } from "./words";

/** Where a meter turns amber, and where red, whatever the thresholds of the monitor say. */
export const HIGH_PERCENT = 90;
export const CRITICAL_PERCENT = 97;

/** The bar tells the level; the line shows the trend, so it is let fill its height. */
const LEAST_SPAN_PERCENT = 20;

function percentRange(low: Maybe, high: Maybe): readonly [number, number] {
  if (low === null || high === null) return [0, 100];
  const spare = Math.max(0, LEAST_SPAN_PERCENT - (high - low)) / 2;
  const floor = Math.max(0, Math.min(low - spare, 100 - LEAST_SPAN_PERCENT));
  return [floor, Math.min(100, Math.max(high + spare, floor + LEAST_SPAN_PERCENT))];
}

export function Meters({ store }: { store: Store }): JSX.Element {
  const trans = useLanguage();
  const system = store.system.value;
  const { cpu_percent: cpu, cpu_limit_cores: limit, gpus } = system;
  const tone = (part: string, value: Maybe): Tone | undefined => {
    const limiting = system.limiter === part ? system.system_health : null;
    if (limiting === "unhealthy" || (part !== "cpu" && (value ?? 0) >= CRITICAL_PERCENT)) {
      return "bad";
    }
    return limiting === "degraded" || (value ?? 0) >= HIGH_PERCENT ? "warn" : undefined;
  };
  return (
    <dl class="v-meters">
      <Meter
        label="CPU"
        of="system.cpu_percent"
        value={cpu}
        tone={tone("cpu", cpu)}
        chart="cpu_percent"
        store={store}
      >
        <Vital of="system.cpu_limit_cores">{coresUsed(cpu, limit, trans)}</Vital>
      </Meter>
      <Meter
        label={trans.__("Memory")}
        of="system.memory_percent"
        value={system.memory_percent}
        tone={tone("memory", system.memory_percent)}
        chart="memory_percent"
        store={store}
      >
        <Vital of="system.memory_used_bytes">
          {bytesOf(system.memory_used_bytes, system.memory_limit_bytes, trans)}
        </Vital>
      </Meter>
      <Meter
        label={trans.__("Disk")}
        of="system.disk_percent"
        value={system.disk_percent}
        tone={tone("disk", system.disk_percent)}
      >
        {system.disk_free_bytes === null ? null : (
          <Vital of="system.disk_free_bytes" title={system.disk_path ?? undefined}>
            {trans.__("%1 free", bytes(system.disk_free_bytes))}
          </Vital>
        )}
      </Meter>
      <div class="v-meter">
        <dt>{trans.__("Connections")}</dt>
        <dd class="v-reading">
          <Vital of="system.active_connections">{count(system.active_connections)}</Vital>
        </dd>
        <dd class="v-note">{trans.__("to this notebook")}</dd>
      </div>
      {gpus.map((gpu) => (
        <GpuMeter key={gpu.index} gpu={gpu} />
      ))}
    </dl>
  );
}

function coresUsed(used: Maybe, limit: Maybe, trans: Language): string {
  if (used === null || limit === null) return "";
  const share = (used / 100) * limit;
  const text = share.toFixed(share < 99.95 ? 1 : 0);
  return trans._n("%2 of %1 core", "%2 of %1 cores", Number(limit.toFixed(2)), text);
}

interface MeterProps {
  label: string;
  of: VitalName;
  value: Maybe;
  tone: Tone | undefined;
  chart?: Charted & `${string}_percent`;
  store?: Store;
  children: ComponentChildren;
}

function Meter({ label, of, value, tone, chart, store, children }: MeterProps): JSX.Element {
  return (
    <div class="v-meter" data-tone={tone}>
      <dt>{label}</dt>
      <dd class="v-reading">
        <Vital of={of}>{percent(value)}</Vital>
      </dd>
      <dd class="v-track">
        <Level share={(value ?? 0) / 100} />
      </dd>
      <dd class="v-note">{children}</dd>
      {chart && store ? (
        <dd class="v-trend">
          <Sparkline
            series={() => store}
            of={chart}
            label={label}
            text={(percents) => `${percents.toFixed(1)} %`}
            range={percentRange}
          />
        </dd>
      ) : null}
    </div>
  );
}

function GpuMeter({ gpu }: { gpu: Gpu }): JSX.Element {
  const { index, name, utilization_percent: value } = gpu;
  const trans = useLanguage();
  return (
    <div class="v-meter" title={name ?? undefined}>
      <dt>GPU {index}</dt>
      <dd class="v-reading">
        <span data-vital={`system.gpus.${index}.utilization_percent`}>{percent(value)}</span>
      </dd>
      <dd class="v-track">
        <Level share={(value ?? 0) / 100} />
      </dd>
      <dd class="v-note">
        <span data-vital={`system.gpus.${index}.memory_used_bytes`}>
          {bytesOf(gpu.memory_used_bytes, gpu.memory_total_bytes, trans)}
        </span>
      </dd>
    </div>
  );
}
