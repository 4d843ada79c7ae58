// Renders a panel for a test, which controls the kernel's messages and the time.
import { h, render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, vi } from "vitest";
import type { Trait } from "../schema/contract.gen";
import { Store } from "../state/store";
import type { ModelSelection } from "../view/modelSelection";
import { Panel } from "../view/Panel";
import { type PanelState, type Traits, traitsOf } from "./fixtures";

export interface ShownPanel {
  root: HTMLElement;
  store: Store;
  /** Returns the text of a value, with white space collapsed. */
  text: (vital: string) => string | undefined;
  receive: (values: Partial<Traits>) => void;
  pass: (seconds: number) => void;
}

const containers: HTMLElement[] = [];

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  for (const container of containers.splice(0)) act(() => render(null, container));
  // A pending animation frame would leak into the next test.
  vi.runOnlyPendingTimers();
  vi.useRealTimers();
});

export function show(state: PanelState, values: Partial<Traits> = {}): ShownPanel {
  const traits = { ...traitsOf(state), ...values };
  let now = traits.at as number;
  const store = new Store(() => now);
  store.load((trait) => traits[trait]);
  const root = view(store);
  return {
    root,
    store,
    text: (vital) => textIn(root, vital),
    receive: (changes) => {
      Object.assign(traits, changes);
      act(() => store.receive(Object.keys(changes) as Trait[], (trait) => traits[trait]));
    },
    pass: (seconds) => {
      now += seconds;
      act(() => {
        vi.advanceTimersByTime(seconds * 1000);
      });
    },
  };
}

/** Renders another view of a store. */
export function view(store: Store, selection?: ModelSelection): HTMLElement {
  const container = document.createElement("div");
  containers.push(container);
  document.body.append(container);
  act(() => render(h(Panel, selection ? { store, selection } : { store }), container));
  return container;
}

export function textIn(root: Element, vital: string): string | undefined {
  const element = root.querySelector(`[data-vital="${vital}"]`);
  return element?.textContent?.replace(/\s+/g, " ").trim();
}
