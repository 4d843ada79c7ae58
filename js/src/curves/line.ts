// A curve on an x axis: its pieces, its points at a place, and the points that are drawn.
import type { Curve } from "../state/curve";
import type { Maybe } from "../text/format";

export type XAxis = "step" | "epoch" | "time";

/** How a run's steps and seconds become x: `x = scale * value + offset`. */
export interface XTransform {
  readonly axis: XAxis;
  readonly scale: number;
  readonly offset: number;
}

/** Buckets that are joined by a line, and from which x on they were undone by later ones. */
export interface Piece {
  readonly from: number;
  readonly to: number;
  readonly undone: number;
}

export class Line {
  readonly curve: Curve;
  /** The middle of each bucket; of the first bucket its first value, of the last its last. */
  readonly x: readonly number[];
  readonly pieces: readonly Piece[];

  constructor(curve: Curve, { axis, scale, offset }: XTransform) {
    const last = axis === "time" ? curve.seconds : curve.step;
    const end = last.length - 1;
    this.curve = curve;
    this.x = last.map((value, i) => {
      // Of the first value of a bucket the time is not known.
      const first = axis === "time" ? (last[i - 1] ?? value) : (curve.first[i] ?? value);
      const single = (curve.count[i] ?? 1) < 2 || i === end;
      const at = single ? value : i === 0 ? first : (first + value) / 2;
      return at * scale + offset;
    });
    this.pieces = this.#pieces(axis !== "time");
  }

  /** Splits at what is not finite, at gaps, and where the step goes back. */
  #pieces(goesBack: boolean): Piece[] {
    const { mean, first, step } = this.curve;
    const pieces: { from: number; to: number; undone: number }[] = [];
    let from = -1;
    const end = (to: number): void => {
      if (from >= 0) pieces.push({ from, to, undone: Number.POSITIVE_INFINITY });
      from = -1;
    };
    for (let i = 0; i < mean.length; i += 1) {
      if (goesBack && i > 0 && (first[i] ?? 0) < (step[i - 1] ?? 0)) {
        end(i);
        const x = this.x[i] ?? 0;
        for (const piece of pieces) piece.undone = Math.min(piece.undone, x);
      }
      if (mean[i] === null) end(i);
      else if (from < 0) from = i;
    }
    end(mean.length);
    return pieces;
  }

  /** Returns the index of the bucket nearest to x; of several, the last. */
  nearest(x: number): number {
    let found = -1;
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < this.x.length; i += 1) {
      const distance = Math.abs((this.x[i] ?? 0) - x);
      if (distance <= least && this.curve.count[i]) [found, least] = [i, distance];
    }
    return found;
  }

  /** Returns the value at x, between two buckets by interpolation; null outside of the line. */
  at(x: number): Maybe {
    const { mean } = this.curve;
    const next = this.x.findIndex((one) => one >= x);
    const [right, left] = [this.x[next], this.x[next - 1]];
    const [high, low] = [mean[next] ?? null, mean[next - 1] ?? null];
    if (right === x || left === undefined || right === undefined) return right === x ? high : null;
    if (high === null || low === null) return null;
    return low + ((high - low) * (x - left)) / (right - left);
  }
}

/**
 * Visits at most two points of each pixel column, the lowest and the highest in their order, so
 * that no spike vanishes.
 */
export function visitColumns(
  from: number,
  to: number,
  x: (i: number) => number,
  low: (i: number) => number,
  high: (i: number) => number,
  visit: (x: number, y: number) => void,
): void {
  for (let i = from; i < to; ) {
    const column = Math.floor(x(i));
    let [lowest, highest] = [i, i];
    const start = i;
    for (i += 1; i < to && Math.floor(x(i)) === column; i += 1) {
      if (low(i) < low(lowest)) lowest = i;
      if (high(i) > high(highest)) highest = i;
    }
    const [bottom, top] = [low(lowest), high(highest)];
    if (lowest < highest || (lowest === highest && start > from && low(start - 1) < bottom)) {
      visit(x(lowest), bottom);
      if (top !== bottom) visit(x(highest), top);
    } else {
      visit(x(highest), top);
      if (top !== bottom) visit(x(lowest), bottom);
    }
  }
}

/** Returns how far a value is from another, in percent of it; null where signs differ. */
export function difference(value: Maybe, other: Maybe): Maybe {
  if (value === null || other === null || value * other <= 0) return null;
  return (100 * (value - other)) / Math.abs(other);
}
