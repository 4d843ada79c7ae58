// A canvas that fills an element, in the pixels of the device, with a cursor above it.

export interface CanvasOptions {
  /** Draws everything; called when the size or the colours changed. */
  readonly paint: () => void;
  /** The pointer is at a place, in CSS pixels from the left; null when it has left. */
  readonly pointed: (left: number | null) => void;
}

export class Canvas {
  readonly context: CanvasRenderingContext2D;
  /** The number of pixels of the device in one of CSS. */
  scale = 1;
  /** In pixels of the device. */
  width = 0;
  height = 0;

  readonly #element: HTMLElement;
  readonly #options: CanvasOptions;
  readonly #canvas = document.createElement("canvas");
  readonly #cursor = document.createElement("i");
  readonly #colours = new Map<string, string>();
  readonly #ending = new AbortController();

  constructor(element: HTMLElement, options: CanvasOptions) {
    this.#element = element;
    this.#options = options;
    this.#cursor.className = "v-cursor";
    this.#cursor.hidden = true;
    this.context = this.#canvas.getContext("2d") as CanvasRenderingContext2D;
    element.append(this.#canvas, this.#cursor);
    const { signal } = this.#ending;
    const { pointed } = options;
    element.addEventListener("pointermove", (event) => pointed(this.left(event)), { signal });
    element.addEventListener("pointerleave", () => pointed(null), { signal });
    this.#measure();
  }

  /** Returns the place of a pointer, in CSS pixels from the left. */
  left(event: MouseEvent): number {
    return event.clientX - this.#element.getBoundingClientRect().left;
  }

  resize(): void {
    if (this.#measure()) this.#options.paint();
  }

  #measure(): boolean {
    const { clientWidth, clientHeight } = this.#element;
    this.scale = devicePixelRatio || 1;
    const [width, height] = [clientWidth * this.scale, clientHeight * this.scale].map(Math.round);
    if (!width || !height || (width === this.width && height === this.height)) return false;
    this.#canvas.width = this.width = width;
    this.#canvas.height = this.height = height;
    return true;
  }

  /** Shows the cursor, with a point if `top` is known, or hides it. */
  point(left: number | null, top: number | null = null): void {
    this.#cursor.hidden = left === null;
    this.#cursor.style.left = `${left ?? 0}px`;
    this.#cursor.style.setProperty("--v-top", top === null ? "-9px" : `${top}px`);
  }

  clear(): void {
    this.context.clearRect(0, 0, this.width, this.height);
  }

  /** Returns a colour of the element's style: the computed value of any CSS colour. */
  colour(value: string): string {
    let colour = this.#colours.get(value);
    if (colour === undefined) {
      this.#cursor.style.color = value;
      colour = getComputedStyle(this.#cursor).color;
      this.#cursor.style.color = "";
      this.#colours.set(value, colour);
    }
    return colour;
  }

  /** Draws again, in the colours of now. */
  recolour(): void {
    this.#colours.clear();
    this.#options.paint();
  }

  destroy(): void {
    this.#ending.abort();
    this.#canvas.remove();
    this.#cursor.remove();
  }
}
