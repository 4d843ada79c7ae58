// Validates data from the kernel or the server against the contract, field by field.
import {
  type CurveChunk,
  DEFAULTS,
  type ModelInfo,
  type Notice,
  type RunInfo,
  SECTION_KINDS,
  type SectionTypes,
  STRING_SETS,
  type WorkerInfo,
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
 * Returns a value in which structs have null for each field that may be null and is missing: a
 * kernel of an older version does not know the field.
 */
function withNulls(kind: string, value: unknown): unknown {
  if (Array.isArray(value)) {
    const item = kind.replace(/\[\]$/, "");
    return item in SECTION_KINDS ? value.map((one) => withNulls(item, one)) : value;
  }
  const shape = kind
    .split("|")
    .map((name) => (SECTION_KINDS as Shapes)[name])
    .find((kinds) => kinds !== undefined);
  if (shape === undefined || !isObject(value)) return value;
  const fields = Object.entries(shape).map(([field, its]) => [
    field,
    value[field] === undefined && its.split("|").includes("null")
      ? null
      : withNulls(its, value[field]),
  ]);
  return { ...value, ...Object.fromEntries(fields) };
}

/**
 * Returns each field of a struct as received or, where its type is wrong, its value in `unknown`.
 */
function decodeFields(kinds: Kinds, unknown: Record<string, unknown>, value: unknown): unknown {
  const source = isObject(value) ? value : {};
  const fields = Object.entries(kinds).map(([field, kind]) => {
    const given = withNulls(kind, source[field]);
    return [field, isKind(kind, given) ? given : unknown[field]];
  });
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

const isNotice = (value: unknown): value is Notice => hasKinds(SECTION_KINDS.Notice, value);

/** Returns the valid notices of a list. */
export function decodeNotices(value: unknown): readonly Notice[] {
  // The notices of an older kernel have no arguments.
  return listOf(value)
    .map((item) => (isObject(item) ? { args: {}, ...item } : item))
    .filter(isNotice);
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

/**
 * Decodes a run, of which an update brings the changed fields only; the others are those of the
 * known run with that id. Returns null without an id.
 */
export function decodeRun(value: unknown, known: ReadonlyMap<string, RunInfo>): RunInfo | null {
  if (!isObject(value) || typeof value["run_id"] !== "string") return null;
  const before = known.get(value["run_id"]) ?? DEFAULTS.RunInfo;
  const kinds: Kinds = SECTION_KINDS.RunInfo;
  const fields = Object.entries(value)
    .map(([field, item]) => [field, withNulls(kinds[field] ?? "", item)] as const)
    .filter(([field, item]) => field in kinds && isKind(kinds[field] ?? "", item));
  return { ...before, ...Object.fromEntries(fields) };
}

const MAX_WORKERS = 100;

/** Decodes a list of workers field by field, like sections; skips workers without an id. */
export function decodeWorkers(value: unknown): readonly WorkerInfo[] {
  return listOf(value)
    .filter((item) => isObject(item) && typeof item["worker"] === "string")
    .slice(0, MAX_WORKERS)
    .map((item) => decodeFields(SECTION_KINDS.WorkerInfo, DEFAULTS.WorkerInfo, item) as WorkerInfo);
}

/** Returns the valid chunks of a list. */
export function decodeCurves(value: unknown): readonly CurveChunk[] {
  return listOf(value)
    .map((item) => (isObject(item) ? { ...NO_COLUMNS, ...item } : item))
    .filter((item): item is CurveChunk => hasKinds(SECTION_KINDS.CurveChunk, item));
}

/** The columns of a chunk that say nothing new. */
const NO_COLUMNS = {
  first_step: [],
  low: [],
  high: [],
  count: [],
  not_finite: [],
  not_finite_kind: [],
};
