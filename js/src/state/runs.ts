// The training runs of one monitor, and their curves.
import { type ReadonlySignal, signal } from "@preact/signals";
import type { CurveChunk, RunInfo } from "../schema/contract.gen";
import { decodeRun } from "../schema/decode";
import { Curve } from "./curve";

/** Limits of a snapshot and of the page. */
const MAX_ENDED = 20;
const MAX_LINES = 100;

export type RunCurves = ReadonlyMap<string, Curve>;

/** Returns the kernel's buckets of one curve that have a step in a range. */
export type LoadRange = (
  runId: string,
  metric: string,
  first: number,
  last: number,
) => Promise<unknown>;

const NO_CURVES: RunCurves = new Map();

export class RunRegistry {
  readonly #all = signal<readonly RunInfo[]>([]);
  readonly #revision = signal(0);
  readonly #curves = new Map<string, Map<string, Curve>>();
  /** Asks the kernel for finer buckets; null where a page cannot. */
  loadRange: LoadRange | null = null;
  /** The open runs, oldest first, then the ended ones, newest first. */
  readonly all: ReadonlySignal<readonly RunInfo[]> = this.#all;
  /** Increases when curves, which are changed in place, have to be redrawn. */
  readonly revision: ReadonlySignal<number> = this.#revision;

  /** Returns the curves of a run, by metric. */
  curves(id: string): RunCurves {
    return this.#curves.get(id) ?? NO_CURVES;
  }

  /**
   * Applies rows: all runs if `whole`, else the changed ones, of which the page may get only the
   * changed fields.
   */
  receive(value: unknown, whole: boolean): void {
    const before = this.#all.peek();
    const known = new Map(before.map((run) => [run.run_id, run]));
    const changed = (Array.isArray(value) ? value : []).flatMap(
      (item) => decodeRun(item, known) ?? [],
    );
    const all = new Map([...(whole ? [] : before), ...changed].map((run) => [run.run_id, run]));
    const runs = [...all.values()];
    const open = runs.filter((run) => run.ended_at === null);
    const ended = runs.filter((run) => run.ended_at !== null);
    open.sort((a, b) => a.started_at - b.started_at);
    ended.sort((a, b) => (b.ended_at ?? 0) - (a.ended_at ?? 0));
    this.#all.value = [...open, ...ended.slice(0, MAX_ENDED)];
    const ids = new Set(this.#all.peek().map((run) => run.run_id));
    for (const id of this.#curves.keys()) if (!ids.has(id)) this.#curves.delete(id);
  }

  /** Adds buckets to the curves. */
  add(chunks: readonly CurveChunk[]): void {
    for (const chunk of chunks) this.#curve(chunk.run_id, chunk.metric)?.add(chunk);
    if (chunks.length > 0) this.#revision.value += 1;
  }

  /** Replaces buckets by finer ones. */
  refine(chunks: readonly CurveChunk[]): void {
    for (const chunk of chunks) this.curves(chunk.run_id).get(chunk.metric)?.refine(chunk);
    if (chunks.length > 0) this.#revision.value += 1;
  }

  /**
   * Adds the newest values of the open runs, where updates carry no buckets: they never do for the
   * runs of workers.
   */
  sample(only: "workers" | "all" = "all"): void {
    const runs = this.#all.peek().filter((run) => only === "all" || run.worker !== null);
    for (const run of runs) {
      if (run.ended_at !== null) continue;
      const step = this.#newestStep(run);
      for (const [name, value] of Object.entries(run.metrics)) {
        this.#curve(run.run_id, name)?.sample(step, run.elapsed_seconds, value);
      }
    }
    if (only === "all" || runs.length > 0) this.#revision.value += 1;
  }

  /** Returns the step of the innermost loop, at which values of all runs around it stand. */
  #newestStep(run: RunInfo): number {
    const inner = this.#all.peek().find((one) => one.parent_id === run.run_id);
    return inner ? this.#newestStep(inner) : run.steps;
  }

  #curve(id: string, metric: string): Curve | undefined {
    const curves = this.#curves.get(id) ?? new Map<string, Curve>();
    this.#curves.set(id, curves);
    let curve = curves.get(metric);
    if (curve === undefined && curves.size < MAX_LINES) {
      curve = new Curve();
      curves.set(metric, curve);
    }
    return curve;
  }
}
