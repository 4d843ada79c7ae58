// Work that waits for the next animation frame, at most once in each.

const waiting = new Set<() => void>();
let requested = false;

function run(): void {
  requested = false;
  const due = [...waiting];
  waiting.clear();
  for (const work of due) work();
}

/** Runs `work` in the next frame, once, however often it is asked for. */
export function scheduleFrame(work: () => void): void {
  waiting.add(work);
  if (requested) return;
  requested = true;
  requestAnimationFrame(run);
}

export function cancelFrame(work: () => void): void {
  waiting.delete(work);
}
