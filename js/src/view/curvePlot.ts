// The canvas of one chart of curves: axes, lines with their bands and marks, and the cursor.
import type { Range } from "../curves/axes";
import { Canvas } from "./canvas";
import { type Box, Painter } from "./curvePainter";
import type { Drawing } from "./drawing";

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
    this.canvas.point(x !== null && x >= low && x <= high ? this.#leftOf(x) : null);
  }

  /** Returns the x at a place, in CSS pixels from the left. */
  #xAt(left: number): number {
    const [low, high] = this.#drawing?.x ?? [0, 1];
    const share = Math.min(1, Math.max(0, (left - ROOM.left) / this.width));
    return low + share * (high - low);
  }

  /** Shows a selected range of x; null hides it. */
  select(range: Range | null): void {
    if (range === null) this.#select(0, 0);
    else this.#select(this.#leftOf(range[0]), this.#leftOf(range[1]));
  }

  /** Returns the place of x, in CSS pixels from the left. */
  #leftOf(x: number): number {
    const [low, high] = this.#drawing?.x ?? [0, 1];
    const share = Math.min(1, Math.max(0, (x - low) / (high - low)));
    return ROOM.left + this.width * share;
  }

  #select(start: number, end: number): void {
    const { style } = this.#selection;
    style.left = `${Math.min(start, end)}px`;
    style.width = `${Math.abs(end - start)}px`;
  }

  /** Draws nothing outside of the area of the lines, but what is as near as `margin`. */
  #clip({ left, top, width, height }: Box, margin: number, draw: () => void): void {
    const { context: ctx } = this.canvas;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left - margin, top - margin, width + 2 * margin, height + 2 * margin);
    ctx.clip();
    draw();
    ctx.restore();
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
    ctx.lineJoin = "round";
    const painter = new Painter(ctx, box, scale, toX, toY, colour);
    const { front, back } = drawing;
    this.#clip(box, scale, () => {
      for (const line of back) painter.grey(line);
      for (const line of front) painter.band(line);
      for (const line of front) painter.line(line);
    });
    // The marks at the ends of lines stick out.
    this.#clip(box, 5 * scale, () => {
      for (const line of front) painter.marks(line, drawing);
    });
  }
}
