// Meters: a value, how much that is of what there is, and how it went of late.
import type { ComponentChildren, JSX } from "preact";
import type { SystemSection } from "../contract.gen";
import { bytes, bytesOf, coresUsed, count, type Maybe, percent, tenths } from "../format";
import type { Charted } from "../history";
import type { Store } from "../store";
import { fromZero, Sparkline } from "./Sparkline";
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

/** Rates below this lie on the floor. */
const rateRange = fromZero(1024);

export const perSecond = (value: Maybe): string => bytes(value) + (value === null ? "" : "/s");

interface MeterProps {
  label: ComponentChildren;
  of: VitalName;
  reading: string;
  /** In percent; a meter without it has no bar. */
  level?: Maybe;
  tone?: Tone | undefined;
  chart?: Charted & `${string}_${"percent" | "second"}`;
  store?: Store;
  half?: boolean;
  title?: string | undefined;
  note: ComponentChildren;
  children?: ComponentChildren;
}

export function Meter(props: MeterProps): JSX.Element {
  const { label, of, reading, level, tone, chart, store, half, title, note, children } = props;
  const rate = chart?.endsWith("second");
  return (
    <div class={half ? "v-meter v-half" : "v-meter"} data-tone={tone} title={title}>
      <dt>{label}</dt>
      <dd class="v-reading">
        <Vital of={of}>{reading}</Vital>
      </dd>
      {level === undefined ? null : (
        <dd class="v-track">
          <Level share={(level ?? 0) / 100} />
        </dd>
      )}
      <dd class="v-note">{note}</dd>
      {chart && store ? (
        <dd class="v-trend">
          <Sparkline
            series={() => store}
            of={chart}
            label={`${label}`}
            text={rate ? perSecond : (percents) => `${tenths(percents)} %`}
            range={rate ? rateRange : percentRange}
          />
        </dd>
      ) : null}
      {children}
    </div>
  );
}

/** The colour of a component by its level, or because the system's health rests on it. */
export function partTone(system: SystemSection, part: string, level: Maybe): Tone | undefined {
  const limiting = system.limiter === part ? system.system_health : null;
  const scarce = part === "memory" || part === "disk";
  if (limiting === "unhealthy" || (scarce && (level ?? 0) >= CRITICAL_PERCENT)) return "bad";
  const high = scarce || part === "cpu" ? HIGH_PERCENT : Number.POSITIVE_INFINITY;
  return limiting === "degraded" || (level ?? 0) >= high ? "warn" : undefined;
}

const percentOf = (part: "cpu" | "memory" | "disk") => `${part}_percent` as const;

export function Meters({ store }: { store: Store }): JSX.Element {
  const trans = useLanguage();
  const system = store.system.value;
  const parts = [
    ["cpu", "CPU", "cpu_limit_cores", coresUsed(system.cpu_percent, system.cpu_limit_cores, trans)],
    [
      "memory",
      trans.__("Memory"),
      "memory_used_bytes",
      bytesOf(system.memory_used_bytes, system.memory_limit_bytes, trans),
    ],
    [
      "disk",
      trans.__("Disk"),
      "disk_free_bytes",
      system.disk_free_bytes === null ? "" : trans.__("%1 free", bytes(system.disk_free_bytes)),
    ],
  ] as const;
  return (
    <>
      {parts.map(([part, label, of, note]) => {
        const name = percentOf(part);
        const level = system[name];
        return (
          <Meter
            key={part}
            label={label}
            of={`system.${name}`}
            reading={percent(level)}
            level={level}
            tone={partTone(system, part, level)}
            {...(part === "disk" ? { title: system.disk_path ?? undefined } : {})}
            {...(name === "disk_percent" ? {} : { chart: name, store })}
            note={note && <Vital of={`system.${of}`}>{note}</Vital>}
          />
        );
      })}
      <Meter
        label={trans.__("Connections")}
        of="system.active_connections"
        reading={count(system.active_connections)}
        note={trans.__("to this notebook")}
      />
    </>
  );
}
