// What the sidebar says where there is no monitor to show.
import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect } from "preact/hooks";
import { nameOf } from "./currentNotebook";
import type { Kernel } from "./kernels";
import type { Lab } from "./labContext";

export const EXAMPLE = `from ipyvitals import Monitor

monitor = Monitor("my-model")
monitor`;
const COPIED_MS = 2000;

export function Empty({ lab, kernel }: { lab: Lab; kernel: Kernel | null }): JSX.Element {
  const { trans } = lab;
  const front = lab.front.value;
  const reason = kernel?.info.value.unavailable ?? null;
  switch (lab.stream.value) {
    case "missing":
      return (
        <Message title={trans.__("Not on this server")}>
          <p>{trans.__("Install ipyvitals where the Jupyter server runs, then restart it:")}</p>
          <Code lab={lab} text="pip install ipyvitals" />
        </Message>
      );
    case "forbidden":
      return (
        <Message title={trans.__("Not allowed")}>
          <p>{trans.__("This server does not let you read its model vitals.")}</p>
        </Message>
      );
    default:
  }
  if (!lab.kernels.known.value) return <Message title={trans.__("Connecting…")} quiet />;
  if (reason !== null) {
    return (
      <Message title={trans.__("Unavailable")}>
        <p>{reason}</p>
      </Message>
    );
  }
  if (front === null) {
    return (
      <Message title={trans.__("No notebook in front")}>
        <p>{trans.__("Open a notebook to see the vital signs of its model here.")}</p>
      </Message>
    );
  }
  return (
    <Message title={trans.__("No monitor yet")}>
      <p>{trans.__("Run this in %1, and its model appears here.", nameOf(front.path))}</p>
      <Code lab={lab} text={EXAMPLE} />
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
    </Message>
  );
}

function Message(props: {
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

function Code({ lab, text }: { lab: Lab; text: string }): JSX.Element {
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
