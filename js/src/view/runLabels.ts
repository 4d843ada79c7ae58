// The names and states of training runs.
import type { RunInfo, TrainingState } from "../schema/contract.gen";
import type { Language } from "../text/language";
import { runText, type Tone } from "./labels";

/** The shapes of the places in the palette, as in the charts. */
export const RUN_SHAPES = "●■▲◆▼★✚⬟";

/**
 * Returns the name of a run: the user's, else its stage, else its number. With `short`, a stage
 * that says nothing of this run is replaced by the number.
 */
export function runTitle(
  run: RunInfo,
  all: readonly RunInfo[],
  trans: Language,
  short = false,
): string {
  if (run.name) return run.name;
  const number = trans.__("run %1", /\d+$/.exec(run.run_id)?.[0] ?? run.run_id.slice(-4));
  const unique = all.every((other) => other === run || other.stage !== run.stage);
  return unique && !short ? runText(run.stage, trans) : number;
}

const TONES: Readonly<Record<TrainingState, Tone>> = {
  idle: "muted",
  running: "accent",
  completed: "ok",
  stopped: "muted",
  failed: "bad",
  lost: "bad",
};

/** Returns what is wrong with a run; one that has ended does not stall any more. */
const trouble = ({ alert, ended_at }: RunInfo): "not_finite" | "stalled" | null =>
  alert?.kind === "not_finite"
    ? "not_finite"
    : alert?.kind === "stalled" && ended_at === null
      ? "stalled"
      : null;

export function runTone(run: RunInfo): Tone {
  const wrong = trouble(run);
  return wrong === "not_finite" ? "bad" : wrong === "stalled" ? "warn" : TONES[run.state];
}

/** Returns the state of a run in words. */
export function runStateText(run: RunInfo, isBest: boolean, trans: Language): string {
  if (run.state === "lost") return trans.__("lost");
  const wrong = trouble(run);
  if (wrong === "not_finite") return trans.__("not finite");
  if (wrong === "stalled") return trans.__("stalled");
  if (run.state === "running" && run.stop_requested) return trans.__("stopping");
  if (isBest) return trans.__("best");
  switch (run.state) {
    case "running":
      return trans.__("running");
    case "completed":
      return trans.__("completed");
    case "failed":
      return run.details || trans.__("failed");
    default:
      return trans.__("stopped");
  }
}
