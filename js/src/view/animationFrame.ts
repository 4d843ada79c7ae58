// Schedules functions for the next animation frame, each at most once.

const waiting = new Set<() => void>();
let requested = false;

function run(): void {
  requested = false;
  const due = [...waiting];
  waiting.clear();
  for (const work of due) work();
}

/** Calls `work` in the next frame, once for any number of requests. */
export function scheduleFrame(work: () => void): void {
  waiting.add(work);
  if (requested) return;
  requested = true;
  requestAnimationFrame(run);
}

export function cancelFrame(work: () => void): void {
  waiting.delete(work);
}
