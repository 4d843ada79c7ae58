// The texts about a kernel whose process ended.
import type { KernelEnd } from "../schema/wire.gen";
import { bytesOf, count } from "../text/format";
import type { Language } from "../text/language";

/** Returns why a kernel ended, as far as it is known: `Out of memory: 7.9 of 8.0 GiB`. */
export function endReason(end: KernelEnd, trans: Language): string {
  switch (end.reason) {
    case "out_of_memory": {
      const size = bytesOf(end.memory_used_bytes, end.memory_limit_bytes, trans);
      return size === "" ? trans.__("Out of memory") : trans.__("Out of memory: %1", size);
    }
    case "signal":
      return trans.__("Killed by %1", end.signal ?? "");
    case "exited":
      return trans.__("Exited with status %1", count(end.exit_code));
    case "restarted":
      return trans.__("The kernel was restarted");
    default:
      return trans.__("The kernel died");
  }
}

/** Returns which training run was lost, and where it stood; empty without one. */
export function lostRun({ stage, current, total }: KernelEnd, trans: Language): string {
  if (stage === null) return "";
  if (current === null) return trans.__("%1 was lost", stage);
  return total === null
    ? trans.__("%1 was lost at step %2", stage, count(current))
    : trans.__("%1 was lost at step %2 of %3", stage, count(current), count(total));
}
