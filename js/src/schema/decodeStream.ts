// Validates whole snapshots and events, which the server's stream carries and the widget does not.
import { type Event, OTHER_KINDS, SECTION_KINDS, type Snapshot } from "./contract.gen";
import { hasKinds, isObject, type Shapes } from "./decode";

const SHAPES: Shapes = { ...SECTION_KINDS, ...OTHER_KINDS };
const EVENT_SHAPES = new Map(
  Object.values(SHAPES)
    .filter((kinds) => kinds["type"]?.startsWith("="))
    .map((kinds) => [kinds["type"]?.slice(1), kinds]),
);

/** Returns the snapshot, or null if any field is missing or of another type. */
export function decodeSnapshot(value: unknown): Snapshot | null {
  return hasKinds(OTHER_KINDS.Snapshot, value, SHAPES) ? (value as unknown as Snapshot) : null;
}

/** Returns the event, or null if its type is not known or a field is of another type. */
export function decodeEvent(value: unknown): Event | null {
  const type = isObject(value) ? value["type"] : undefined;
  const kinds = typeof type === "string" ? EVENT_SHAPES.get(type) : undefined;
  return kinds && hasKinds(kinds, value, SHAPES) ? (value as unknown as Event) : null;
}
