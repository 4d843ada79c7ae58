// Draws the lines of a chart, with their bands and marks, on a canvas.
import { visitColumns } from "../curves/line";
import type { Drawing, DrawnLine } from "./drawing";

const PALE = 0.35;
const BAND = 0.2;
const MARK = 3.5;

/** The corners of a shape, and by how much every other one is nearer to its middle. */
const SHAPES: readonly (readonly [corners: number, turn: number, inner: number])[] = [
  [0, 0, 1],
  [4, 0.125, 1],
  [3, 0.75, 1],
  [4, 0, 1],
  [3, 0.25, 1],
  [10, 0.75, 0.45],
  [8, 0, 0.4],
  [5, 0.75, 1],
];

/** The area of the lines, in pixels of the device. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export class Painter {
  constructor(
    readonly ctx: CanvasRenderingContext2D,
    readonly box: Box,
    /** The number of pixels in one of CSS. */
    readonly px: number,
    readonly toX: (value: number) => number,
    readonly toY: (value: number) => number,
    readonly colour: (name: string) => string,
  ) {}

  grey(drawn: DrawnLine): void {
    this.#strokes(drawn, this.colour("level"), 1);
  }

  line(drawn: DrawnLine): void {
    const colour = this.#colourOf(drawn);
    this.#strokes(drawn, colour, drawn.source.part === "train" ? 1.2 : 1.9);
  }

  /** Draws the true values behind a line of means, from the lowest to the highest. */
  band({ line, smoothed, place }: DrawnLine): void {
    if (smoothed === null && line.curve.total === line.x.length) return;
    const { ctx } = this;
    ctx.fillStyle = ctx.strokeStyle = this.colour(`run${place}`);
    ctx.lineWidth = this.px;
    ctx.globalAlpha = BAND;
    const { low, high } = line.curve;
    const x = this.#xOf(line.x);
    for (const { from, to } of line.pieces) {
      const bottoms: [number, number][] = [];
      ctx.beginPath();
      for (let i = from; i < to; ) {
        const at = x(i);
        let [bottom, top] = [low[i] ?? 0, high[i] ?? 0];
        for (i += 1; i < to && Math.floor(x(i)) === Math.floor(at); i += 1) {
          bottom = Math.min(bottom, low[i] ?? bottom);
          top = Math.max(top, high[i] ?? top);
        }
        ctx.lineTo(at, this.toY(top));
        bottoms.push([at, this.toY(bottom)]);
      }
      for (const [at, y] of bottoms.reverse()) ctx.lineTo(at, y);
      ctx.fill();
      // Where each column has one value only, the band is a line.
      ctx.stroke();
    }
    ctx.globalAlpha = 1;
  }

  marks(drawn: DrawnLine, { y, log }: Drawing): void {
    const { ctx, box, toX, toY } = this;
    const { line, best, place, source } = drawn;
    const colour = this.#colourOf(drawn);
    const { low, high, bad, badSign, mean } = line.curve;
    const [top, bottom] = [box.top, box.top + box.height];
    const size = MARK * this.px;
    const place_ = (value: number): number => (log ? Math.log10(value) : value);
    // A stretch that is left out ends in a mark at the frame.
    let [above, below] = [false, false];
    ctx.fillStyle = colour;
    line.x.forEach((x, i) => {
      const isAbove = place_(high[i] ?? Number.NaN) > y[1];
      const isBelow = place_(low[i] ?? Number.NaN) < y[0] || (log && (low[i] ?? 1) <= 0);
      if (isAbove && !above) this.#shape(2, toX(x), top + size, size);
      if (isBelow && !below) this.#shape(4, toX(x), bottom - size, size);
      [above, below] = [isAbove, isBelow];
    });
    const trouble = this.colour("bad");
    if (drawn.firstBad >= 0) {
      ctx.strokeStyle = trouble;
      ctx.lineWidth = this.px;
      bad.forEach((n, i) => {
        const at = toX(i === drawn.firstBad ? drawn.badX : (line.x[i] ?? 0));
        if (n === 0) return;
        ctx.beginPath();
        if (i === drawn.firstBad) {
          ctx.moveTo(at, top);
          ctx.lineTo(at, bottom);
        } else if (badSign[i]) {
          // What is infinite is above or below all.
          const isAbove = (badSign[i] ?? 0) > 0;
          ctx.fillStyle = trouble;
          this.#shape(isAbove ? 2 : 4, at, isAbove ? top + size : bottom - size, size);
          return;
        } else if (mean[i] !== null || mean[i - 1] !== null) {
          const y = bottom - size;
          ctx.moveTo(at - size / 2, y - size / 2);
          ctx.lineTo(at + size / 2, y + size / 2);
          ctx.moveTo(at + size / 2, y - size / 2);
          ctx.lineTo(at - size / 2, y + size / 2);
        }
        ctx.stroke();
      });
    }
    ctx.fillStyle = colour;
    const isInside = (x: number): boolean =>
      toX(x) >= box.left - 1 && toX(x) <= box.left + box.width + 1;
    if (best && isInside(best.x)) {
      ctx.fillStyle = this.colour("bg");
      ctx.strokeStyle = colour;
      ctx.lineWidth = 1.8 * this.px;
      this.#shape(0, toX(best.x), toY(best.value), size);
      ctx.stroke();
      ctx.fillStyle = colour;
    }
    // The line ends in the shape of its run.
    const last = (line.pieces.at(-1)?.to ?? mean.length) - 1;
    const end = drawn.smoothed?.at(-1)?.at(-1) ?? mean[last];
    const isSeen = isInside(line.x[last] ?? 0);
    if (
      isSeen &&
      end != null &&
      (source.part !== "train" || line.pieces.length === 0 || last === 0)
    ) {
      this.#shape(place ?? 0, toX(line.x[last] ?? 0), toY(end), size);
    }
  }

  #colourOf = ({ place }: DrawnLine): string => this.colour(`run${place}`);

  #xOf =
    (x: readonly number[]) =>
    (i: number): number =>
      this.toX(x[i] ?? 0);

  /** Draws the means of the buckets, or the smoothed line. */
  #strokes({ line, smoothed }: DrawnLine, colour: string, width: number): void {
    const { ctx, toY } = this;
    const { mean } = line.curve;
    ctx.strokeStyle = ctx.fillStyle = colour;
    ctx.lineWidth = width * this.px;
    const x = this.#xOf(line.x);
    line.pieces.forEach(({ from, to, undone }, piece) => {
      const values = smoothed?.[piece];
      const value = (i: number): number => (values ? values[i - from] : mean[i]) ?? 0;
      let cut = to;
      while (cut > from && (line.x[cut - 1] ?? 0) >= undone) cut -= 1;
      for (const [start, end, alpha] of [
        [from, cut, 1],
        [Math.max(from, cut - 1), to, PALE],
      ] as const) {
        if (end - start < 1 || (alpha < 1 && cut === to)) continue;
        ctx.globalAlpha = alpha;
        ctx.beginPath();
        let points = 0;
        visitColumns(start, end, x, value, value, (at, of) => {
          points += 1;
          if (points === 1) ctx.moveTo(at, toY(of));
          else ctx.lineTo(at, toY(of));
          // A value alone is a dot.
          if (end - start === 1 && points === 1) ctx.arc(at, toY(of), width * this.px, 0, 7);
        });
        ctx.stroke();
      }
      ctx.globalAlpha = 1;
    });
  }

  /** Fills the shape of a place in the palette. */
  #shape(place: number, x: number, y: number, size: number): void {
    const [corners, turn, inner] = SHAPES[place] ?? [0, 0, 1];
    const { ctx } = this;
    ctx.beginPath();
    if (corners === 0) ctx.arc(x, y, size * 0.9, 0, 7);
    for (let i = 0; i < corners; i += 1) {
      const angle = 2 * Math.PI * (turn + i / corners);
      const radius = size * 1.2 * (i % 2 ? inner : 1);
      ctx.lineTo(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
    }
    ctx.closePath();
    ctx.fill();
  }
}
