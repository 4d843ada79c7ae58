// Stubs of browser features that happy-dom lacks: a canvas, observers that tests control.
import { afterEach } from "vitest";

const nothing = (): void => undefined;
const measureText = (): { width: number } => ({ width: 0 });
const paper = new Proxy<Record<string, unknown>>(
  {},
  { get: (_, name) => (name === "measureText" ? measureText : nothing), set: () => true },
);

HTMLCanvasElement.prototype.getContext = (() => paper) as never;
globalThis.Path2D = class {
  moveTo = nothing;
  lineTo = nothing;
  rect = nothing;
  arc = nothing;
  closePath = nothing;
  addPath = nothing;
  bezierCurveTo = nothing;
} as never;

/** The callbacks of all IntersectionObservers, for tests to call. */
export const visibilityReports = new Set<(visible: boolean) => void>();

globalThis.IntersectionObserver = class {
  readonly #report: (visible: boolean) => void;
  constructor(callback: (entries: { isIntersecting: boolean }[]) => void) {
    this.#report = (visible) => callback([{ isIntersecting: visible }]);
  }
  observe(): void {
    visibilityReports.add(this.#report);
  }
  disconnect(): void {
    visibilityReports.delete(this.#report);
  }
} as never;

afterEach(() => {
  document.body.replaceChildren();
  for (const { name } of [...document.documentElement.attributes]) {
    document.documentElement.removeAttribute(name);
  }
  for (const { name } of [...document.body.attributes]) document.body.removeAttribute(name);
});
