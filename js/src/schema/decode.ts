// Validates data from the kernel or the server against the contract, field by field.
import {
  DEFAULTS,
  type ModelInfo,
  type Notice,
  SECTION_KINDS,
  type SectionTypes,
  STRING_SETS,
} from "./contract.gen";

/** Maps each field of a struct to its type, e.g. `"number|null"`, `"Gpu[]"`, `"{number|null}"`. */
export type Kinds = Readonly<Record<string, string>>;

const SETS: Readonly<Record<string, readonly string[]>> = STRING_SETS;

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export const isNumber = (value: unknown): value is number =>
  typeof value === "number" && Number.isFinite(value);

export type Shapes = Readonly<Record<string, Kinds>>;

/**
 * Returns whether `value` has every field of a struct, each of its type; `shapes` has nested
 * structs.
 */
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

/**
 * Returns each field of a struct as received or, where its type is wrong, its value in `unknown`.
 */
function decodeFields(kinds: Kinds, unknown: Record<string, unknown>, value: unknown): unknown {
  const source = isObject(value) ? value : {};
  const fields = Object.entries(kinds).map(([field, kind]) => [
    field,
    isKind(kind, source[field]) ? source[field] : unknown[field],
  ]);
  return Object.fromEntries(fields);
}

/**
 * Decodes a section. A field that is missing or of another type gets its default, so that values
 * of a kernel of another version are shown as far as both sides know them.
 */
export function decodeSection<Name extends keyof SectionTypes>(
  name: Name,
  value: unknown,
): SectionTypes[Name] {
  return decodeFields(SECTION_KINDS[name], DEFAULTS[name], value) as SectionTypes[Name];
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** Returns the valid notices of a list. */
export function decodeNotices(value: unknown): readonly Notice[] {
  return listOf(value).filter((item): item is Notice => hasKinds(SECTION_KINDS.Notice, item));
}

/** The fields of a model of which nothing is known. */
const UNKNOWN_MODEL = {
  ...DEFAULTS.MetricsSection,
  ...DEFAULTS.ModelSection,
  active: false,
  duration_counts: [],
  duration_sum_seconds: 0,
};

/** Decodes a list of models field by field, like sections; skips models without an id. */
export function decodeModels(value: unknown): readonly ModelInfo[] {
  return listOf(value)
    .filter((item) => isObject(item) && typeof item["model_id"] === "string")
    .map((item) => decodeFields(SECTION_KINDS.ModelInfo, UNKNOWN_MODEL, item) as ModelInfo);
}
