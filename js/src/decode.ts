// Narrows what comes over a wire to the contract, field by field.
import * as contract from "./contract.gen";

const { DEFAULTS, EVENT_TYPES, KINDS } = contract;

const STRING_SETS: Record<string, readonly string[]> = {
  Status: contract.STATUSES,
  Health: contract.HEALTHS,
  TrainingState: contract.TRAINING_STATES,
  Rule: contract.RULES,
};

interface Shapes {
  Snapshot: contract.Snapshot;
  ModelSection: contract.ModelSection;
  TrainingSection: contract.TrainingSection;
  MetricsSection: contract.MetricsSection;
  SystemSection: contract.SystemSection;
  Notice: contract.Notice;
}
type SectionName = keyof typeof DEFAULTS & keyof Shapes;

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isFields(name: string, value: unknown): boolean {
  const kinds: Record<string, string> = KINDS[name as keyof typeof KINDS];
  return (
    isObject(value) && Object.entries(kinds).every(([field, kind]) => isKind(kind, value[field]))
  );
}

/** Whether `value` is of a kind of `KINDS`, e.g. `"number|null"`, `"Gpu[]"`, `"{number|null}"`. */
function isKind(kind: string, value: unknown): boolean {
  if (kind.startsWith("=")) return value === kind.slice(1);
  if (kind.endsWith("[]")) {
    return Array.isArray(value) && value.every((item) => isKind(kind.slice(0, -2), item));
  }
  if (kind.startsWith("{")) {
    return (
      isObject(value) && Object.values(value).every((item) => isKind(kind.slice(1, -1), item))
    );
  }
  return kind.split("|").some((name) => {
    if (name === "null") return value === null;
    if (name === "number") return typeof value === "number" && Number.isFinite(value);
    if (name === "string" || name === "boolean") return typeof value === name;
    if (name in STRING_SETS) {
      return typeof value === "string" && STRING_SETS[name]?.includes(value);
    }
    return isFields(name, value);
  });
}

/** A value of the contract, or null when any field of it is missing or of another type. */
export function decode<Name extends keyof Shapes>(name: Name, value: unknown): Shapes[Name] | null {
  return isFields(name, value) ? (value as Shapes[Name]) : null;
}

/**
 * A section in which a field that is missing or of another type reads as if nothing were known
 * of it, so that a kernel of another version still shows what both sides understand.
 */
export function decodeSection<Name extends SectionName>(name: Name, value: unknown): Shapes[Name] {
  const source = isObject(value) ? value : {};
  const kinds: Record<string, string> = KINDS[name];
  const section: Record<string, unknown> = { ...DEFAULTS[name] };
  for (const [field, kind] of Object.entries(kinds)) {
    if (isKind(kind, source[field])) section[field] = source[field];
  }
  return section as unknown as Shapes[Name];
}

export function decodeEvent(value: unknown): contract.Event | null {
  const type = isObject(value) ? value["type"] : undefined;
  if (!EVENT_TYPES.some((known) => known === type)) return null;
  const name = String(type).replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return isFields(name, value) ? (value as contract.Event) : null;
}

export function decodeNotices(value: unknown): readonly contract.Notice[] {
  const items: unknown[] = Array.isArray(value) ? value : [];
  return items.flatMap((item) => decode("Notice", item) ?? []);
}

export const isNumber = (value: unknown): value is number => isKind("number", value);
