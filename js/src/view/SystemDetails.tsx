// The expanded details of the system: rates, the kernel, the machine, the processes.
import type { JSX } from "preact";
import type { SystemSection } from "../schema/contract.gen";
import type { Store } from "../state/store";
import {
  bytes,
  bytesOf,
  clock,
  clockSeconds,
  count,
  latencyText,
  type Maybe,
  percent,
  UNKNOWN,
} from "../text/format";
import type { Language } from "../text/language";
import { scopeLabel, type Tone, unavailableLabel } from "./labels";
import { useLanguage } from "./languageContext";
import { componentTone, Meter, perSecond } from "./Meters";
import { VisuallyHidden, Vital, type VitalName } from "./vital";

export function SystemDetails({ store }: { store: Store }): JSX.Element {
  return (
    <>
      <RateMeters store={store} />
      <div class="v-groups">
        <KernelFacts store={store} />
        <MachineFacts store={store} />
        <ProcessTable store={store} />
      </div>
    </>
  );
}

const RATE_TOTALS = [
  "disk_read_bytes",
  "disk_written_bytes",
  "network_received_bytes",
  "network_sent_bytes",
] as const;
const perSecondOf = (total: (typeof RATE_TOTALS)[number]) => `${total}_per_second` as const;

function RateMeters({ store }: { store: Store }): JSX.Element {
  const trans = useLanguage();
  const system = store.system.value;
  const labels = [
    trans.__("Disk read"),
    trans.__("Disk written"),
    trans.__("Received"),
    trans.__("Sent"),
  ];
  return (
    <dl class="v-meters">
      {RATE_TOTALS.map((total, i) => {
        const name = perSecondOf(total);
        return (
          <Meter
            key={total}
            label={labels[i]}
            of={`system.${name}`}
            reading={perSecond(system[name])}
            chart={name}
            store={store}
            hint={trans.__("In all since the monitor began")}
            note={
              <Vital of={`system.${total}`}>{trans.__("%1 in all", bytes(system[total]))}</Vital>
            }
          />
        );
      })}
    </dl>
  );
}

type FactRow = readonly [
  label: string,
  of: VitalName,
  text: string,
  tone?: Tone | undefined,
  hint?: string | undefined,
];

function FactGroup({ label, facts }: { label: string; facts: (FactRow | false)[] }): JSX.Element {
  return (
    <div class="v-group">
      <h3>{label}</h3>
      <dl>
        {facts.map((fact) => {
          if (!fact) return null;
          const [name, of, text, tone, hint] = fact;
          return (
            <div key={of} title={hint}>
              <dt>{name}</dt>
              <dd>
                <Vital of={of} tone={tone}>
                  {text}
                </Vital>
                {hint ? <VisuallyHidden>, {hint}</VisuallyHidden> : null}
              </dd>
            </div>
          );
        })}
      </dl>
    </div>
  );
}

function KernelFacts({ store }: { store: Store }): JSX.Element {
  const trans = useLanguage();
  const system = store.system.value;
  const { kernel_busy: busy, kernel_busy_since: since, kernel_lag_seconds: lag } = system;
  const { open_files_percent: files, open_files_limit: mostFiles, gil_starved: starved } = system;
  const started = since === null ? UNKNOWN : trans.__("since %1", clockSeconds(since));
  return (
    <FactGroup
      label={trans.__("Kernel")}
      facts={[
        [trans.__("Cell"), "system.kernel_busy_since", busy === false ? trans.__("none") : started],
        [
          trans.__("Threads wait"),
          "system.kernel_lag_seconds",
          latencyText(lag),
          starved ? "warn" : undefined,
          trans.__("How late a thread got the GIL, at worst since the last reading"),
        ],
        [trans.__("Children"), "system.process_children", count(system.process_children)],
        [trans.__("Threads"), "system.process_threads", count(system.process_threads)],
        [trans.__("Open files"), "system.process_open_files", count(system.process_open_files)],
        [
          trans.__("File limit"),
          "system.open_files_percent",
          files === null ? UNKNOWN : trans.__("%1 of %2", percent(files), count(mostFiles)),
          componentTone(system, "open_files"),
          trans.__("What the kernel alone has open, of what it may"),
        ],
      ]}
    />
  );
}

function MachineFacts({ store }: { store: Store }): JSX.Element {
  const trans = useLanguage();
  const system = store.system.value;
  const { shared_memory_free_bytes: free, shared_memory_limit_bytes: most } = system;
  const { cpu_throttled_percent: throttled, cpu_throttled_seconds: lost } = system;
  const { memory_cache_bytes: cache, memory_peak_bytes: peak, memory_limit_bytes: memory } = system;
  const { cpu_wait_percent: wait } = system;
  const { oom_kills: kills, oom_kill_at: killedAt, disk_path: path, disk_io_scope } = system;
  return (
    <FactGroup
      label={trans.__("Machine")}
      facts={[
        peak !== null && [
          trans.__("Memory peak"),
          "system.memory_peak_bytes",
          bytesOf(peak, memory, trans),
          undefined,
          trans.__("The most in use since the monitor began"),
        ],
        isPositive(cache) && [
          trans.__("Page cache"),
          "system.memory_cache_bytes",
          bytes(cache),
          undefined,
          trans.__("Cached files, which are dropped when memory is needed"),
        ],
        wait !== null && [
          trans.__("CPU waits"),
          "system.cpu_wait_percent",
          percent(wait),
          componentTone(system, "cpu"),
          trans.__("How long the kernel waited for a CPU that others used"),
        ],
        ...pressureFacts(system, trans),
        [
          trans.__("Shared memory"),
          "system.shared_memory_free_bytes",
          free === null ? UNKNOWN : trans.__("%1 free", bytesOf(free, most, trans)),
          componentTone(system, "shared_memory"),
        ],
        isPositive(lost) && [
          trans.__("CPU throttled"),
          "system.cpu_throttled_seconds",
          trans.__("%1, %2 in all", percent(throttled), latencyText(lost)),
        ],
        isPositive(kills) && [
          trans.__("Out of memory"),
          "system.oom_kills",
          killedAt === null
            ? trans.__("%1 killed", count(kills))
            : trans.__("%1 killed, last %2", count(kills), clock(killedAt, store.now.value, trans)),
          killedAt === null ? undefined : "bad",
        ],
        [trans.__("Folder"), "system.disk_path", pathTail(path), undefined, path ?? undefined],
        [
          trans.__("Disk rates of"),
          "system.disk_io_scope",
          disk_io_scope === null ? UNKNOWN : scopeLabel(disk_io_scope, trans),
        ],
        system.gpus.length === 0 && [
          "GPU",
          "system.gpus_reason",
          system.gpus_reason === null ? UNKNOWN : unavailableLabel(system.gpus_reason, trans),
        ],
      ]}
    />
  );
}

/** Returns how long tasks waited for CPU, memory and disks, where Linux counts it. */
function pressureFacts(system: SystemSection, trans: Language): FactRow[] {
  const { pressure_scope: scope } = system;
  if (scope === null) return [];
  const hint = trans.__("How long tasks waited (%1)", scopeLabel(scope, trans));
  const rows = [
    [trans.__("CPU pressure"), "cpu_pressure"],
    [trans.__("Memory pressure"), "memory_pressure"],
    [trans.__("Disk pressure"), "io_pressure"],
  ] as const;
  return rows.map(([label, part]) => [
    label,
    `system.${part}_percent`,
    percent(system[`${part}_percent`]),
    componentTone(system, part),
    hint,
  ]);
}

const MAX_PATH_LENGTH = 22;
/** Returns the end of a long path, which is more specific than its beginning. */
const pathTail = (path: string | null): string =>
  path !== null && path.length > MAX_PATH_LENGTH
    ? `…${path.slice(1 - MAX_PATH_LENGTH)}`
    : (path ?? UNKNOWN);

const isPositive = (value: Maybe): boolean => value !== null && value > 0;

const ALL = "all";

/** Renders the total of the kernel's process tree, and its largest processes. */
function ProcessTable({ store }: { store: Store }): JSX.Element {
  const trans = useLanguage();
  const system = store.system.value;
  const { process_memory_kind: kind, top_processes: top } = system;
  const tree = trans.__("The kernel and the processes it started");
  const peak = system.process_memory_peak_bytes;
  const use = (of: number | typeof ALL, cpu: Maybe, memory: Maybe): JSX.Element => (
    <>
      <Vital of={`system.top_processes.${of}.cpu_percent`}>{percent(cpu)}</Vital>
      <Vital of={`system.top_processes.${of}.memory_bytes`}>{bytes(memory)}</Vital>
    </>
  );
  return (
    <div class="v-group v-processes">
      <ul>
        <li title={tree}>
          <span class="v-name">{trans.__("Processes")}</span>
          <VisuallyHidden>{tree}</VisuallyHidden>
          {use(ALL, system.process_cpu_percent, system.process_memory_bytes)}
        </li>
        {top.map(({ pid, name, cpu_percent, memory_bytes }) => (
          <li key={pid} title={trans.__("Process %1", pid)}>
            <Vital of={`system.top_processes.${pid}.name`} class="v-name">
              {name}
            </Vital>
            <VisuallyHidden>{trans.__("Process %1", pid)}</VisuallyHidden>
            {use(pid, cpu_percent, memory_bytes)}
          </li>
        ))}
      </ul>
      {kind === null ? null : (
        <p class="v-more">
          <Vital of="system.process_memory_kind">
            {kind === "pss"
              ? trans.__("Pages that processes share count once")
              : trans.__("At most: pages that processes share may count more than once")}
          </Vital>
        </p>
      )}
      {peak === null ? null : (
        <p class="v-more">
          <Vital of="system.process_memory_peak_bytes">{trans.__("Peak %1", bytes(peak))}</Vital>
        </p>
      )}
    </div>
  );
}
