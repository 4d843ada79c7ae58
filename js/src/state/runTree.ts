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

/** Returns a run and all runs inside it. */
export function treeOf(root: RunInfo, runs: readonly RunInfo[]): readonly RunInfo[] {
  const inside = runs.filter((run) => run.parent_id === root.run_id);
  return [root, ...inside.flatMap((run) => treeOf(run, runs))];
}

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

const overlaps = (a: RunInfo, b: RunInfo): boolean =>
  a.started_at < (b.ended_at ?? Number.POSITIVE_INFINITY) &&
  b.started_at < (a.ended_at ?? Number.POSITIVE_INFINITY);

/** Returns the newest run before `run` of the same model and stage; `Epoch 5 of 12` is any epoch. */
export function previousRun(
  run: RunInfo,
  roots: readonly RunInfo[],
  group: readonly RunInfo[],
): RunInfo | undefined {
  const kind = (one: RunInfo): string => `${one.stage.replace(/\d+/g, "")} ${one.model_id}`;
  return roots.find(
    (one) => !group.includes(one) && one.started_at < run.started_at && kind(one) === kind(run),
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
