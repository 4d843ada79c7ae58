// Narrows whole snapshots and events: what a stream carries, and a cell's panel does not.
import { type Event, OTHER_KINDS, SECTION_KINDS, type Snapshot } from "./contract.gen";
import { hasKinds, isObject, type Shapes } from "./decode";

const SHAPES: Shapes = { ...SECTION_KINDS, ...OTHER_KINDS };
const EVENT_SHAPES = new Map(
  Object.values(SHAPES)
    .filter((kinds) => kinds["type"]?.startsWith("="))
    .map((kinds) => [kinds["type"]?.slice(1), kinds]),
);

/** A snapshot, or null when any field is missing or of another type. */
export function decodeSnapshot(value: unknown): Snapshot | null {
  return hasKinds(OTHER_KINDS.Snapshot, value, SHAPES) ? (value as unknown as Snapshot) : null;
}

/** An event, or null when it is of no known type or a field does not fit. */
export function decodeEvent(value: unknown): Event | null {
  const type = isObject(value) ? value["type"] : undefined;
  const kinds = typeof type === "string" ? EVENT_SHAPES.get(type) : undefined;
  return kinds && hasKinds(kinds, value, SHAPES) ? (value as unknown as Event) : null;
}
