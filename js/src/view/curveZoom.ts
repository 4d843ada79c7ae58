// The zoom of charts: which buckets the page lacks for it, and how they come from the kernel.
import { batch, type ReadonlySignal, signal } from "@preact/signals";
import type { Range } from "../curves/axes";
import { Line, type XTransform } from "../curves/line";
import { decodeCurves } from "../schema/decode";
import type { RunRegistry } from "../state/runs";
import type { ChartLine } from "./charts";

/** Whether the page has all that the kernel has of a zoom, waits for it, or cannot get it. */
export type Detail = "all" | "loading" | "page";

interface CoarsePart {
  readonly line: ChartLine;
  readonly first: number;
  readonly last: number;
}

/** Returns the steps of a line inside a range of x, if some of its buckets have several values. */
export function coarsePart(
  line: ChartLine,
  transform: XTransform,
  [begin, end]: Range,
): CoarsePart | null {
  const { curve } = line;
  const { x } = new Line(curve, transform);
  const inside = x.flatMap((at, i) => (at >= begin && at <= end ? [i] : []));
  const from = Math.max(0, (inside[0] ?? 0) - 1);
  const to = Math.min(x.length - 1, (inside.at(-1) ?? -1) + 1);
  const isCoarse = curve.sampled || curve.count.slice(from, to + 1).some((n) => n !== 1);
  if (inside.length === 0 || !isCoarse) return null;
  return { line, first: curve.first[from] ?? 0, last: curve.step[to] ?? 0 };
}

export class CurveZoom {
  readonly #detail = signal<Detail>("all");
  readonly detail: ReadonlySignal<Detail> = this.#detail;
  readonly #runs: RunRegistry;
  #newest: Promise<unknown> | null = null;

  constructor(runs: RunRegistry) {
    this.#runs = runs;
  }

  /** Loads the buckets of a zoom that the page lacks. */
  async load(parts: readonly CoarsePart[]): Promise<void> {
    const { loadRange } = this.#runs;
    this.#detail.value = parts.length === 0 ? "all" : loadRange ? "loading" : "page";
    this.#newest = null;
    if (parts.length === 0 || loadRange === null) return;
    const loading = Promise.all(
      parts.map(({ line: { run, metric }, first, last }) =>
        loadRange(run.run_id, metric, first, last).then(decodeCurves, () => []),
      ),
    );
    this.#newest = loading;
    const answers = await loading;
    if (this.#newest !== loading) return;
    batch(() => {
      this.#runs.refine(answers.flat());
      this.#detail.value = answers.every(({ length }) => length > 0) ? "all" : "page";
    });
  }
}
