import { useEffect } from "preact/hooks";
import { decodeCurves } from "../schema/decode";
import type { Store } from "../state/store";
import type { Kernel } from "./kernels";
import type { LabContext } from "./labContext";

/**
 * Loads the curves of a monitor from its kernel, once there is a run. Updates carry the newest values
 * only, and so the page knows no more of a curve than what came since it was opened.
 */
export function useWholeCurves(lab: LabContext, kernel: Kernel, store: Store): void {
  const hasRuns = store.runs.all.value.length > 0;
  useEffect(() => {
    store.runs.loadRange = (run_id, metric, first_step, last_step) =>
      lab.loadCurves(kernel.id, store.monitor.peek(), { run_id, metric, first_step, last_step });
    if (!hasRuns) return;
    lab.loadCurves(kernel.id, store.monitor.peek()).then(
      (curves) => store.runs.add(decodeCurves(curves)),
      // Without an answer the curves begin now.
      () => undefined,
    );
  }, [lab, kernel, store, hasRuns]);
}
