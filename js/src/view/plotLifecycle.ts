// Draws a chart when its data, its size or the theme changes, and only while it is visible.
import { effect } from "@preact/signals";
import { cancelFrame, scheduleFrame } from "./animationFrame";
import type { Canvas } from "./canvas";
import { watchTheme } from "./theme";
import { watchVisible } from "./visibility";

/**
 * Calls `draw` in a frame after each change of a signal that `track` reads, until the signal
 * aborts. While the element is hidden, the frame waits until it is visible.
 */
export function runPlot(
  element: HTMLElement,
  canvas: Canvas,
  track: () => void,
  draw: () => void,
  signal: AbortSignal,
  seen: (visible: boolean) => void = () => undefined,
): void {
  let visible = true;
  let stale = false;
  const drawNow = (): void => {
    stale = false;
    draw();
  };
  const ask = (): void => {
    if (visible) scheduleFrame(drawNow);
    else stale = true;
  };
  const stop = effect(() => {
    track();
    ask();
  });
  watchVisible(
    element,
    (now) => {
      visible = now;
      seen(now);
      if (now && stale) ask();
    },
    signal,
  );
  const recolour = (): void => canvas.recolour();
  watchTheme(() => scheduleFrame(recolour), signal);
  const sizes = new ResizeObserver(() => canvas.resize());
  sizes.observe(element);
  signal.addEventListener(
    "abort",
    () => {
      stop();
      sizes.disconnect();
      cancelFrame(drawNow);
      cancelFrame(recolour);
      canvas.destroy();
    },
    { once: true },
  );
}
