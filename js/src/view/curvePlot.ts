// The canvas of one chart of curves: axes, lines with their bands and marks, and the cursor.
import type { Range } from "../curves/axes";
import { visitColumns } from "../curves/line";
import { Canvas } from "./canvas";
import type { Drawing, DrawnLine } from "./drawing";

export interface CurvePlotOptions {
  /** The pointer is at x; null when it has left. */
  readonly hovered: (x: number | null) => void;
  /** A range was selected; null ends the zoom. */
  readonly zoomed: (range: Range | null) => void;
}

/** The room around the lines, in CSS pixels. */
const ROOM = { top: 8, right: 10, bottom: 20, left: 42 };
const TICK_GAP = 5;
const MIN_DRAG = 5;
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
interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export class CurvePlot {
  readonly canvas: Canvas;
  readonly #element: HTMLElement;
  readonly #selection = document.createElement("i");
  #drawing: Drawing | null = null;

  constructor(element: HTMLElement, { hovered, zoomed }: CurvePlotOptions) {
    this.#element = element;
    let start: number | null = null;
    let end = 0;
    this.canvas = new Canvas(element, {
      paint: () => this.#paint(),
      pointed: (left) => {
        hovered(left === null ? null : this.#xAt(left));
        if (start === null || left === null) return;
        end = left;
        this.#select(start, end);
      },
    });
    this.#selection.className = "v-selection";
    element.append(this.#selection);
    element.onpointerdown = (event) => {
      if (event.button === 0 && event.pointerType === "mouse")
        start = end = this.canvas.left(event);
    };
    element.onpointerup = element.onpointerleave = () => {
      if (start !== null && Math.abs(end - start) >= MIN_DRAG) {
        zoomed([this.#xAt(Math.min(start, end)), this.#xAt(Math.max(start, end))]);
      }
      start = null;
      this.#select(0, 0);
    };
    element.ondblclick = () => zoomed(null);
  }

  /** The width of the area of the lines, in CSS pixels. */
  get width(): number {
    return Math.max(1, this.canvas.width / this.canvas.scale - ROOM.left - ROOM.right);
  }

  draw(drawing: Drawing): void {
    this.#drawing = drawing;
    this.#paint();
  }

  /** Moves the cursor; null hides it. */
  point(x: number | null): void {
    const [low, high] = this.#drawing?.x ?? [0, 1];
    const shown = x !== null && x >= low && x <= high;
    this.canvas.point(shown ? ROOM.left + (this.width * (x - low)) / (high - low) : null);
  }

  /** Returns the x at a place, in CSS pixels from the left. */
  #xAt(left: number): number {
    const [low, high] = this.#drawing?.x ?? [0, 1];
    const share = Math.min(1, Math.max(0, (left - ROOM.left) / this.width));
    return low + share * (high - low);
  }

  #select(start: number, end: number): void {
    const { style } = this.#selection;
    style.left = `${Math.min(start, end)}px`;
    style.width = `${Math.abs(end - start)}px`;
  }

  #paint(): void {
    const drawing = this.#drawing;
    if (drawing === null) return;
    const { canvas } = this;
    const { context: ctx, scale } = canvas;
    const { x, y, log, ticks } = drawing;
    const box: Box = {
      left: ROOM.left * scale,
      top: ROOM.top * scale,
      width: canvas.width - (ROOM.left + ROOM.right) * scale,
      height: canvas.height - (ROOM.top + ROOM.bottom) * scale,
    };
    const toX = (value: number): number => box.left + (box.width * (value - x[0])) / (x[1] - x[0]);
    const placeY = (value: number): number =>
      box.top + box.height * (1 - (value - y[0]) / (y[1] - y[0]));
    const toY = (value: number): number => placeY(log ? Math.log10(value) : value);
    const colour = (name: string): string => canvas.colour(`var(--v-${name})`);
    canvas.clear();
    ctx.font = `${10 * scale}px ${getComputedStyle(this.#element).fontFamily}`;
    ctx.fillStyle = colour("muted");
    ctx.strokeStyle = colour("line");
    ctx.lineWidth = scale;
    ctx.textBaseline = "middle";
    ctx.textAlign = "right";
    ctx.beginPath();
    ticks.y.at.forEach((value, i) => {
      const at = Math.round(placeY(value)) + 0.5;
      ctx.moveTo(box.left, at);
      ctx.lineTo(box.left + box.width, at);
      ctx.fillText(ticks.y.texts[i] ?? "", box.left - TICK_GAP * scale, at);
    });
    ctx.stroke();
    ctx.textAlign = "center";
    ticks.x.at.forEach((value, i) => {
      const text = ticks.x.texts[i] ?? "";
      // The last text ends with the canvas.
      const at = Math.min(toX(value), canvas.width - ctx.measureText(text).width / 2);
      ctx.fillText(text, at, box.top + box.height + 12 * scale);
    });
    ctx.save();
    ctx.lineJoin = "round";
    ctx.beginPath();
    ctx.rect(box.left, 0, canvas.width - box.left, box.top + box.height + scale);
    ctx.clip();
    const painter = new Painter(ctx, box, scale, toX, toY, colour);
    for (const line of drawing.back) painter.grey(line);
    for (const line of drawing.front) painter.band(line);
    for (const line of drawing.front) painter.line(line);
    for (const line of drawing.front) painter.marks(line, drawing);
    ctx.restore();
  }
}

class Painter {
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
    const { low, high, bad, mean } = line.curve;
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
    if (best) {
      ctx.fillStyle = this.colour("bg");
      ctx.strokeStyle = colour;
      ctx.lineWidth = 1.8 * this.px;
      this.#shape(0, toX(best.x), toY(best.value), size);
      ctx.stroke();
      ctx.fillStyle = colour;
    }
    // The line ends in the shape of its run.
    const last = mean.length - 1;
    const end = drawn.smoothed?.at(-1)?.at(-1) ?? mean[last];
    if (end != null && (source.part !== "train" || line.pieces.length === 0 || last === 0)) {
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
