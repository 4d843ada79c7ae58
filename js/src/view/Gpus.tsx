import type { JSX } from "preact";
import type { Gpu } from "../schema/contract.gen";
import type { Store } from "../state/store";
import { bytes, bytesOf, count, type Maybe, percent, UNKNOWN } from "../text/format";
import type { Language } from "../text/language";
import { unavailableLabel } from "./labels";
import { useLanguage } from "./languageContext";
import { componentTone, Meter } from "./Meters";
import { LevelBar, Vital } from "./vital";

/** More GPUs than these are two summary meters, and a card each when expanded. */
const MAX_GPU_METERS = 2;

export function Gpus({ store, expanded }: { store: Store; expanded: boolean }): JSX.Element {
  const trans = useLanguage();
  const { gpus } = store.system.value;
  const few = gpus.length <= MAX_GPU_METERS;
  const name = gpus[0]?.name ?? null;
  const alike = !few && gpus.every((gpu) => gpu.name === name);
  const reasons = gpus.map((gpu) => gpuReasons(gpu, trans));
  // A reason that all GPUs share is shown once.
  const shared = few ? [] : (reasons[0] ?? []).filter((one) => reasons.every(includes(one)));
  return (
    <>
      {few ? null : <GpuSummary store={store} />}
      {few || !expanded ? null : (
        <div class="v-alike">
          <dt>
            {gpus.length} ×{" "}
            {alike ? <Vital of="system.gpus.0.name">{name ?? UNKNOWN}</Vital> : "GPU"}
          </dt>
          <ReasonLines texts={shared} />
        </div>
      )}
      {few || expanded
        ? gpus.map((gpu, i) => (
            <GpuCard
              key={gpu.index}
              gpu={gpu}
              half={few}
              named={!alike}
              reasons={(reasons[i] ?? []).filter((one) => !shared.includes(one))}
              expanded={expanded}
              {...(gpus.length === 1 ? { store } : {})}
            />
          ))
        : null}
    </>
  );
}

const includes =
  (text: string) =>
  (texts: readonly string[]): boolean =>
    texts.includes(text);

const ReasonLines = ({ texts }: { texts: readonly string[] }): JSX.Element => (
  <>
    {texts.map((text) => (
      <dd key={text} class="v-more">
        {text}
      </dd>
    ))}
  </>
);

/** Renders the busiest and the fullest GPU of many. */
function GpuSummary({ store }: { store: Store }): JSX.Element {
  const trans = useLanguage();
  const system = store.system.value;
  const { gpus, gpu_percent: busy, gpu_memory_percent: full } = system;
  const busiest = highest(gpus, (gpu) => gpu.utilization_percent);
  const fullest = highest(gpus, memoryPercent);
  const unknown = gpus[0]?.reasons["utilization_percent"];
  return (
    <>
      <Meter
        label={trans.__("Busiest of %1 GPUs", gpus.length)}
        of="system.gpu_percent"
        reading={percent(busy)}
        level={busy}
        chart="gpu_percent"
        store={store}
        half
        note={busiest ? `GPU ${busiest.index}` : unknown && unavailableLabel(unknown, trans)}
      />
      <Meter
        label={trans.__("Fullest GPU memory")}
        of="system.gpu_memory_percent"
        reading={percent(full)}
        level={full}
        tone={componentTone(system, "gpu_memory", full)}
        chart="gpu_memory_percent"
        store={store}
        half
        note={fullest ? `GPU ${fullest.index}: ${memory(fullest, trans)}` : ""}
      />
    </>
  );
}

const memoryPercent = ({ memory_used_bytes: used, memory_total_bytes: all }: Gpu): Maybe =>
  used === null || all === null ? null : (100 * used) / all;

const memory = (gpu: Gpu, trans: Language): string =>
  bytesOf(gpu.memory_used_bytes, gpu.memory_total_bytes, trans) || UNKNOWN;

function highest(gpus: readonly Gpu[], level: (gpu: Gpu) => Maybe): Gpu | undefined {
  const known = gpus.filter((gpu) => level(gpu) !== null);
  return known.sort((a, b) => (level(b) ?? 0) - (level(a) ?? 0))[0];
}

interface GpuCardProps {
  gpu: Gpu;
  half: boolean;
  named: boolean;
  reasons: readonly string[];
  expanded: boolean;
  /** The store whose GPU history is this GPU's, if it is the only one. */
  store?: Store;
}

function GpuCard({ gpu, half, named, reasons, expanded, store }: GpuCardProps): JSX.Element {
  const trans = useLanguage();
  const { index, name, utilization_percent: busy, power_watts: watts } = gpu;
  const of = `system.gpus.${index}` as const;
  const limit = gpu.power_limit_watts;
  const power = count(watts);
  return (
    <Meter
      label={gpu.mig ? `GPU ${index} MIG` : `GPU ${index}`}
      of={`${of}.utilization_percent`}
      reading={percent(busy)}
      level={busy}
      half={half}
      hint={(expanded ? gpu.uuid : name) ?? undefined}
      {...(store ? { chart: "gpu_percent", store } : {})}
      note={<Vital of={`${of}.memory_used_bytes`}>{memory(gpu, trans)}</Vital>}
    >
      {expanded ? (
        <>
          <dd class="v-track">
            <LevelBar share={(memoryPercent(gpu) ?? 0) / 100} />
          </dd>
          <dd class="v-more">
            <Vital of={`${of}.temperature_celsius`}>{count(gpu.temperature_celsius)} °C</Vital>
            <Vital of={`${of}.power_watts`}>
              {watts === null || limit === null
                ? `${power} W`
                : trans.__("%1 of %2", power, `${count(limit)} W`)}
            </Vital>
            <Vital of={`${of}.process_memory_bytes`}>
              {trans.__("kernel %1", bytes(gpu.process_memory_bytes))}
            </Vital>
          </dd>
          {named ? (
            <dd class="v-more">
              <Vital of={`${of}.name`}>{name ?? UNKNOWN}</Vital>
            </dd>
          ) : null}
          <ReasonLines texts={reasons} />
        </>
      ) : null}
    </Meter>
  );
}

/** Returns a line for each reason, with its fields. */
function gpuReasons({ reasons }: Gpu, trans: Language): string[] {
  const fields: Readonly<Record<string, string>> = {
    utilization_percent: trans.__("utilization"),
    memory_used_bytes: trans.__("memory"),
    memory_total_bytes: trans.__("memory"),
    temperature_celsius: trans.__("temperature"),
    power_watts: trans.__("power"),
    process_memory_bytes: trans.__("kernel"),
  };
  const entries = Object.entries(reasons);
  return [...new Set(entries.map(([, reason]) => reason))].map((reason) => {
    const names = entries.map(([field, why]) => why === reason && fields[field]).filter(Boolean);
    const what = [...new Set(names)].join(", ");
    return (what && `${what}: `) + unavailableLabel(reason, trans);
  });
}
