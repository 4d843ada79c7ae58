// Meters of the system: a value, its level as a bar, and its history as a sparkline.
import type { ComponentChildren, JSX } from "preact";
import type { ChartedMetric, SystemSection } from "../schema/contract.gen";
import type { Store } from "../state/store";
import { bytes, bytesOf, coresUsed, count, type Maybe, percent, tenths } from "../text/format";
import type { Tone } from "./labels";
import { useLanguage } from "./languageContext";
import { rangeFromZero, Sparkline } from "./Sparkline";
import { LevelBar, VisuallyHidden, Vital, type VitalName } from "./vital";

/** The levels from which a meter is amber and red, independent of the monitor's thresholds. */
export const WARN_PERCENT = 90;
export const CRITICAL_PERCENT = 97;

/** The y axis spans at least this much; it need not start at 0, as the bar shows the level. */
const MIN_SPAN_PERCENT = 20;

function percentRange(low: Maybe, high: Maybe): readonly [number, number] {
  if (low === null || high === null) return [0, 100];
  const spare = Math.max(0, MIN_SPAN_PERCENT - (high - low)) / 2;
  const floor = Math.max(0, Math.min(low - spare, 100 - MIN_SPAN_PERCENT));
  return [floor, Math.min(100, Math.max(high + spare, floor + MIN_SPAN_PERCENT))];
}

/** The y axis of rates spans at least 1 KiB/s. */
const rateRange = rangeFromZero(1024);

export const perSecond = (value: Maybe): string => bytes(value) + (value === null ? "" : "/s");

interface MeterProps {
  label: ComponentChildren;
  of: VitalName;
  reading: string;
  /** In percent; a meter without a level has no bar. */
  level?: Maybe;
  tone?: Tone | undefined;
  chart?: ChartedMetric & `${string}_${"percent" | "second"}`;
  store?: Store;
  half?: boolean;
  /** Explains the meter: shown on hover, and read by screen readers. */
  hint?: string | undefined;
  note: ComponentChildren;
  children?: ComponentChildren;
}

export function Meter(props: MeterProps): JSX.Element {
  const { label, of, reading, level, tone, chart, store, half, hint, note, children } = props;
  const rate = chart?.endsWith("second");
  return (
    <div class={half ? "v-meter v-half" : "v-meter"} data-tone={tone} title={hint}>
      <dt>{label}</dt>
      <dd class="v-reading">
        <Vital of={of}>{reading}</Vital>
        {hint ? <VisuallyHidden>, {hint}</VisuallyHidden> : null}
      </dd>
      {level === undefined ? null : (
        <dd class="v-track">
          <LevelBar share={(level ?? 0) / 100} />
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

/** Returns the tone of a component, by its level or because it limits the system's health. */
export function componentTone(system: SystemSection, part: string, level: Maybe): Tone | undefined {
  const limiting = system.limiter === part ? system.system_health : null;
  const scarce = part === "memory" || part === "disk";
  if (limiting === "unhealthy" || (scarce && (level ?? 0) >= CRITICAL_PERCENT)) return "bad";
  const high = scarce || part === "cpu" ? WARN_PERCENT : Number.POSITIVE_INFINITY;
  return limiting === "degraded" || (level ?? 0) >= high ? "warn" : undefined;
}

const percentField = (part: "cpu" | "memory" | "disk") => `${part}_percent` as const;

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
        const name = percentField(part);
        const level = system[name];
        return (
          <Meter
            key={part}
            label={label}
            of={`system.${name}`}
            reading={percent(level)}
            level={level}
            tone={componentTone(system, part, level)}
            {...(part === "disk" ? { hint: system.disk_path ?? undefined } : {})}
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
