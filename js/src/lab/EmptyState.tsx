// The message of the sidebar when there is no monitor to show.
import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { KernelEnd } from "../schema/wire.gen";
import { clock } from "../text/format";
import { fileName } from "./currentNotebook";
import { endReason, lostRun } from "./kernelEnd";
import type { Kernel } from "./kernels";
import type { LabContext } from "./labContext";

export const EXAMPLE = `from ipyvitals import Monitor

monitor = Monitor("my-model")
monitor`;
const COPIED_MS = 2000;

export function EmptyState({
  lab,
  kernel,
}: {
  lab: LabContext;
  kernel: Kernel | null;
}): JSX.Element {
  const { trans } = lab;
  const front = lab.currentNotebook.value;
  const reason = kernel?.info.value.unavailable ?? null;
  switch (lab.stream.value) {
    case "missing":
      return (
        <EmptyMessage title={trans.__("Not on this server")}>
          <p>{trans.__("Install ipyvitals where the Jupyter server runs, then restart it:")}</p>
          <CodeSnippet lab={lab} text="pip install ipyvitals" />
        </EmptyMessage>
      );
    case "forbidden":
      return (
        <EmptyMessage title={trans.__("Not allowed")}>
          <p>{trans.__("This server does not let you read its model vitals.")}</p>
        </EmptyMessage>
      );
    default:
  }
  if (!lab.kernels.known.value) return <EmptyMessage title={trans.__("Connecting…")} quiet />;
  if (reason !== null) {
    return (
      <EmptyMessage title={trans.__("Unavailable")}>
        <p>{reason}</p>
      </EmptyMessage>
    );
  }
  if (front === null) {
    return (
      <EmptyMessage title={trans.__("No notebook in front")}>
        <p>{trans.__("Open a notebook to see the vital signs of its model here.")}</p>
      </EmptyMessage>
    );
  }
  const ended = kernel?.info.value.ended ?? null;
  if (ended !== null) return <EndedKernel lab={lab} end={ended} />;
  return (
    <EmptyMessage title={trans.__("No monitor yet")}>
      <p>{trans.__("Run this in %1, and its model appears here.", fileName(front.path))}</p>
      <CodeSnippet lab={lab} text={EXAMPLE} />
      <dl class="s-hints">
        <dt>{trans.__("Progress of a loop")}</dt>
        <dd>
          <code>for batch in monitor.track(loader):</code>
        </dd>
        <dt>{trans.__("Live accuracy")}</dt>
        <dd>
          <code>monitor.record(prediction, actual)</code>
        </dd>
      </dl>
    </EmptyMessage>
  );
}

/** Renders how the kernel ended, until a new monitor is there. */
function EndedKernel({ lab, end }: { lab: LabContext; end: KernelEnd }): JSX.Element {
  const { trans } = lab;
  const now = Date.now() / 1000;
  const run = lostRun(end, trans);
  return (
    <section class="s-empty s-ended" role="status" data-reason={end.reason ?? "unknown"}>
      <h3>{endReason(end, trans)}</h3>
      {run === "" ? null : <p>{run}</p>}
      <p>
        {end.last_seen === null
          ? trans.__("The kernel ended %1.", clock(end.at, now, trans))
          : trans.__(
              "The kernel ended %1, its last word came %2.",
              clock(end.at, now, trans),
              clock(end.last_seen, now, trans),
            )}
      </p>
    </section>
  );
}

function EmptyMessage(props: {
  title: string;
  quiet?: boolean;
  children?: ComponentChildren;
}): JSX.Element {
  return (
    <section class="s-empty" data-quiet={props.quiet ? "" : undefined}>
      <h3>{props.title}</h3>
      {props.children}
    </section>
  );
}

function CodeSnippet({ lab, text }: { lab: LabContext; text: string }): JSX.Element {
  const copied = useSignal(false);
  const { value } = copied;
  useEffect(() => {
    if (!value) return;
    const timer = setTimeout(() => {
      copied.value = false;
    }, COPIED_MS);
    return () => clearTimeout(timer);
  }, [value, copied]);
  const copy = (): void => {
    lab.copy(text);
    copied.value = true;
  };
  return (
    <div class="s-code">
      <pre>{text}</pre>
      <button type="button" class="s-button" onClick={copy} aria-live="polite">
        {value ? lab.trans.__("Copied") : lab.trans.__("Copy")}
      </button>
    </div>
  );
}
