// The order of models in the table.
import { computed, type ReadonlySignal } from "@preact/signals";
import type { ModelInfo } from "../schema/contract.gen";
import type { ModelRegistry } from "../state/models";

/** The traffic, relative to the model above, from which a model moves up. */
const MIN_LEAD = 1.25;

/**
 * Sorts ids: the active model, then by traffic, then the newest first. Ids in `before` keep their
 * places until a model has `lead` times the traffic of the one above it, so that rows do not swap
 * places with each update.
 */
export function sortModels(
  rows: ReadonlyMap<string, ModelInfo>,
  before: readonly string[] = [],
  lead = MIN_LEAD,
): string[] {
  const order: string[] = [];
  const rank = (id = ""): number => {
    const row = rows.get(id);
    return row?.active ? Number.POSITIVE_INFINITY : (row?.predictions_per_minute ?? 0);
  };
  const deployed = (id: string): number => rows.get(id)?.deployed_at ?? 0;
  const place = (id: string, needed: number): void => {
    let at = order.length;
    while (at > 0 && rank(id) > rank(order[at - 1]) * needed) at -= 1;
    order.splice(at, 0, id);
  };
  for (const id of before) if (rows.has(id)) place(id, lead);
  const known = new Set(before);
  const added = [...rows.keys()].filter((id) => !known.has(id));
  added.sort((a, b) => rank(b) - rank(a) || deployed(b) - deployed(a));
  for (const id of added) place(id, 1);
  return order;
}

/** Returns the order of a table as a signal; no row moves while `frozen` returns true. */
export function stableOrder(
  models: ModelRegistry,
  frozen: () => boolean,
): ReadonlySignal<readonly string[]> {
  let last: readonly string[] = [];
  return computed(() => {
    const rows = new Map([...models.all.value].map(([id, { row }]) => [id, row.value]));
    const next = sortModels(rows, last, frozen() ? Number.POSITIVE_INFINITY : MIN_LEAD);
    if (next.length !== last.length || next.some((id, i) => id !== last[i])) last = next;
    return last;
  });
}
