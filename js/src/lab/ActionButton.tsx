import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";

interface ActionButtonProps {
  label: string;
  /** The button's text from the click until the result is visible. */
  pending: string;
  /** Whether the action was already requested, possibly by somebody else. */
  requested?: boolean;
  run: () => Promise<void>;
}

type ActionState = { kind: "ready" } | { kind: "pending" } | { kind: "failed"; message: string };

/** The button becomes ready again after this time, even without a result. */
const PENDING_TIMEOUT_MS = 10_000;

/** Renders a button that shows whether its action is pending, and why it failed. */
export function ActionButton({
  label,
  pending,
  requested = false,
  run,
}: ActionButtonProps): JSX.Element {
  const state = useSignal<ActionState>({ kind: "ready" });
  const { kind } = state.value;
  const waiting = requested || kind === "pending";
  useEffect(() => {
    if (kind !== "pending") return;
    const timer = setTimeout(() => {
      state.value = { kind: "ready" };
    }, PENDING_TIMEOUT_MS);
    return () => clearTimeout(timer);
  }, [kind, state]);

  const click = async (): Promise<void> => {
    if (waiting) return;
    state.value = { kind: "pending" };
    try {
      await run();
    } catch (error) {
      state.value = {
        kind: "failed",
        message: error instanceof Error ? error.message : `${error}`,
      };
    }
  };
  return (
    <div class="s-action">
      <button
        type="button"
        class="s-button"
        aria-disabled={waiting}
        data-pending={waiting ? "" : undefined}
        onClick={() => void click()}
      >
        {waiting ? pending : label}
      </button>
      {state.value.kind === "failed" ? (
        <p class="s-failure" role="alert">
          {state.value.message}
        </p>
      ) : null}
    </div>
  );
}
