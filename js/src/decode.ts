// Narrows what comes over a wire to the sections of the contract, field by field.
import {
  DEFAULTS,
  type ModelInfo,
  type Notice,
  SECTION_KINDS,
  type SectionTypes,
  STRING_SETS,
} from "./contract.gen";

/** The type of each field of a shape, e.g. `"number|null"`, `"Gpu[]"`, `"{number|null}"`. */
export type Kinds = Readonly<Record<string, string>>;

const SETS: Readonly<Record<string, readonly string[]>> = STRING_SETS;

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export const isNumber = (value: unknown): value is number =>
  typeof value === "number" && Number.isFinite(value);

export type Shapes = Readonly<Record<string, Kinds>>;

/** Whether `value` has every field of a shape, each of its type; `shapes` are those inside it. */
export function hasKinds(
  kinds: Kinds,
  value: unknown,
  shapes: Shapes = SECTION_KINDS,
): value is Record<string, unknown> {
  return (
    isObject(value) &&
    Object.entries(kinds).every(([field, kind]) => isKind(kind, value[field], shapes))
  );
}

export function isKind(kind: string, value: unknown, shapes: Shapes = SECTION_KINDS): boolean {
  if (kind.startsWith("=")) return value === kind.slice(1);
  if (kind.endsWith("[]")) {
    return Array.isArray(value) && value.every((item) => isKind(kind.slice(0, -2), item, shapes));
  }
  if (kind.startsWith("{")) {
    return (
      isObject(value) &&
      Object.values(value).every((item) => isKind(kind.slice(1, -1), item, shapes))
    );
  }
  return kind.split("|").some((name) => {
    if (name === "null") return value === null;
    if (name === "number") return isNumber(value);
    if (name === "string" || name === "boolean") return typeof value === name;
    const words = SETS[name];
    if (words) return typeof value === "string" && words.includes(value);
    const shape = shapes[name];
    return shape ? hasKinds(shape, value, shapes) : value === name;
  });
}

/** Each field of a shape, as it came or, where it does not fit, as it is before anything is known. */
function decodeFields(kinds: Kinds, unknown: Record<string, unknown>, value: unknown): unknown {
  const source = isObject(value) ? value : {};
  const fields = Object.entries(kinds).map(([field, kind]) => [
    field,
    isKind(kind, source[field]) ? source[field] : unknown[field],
  ]);
  return Object.fromEntries(fields);
}

/**
 * A section in which a field that is missing or of another type reads as if nothing were known
 * of it, so that a kernel of another version still shows what both sides understand.
 */
export function decodeSection<Name extends keyof SectionTypes>(
  name: Name,
  value: unknown,
): SectionTypes[Name] {
  return decodeFields(SECTION_KINDS[name], DEFAULTS[name], value) as SectionTypes[Name];
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** The notices of a list; an item that is none is left out. */
export function decodeNotices(value: unknown): readonly Notice[] {
  return listOf(value).filter((item): item is Notice => hasKinds(SECTION_KINDS.Notice, item));
}

/** All that a row tells of a model, an active one or another, before anything is known. */
const NO_MODEL = {
  ...DEFAULTS.MetricsSection,
  ...DEFAULTS.ModelSection,
  active: false,
  duration_counts: [],
  duration_sum_seconds: 0,
};

/** The models of a list, field by field like a section; one without an id is left out. */
export function decodeModels(value: unknown): readonly ModelInfo[] {
  return listOf(value)
    .filter((item) => isObject(item) && typeof item["model_id"] === "string")
    .map((item) => decodeFields(SECTION_KINDS.ModelInfo, NO_MODEL, item) as ModelInfo);
}
