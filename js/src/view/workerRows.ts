// What a view says of the workers: who is silent, who is slowest, and in which order they stand.
import type { WorkerInfo } from "../schema/contract.gen";
import { count, roughly } from "../text/format";
import type { Language } from "../text/language";
import type { Tone } from "./labels";

/** Workers of a list that is not expanded. */
export const COLLAPSED_WORKERS = 8;
/** Of these, rows behind the first ones that need attention. */
const MAX_MARKED = 4;
/** Share of the median rate below which the slowest worker is marked. */
const SLOW_SHARE = 0.9;

const TONES: Readonly<Record<WorkerInfo["state"], Tone>> = {
  alive: "accent",
  late: "muted",
  ended: "muted",
  gone: "bad",
};

export const isSilent = ({ state }: WorkerInfo): boolean => state === "late" || state === "gone";

export const workerTone = (worker: WorkerInfo, slowest: boolean): Tone =>
  slowest ? "warn" : TONES[worker.state];

/** Returns the worker that is clearly slower than the others; undefined where none is. */
export function slowestOf(workers: readonly WorkerInfo[]): WorkerInfo | undefined {
  const rated = workers.filter((one) => one.state === "alive" && rateOf(one) > 0);
  rated.sort((a, b) => rateOf(a) - rateOf(b));
  const [slowest] = rated;
  const median = rated[Math.floor(rated.length / 2)];
  if (!slowest || !median) return undefined;
  return rateOf(slowest) < SLOW_SHARE * rateOf(median) ? slowest : undefined;
}

const rateOf = ({ rate_per_second: rate }: WorkerInfo): number => rate ?? 0;

/** Returns the workers by rank; those that ended come last. */
export function inOrder(workers: readonly WorkerInfo[]): readonly WorkerInfo[] {
  const place = ({ state, rank }: WorkerInfo): number =>
    (state === "ended" ? 2e9 : 0) + (rank === null ? 1e9 : Math.min(rank, 1e9));
  return [...workers].sort((a, b) => place(a) - place(b));
}

/** Returns the first workers, with those among the others that need attention, in their order. */
export function collapsed(
  ordered: readonly WorkerInfo[],
  slowest: WorkerInfo | undefined,
): readonly WorkerInfo[] {
  const marked = ordered.filter((one) => one === slowest || isSilent(one)).slice(0, MAX_MARKED);
  let left = COLLAPSED_WORKERS - marked.length;
  return ordered.filter((one) => marked.includes(one) || left-- > 0);
}

/** Returns how many workers report: `7 of 8 workers, the last heard 14 s ago`. */
export function workersText(
  workers: readonly WorkerInfo[],
  passed: number,
  trans: Language,
): string {
  const open = workers.filter((one) => one.state !== "ended");
  const silent = open.filter(isSilent);
  const ended = workers.length - open.length;
  if (open.length === 0) return trans._n("%1 worker, ended", "%1 workers, all ended", ended);
  const n = open.length;
  let text = trans._n("%1 worker", "%1 workers", n);
  if (silent.length > 0) {
    const ages = silent.flatMap((one) => one.last_heard_seconds ?? []);
    const alive = count(n - silent.length);
    text =
      ages.length === 0
        ? trans.__("%1 of %2 workers", alive, count(n))
        : trans.__(
            "%1 of %2 workers, the last heard %3 ago",
            ...[alive, count(n), roughly(Math.min(...ages) + passed)],
          );
  }
  return ended === 0 ? text : trans.__("%1, %2 ended", text, count(ended));
}
