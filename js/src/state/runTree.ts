// Which runs belong together: runs inside a run, runs beside it, and the run before it.
import type { RunInfo } from "../schema/contract.gen";

/** Returns the runs that are in no other known run, in their order. */
export function rootsOf(runs: readonly RunInfo[]): readonly RunInfo[] {
  const ids = new Set(runs.map((run) => run.run_id));
  return runs.filter((run) => run.parent_id === null || !ids.has(run.parent_id));
}

/** Returns the runs after their kernel went away: those that were open are lost. */
export const withLost = (runs: readonly RunInfo[]): readonly RunInfo[] =>
  runs.map((run) => (run.state === "running" ? { ...run, state: "lost", alert: null } : run));

/**
 * Returns the runs at the top that ran at the same time as the open ones or, without one, as the
 * newest, in their order.
 */
export function parallelRuns(roots: readonly RunInfo[]): readonly RunInfo[] {
  const open = roots.filter((run) => run.ended_at === null);
  const group = new Set(open.length > 0 ? open : roots.slice(0, 1));
  for (let before = -1; before !== group.size; ) {
    before = group.size;
    for (const run of roots) if ([...group].some((one) => overlaps(one, run))) group.add(run);
  }
  return roots.filter((run) => group.has(run));
}

/** Runs that are compared with each other, and the runs inside which they were opened. */
export interface RunGroup {
  /** The runs at the top that ran at the same time. */
  readonly top: readonly RunInfo[];
  readonly rows: readonly RunInfo[];
  readonly around: readonly RunInfo[];
}

/**
 * Returns the runs to compare: those at the top that ran at the same time; in place of one that
 * has runs beside each other inside it, such as folds, these.
 */
export function comparedRuns(all: readonly RunInfo[]): RunGroup {
  const around: RunInfo[] = [];
  const top = parallelRuns(rootsOf(all));
  const rows = top.flatMap((root) => innerRows(root, all, around));
  return { top, rows, around };
}

/** Returns the runs beside each other inside a run; none if it is compared itself. */
export function rowsInside(run: RunInfo, all: readonly RunInfo[]): readonly RunInfo[] {
  const rows = innerRows(run, all, []);
  return rows.length > 1 ? rows : [];
}

function innerRows(run: RunInfo, all: readonly RunInfo[], around: RunInfo[]): readonly RunInfo[] {
  const inside = all.filter((one) => one.parent_id === run.run_id);
  const beside = inside.filter((one) => inside.some((other) => areBeside(one, other)));
  const rows =
    beside.length > 0
      ? beside
      : inside.length === 1
        ? innerRows(inside[0] as RunInfo, all, around)
        : [];
  if (rows.length < 2) return [run];
  around.unshift(run);
  return rows;
}

/**
 * Returns whether two runs inside the same run are of one kind: they ran at the same time, or have
 * names or numbers of their own. A loop that begins again is a part of the run around it.
 */
function areBeside(a: RunInfo, b: RunInfo): boolean {
  if (a === b || a.lap > 1 || b.lap > 1) return false;
  return overlaps(a, b) || (kindOf(a) === kindOf(b) && (a.name ?? a.stage) !== (b.name ?? b.stage));
}

const overlaps = (a: RunInfo, b: RunInfo): boolean =>
  a.started_at < (b.ended_at ?? Number.POSITIVE_INFINITY) &&
  b.started_at < (a.ended_at ?? Number.POSITIVE_INFINITY);

/** Returns what runs of one kind share: `Epoch 5 of 12` is any epoch. */
const kindOf = (run: RunInfo): string => `${run.stage.replace(/\d+/g, "")} ${run.model_id}`;

/** Returns a run and the runs inside it, but no rows of their own. */
export function ownTree(
  root: RunInfo,
  all: readonly RunInfo[],
  rows: readonly RunInfo[],
): readonly RunInfo[] {
  const inside = all.filter((run) => run.parent_id === root.run_id && !rows.includes(run));
  return [root, ...inside.flatMap((run) => ownTree(run, all, rows))];
}

/** Returns the one of `candidates` that a run is, or is inside of. */
export function ancestorIn(
  run: RunInfo,
  candidates: readonly RunInfo[],
  all: readonly RunInfo[],
): RunInfo | undefined {
  for (let one: RunInfo | undefined = run; one; ) {
    if (candidates.includes(one)) return one;
    const parent: string | null = one.parent_id;
    one = all.find((other) => other.run_id === parent);
  }
  return undefined;
}

/** Returns the newest run before `run` of the same model and stage. */
export function previousRun(
  run: RunInfo,
  roots: readonly RunInfo[],
  group: readonly RunInfo[],
): RunInfo | undefined {
  return roots.find(
    (one) => !group.includes(one) && one.started_at < run.started_at && kindOf(one) === kindOf(run),
  );
}

/** Returns the number of steps that an epoch has; null if a run has no epochs. */
export function stepsPerEpoch(root: RunInfo, runs: readonly RunInfo[]): number | null {
  const inner = runs.find((run) => run.parent_id === root.run_id && run.total !== null);
  return inner?.total || null;
}

/** Returns the number of all steps of a run; null while it is not known. */
export function totalSteps(root: RunInfo, runs: readonly RunInfo[]): number | null {
  const inner = stepsPerEpoch(root, runs);
  return inner !== null && root.total !== null ? inner * root.total : root.total;
}
