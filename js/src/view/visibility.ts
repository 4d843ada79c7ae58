// Observes whether an element is visible to the user.

/** Calls `changed` whenever `element` becomes visible or hidden, until the signal aborts. */
export function watchVisible(
  element: Element,
  changed: (visible: boolean) => void,
  signal: AbortSignal,
): void {
  let inViewport = true;
  const report = (): void => changed(inViewport && document.visibilityState !== "hidden");
  const observer = new IntersectionObserver((entries) => {
    inViewport = entries.at(-1)?.isIntersecting ?? true;
    report();
  });
  observer.observe(element);
  document.addEventListener("visibilitychange", report, { signal });
  signal.addEventListener("abort", () => observer.disconnect(), { once: true });
}
