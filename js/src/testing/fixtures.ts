// The fixtures that Python writes into tests/contract/fixtures, and a widget model made from one.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Trait } from "../schema/contract.gen";
import { isObject } from "../schema/decode";
import type { WidgetModel } from "../widget";

const FOLDER = join(import.meta.dirname, "../../../tests/contract/fixtures");

export const PANEL_STATES = [
  "empty",
  "training",
  "runs",
  "workers",
  "live",
  "degraded",
  "idle",
  "failed",
  "stopped",
  "compared",
  "regression",
] as const;
export type PanelState = (typeof PANEL_STATES)[number];
export type Traits = Record<Trait, unknown>;

export function fixture(name: string): unknown {
  return JSON.parse(readFileSync(join(FOLDER, `${name}.json`), "utf8"));
}

export function traitsOf(state: PanelState): Traits {
  return fixture(`panel_${state}`) as Traits;
}

/** Returns a copy of a section with other values. */
export function changed(section: unknown, values: Record<string, unknown>): unknown {
  return { ...(isObject(section) ? section : {}), ...values };
}

export class FakeModel implements WidgetModel {
  readonly traits: Traits;
  readonly listeners = new Map<string, Set<() => void>>();

  constructor(
    traits: Traits,
    readonly widget_manager?: unknown,
  ) {
    this.traits = { ...traits };
  }

  get(name: string): unknown {
    return this.traits[name as Trait];
  }

  on(event: string, callback: () => void): void {
    const callbacks = this.listeners.get(event) ?? new Set();
    this.listeners.set(event, callbacks.add(callback));
  }

  off(event: string, callback: () => void): void {
    this.listeners.get(event)?.delete(callback);
  }

  fire(event: string): void {
    for (const callback of [...(this.listeners.get(event) ?? [])]) callback();
  }

  /** Applies a message of the kernel as ipywidgets does: all values, then the change events. */
  async receive(values: Partial<Traits>): Promise<void> {
    Object.assign(this.traits, values);
    for (const name of Object.keys(values)) this.fire(`change:${name}`);
    await Promise.resolve();
  }

  get listenerCount(): number {
    return [...this.listeners.values()].reduce((sum, callbacks) => sum + callbacks.size, 0);
  }
}
