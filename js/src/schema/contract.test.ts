import { describe, expect, test } from "vitest";
import { History } from "../state/history";
import { fixture, PANEL_STATES, traitsOf } from "../testing/fixtures";
import {
  CHARTED_METRICS,
  DEFAULTS,
  EVENT_TYPES,
  METRICS,
  type SectionTypes,
  STRUCT_SECTIONS,
} from "./contract.gen";
import { decodeModels, decodeNotices, decodeSection, isObject } from "./decode";
import { decodeEvent, decodeSnapshot } from "./decodeStream";

const SECTIONS = Object.entries(STRUCT_SECTIONS) as [
  keyof typeof STRUCT_SECTIONS,
  keyof SectionTypes,
][];

describe("what Python writes is read in full", () => {
  test.each(["snapshot", "snapshot_empty"])("%s", (name) => {
    expect(decodeSnapshot(fixture(name))).toEqual(fixture(name));
  });

  test("each event", () => {
    const events = fixture("events") as unknown[];
    expect(events.map((event) => decodeEvent(event)?.type)).toEqual([...EVENT_TYPES]);
  });

  test.each(PANEL_STATES)("the panel's traits: %s", (state) => {
    const traits = traitsOf(state);
    for (const [trait, name] of SECTIONS) {
      expect(decodeSection(name, traits[trait])).toEqual(traits[trait]);
    }
    expect(decodeNotices(traits.notices)).toEqual(traits.notices);
    expect(decodeModels(traits.models)).toEqual(traits.models);
    const history = new History();
    history.load(traits.history);
    expect(traits.history).toMatchObject({ at: history.at, ...history.columns });
  });

  test("a section before anything is known", () => {
    const unknown = SECTIONS.map(([section, name]) => [section, DEFAULTS[name]]);
    expect(fixture("snapshot_empty")).toMatchObject(Object.fromEntries(unknown));
  });
});

test("the charted metrics are those that are declared as such, each with a label", () => {
  const declared = [METRICS.MetricsSection, METRICS.SystemSection].flatMap((section) =>
    Object.entries(section).filter(([, metric]) => metric.charted),
  );
  expect(declared.map(([field]) => field)).toEqual([...CHARTED_METRICS]);
  expect(new Set(declared.map(([, metric]) => metric.label)).size).toBe(CHARTED_METRICS.length);
});

describe("what does not fit", () => {
  test.each([null, undefined, 7, "model", [], [1]])("%j is no section", (value) => {
    expect(decodeSection("MetricsSection", value)).toEqual(DEFAULTS.MetricsSection);
    expect(decodeSnapshot(value)).toBeNull();
    expect(decodeEvent(value)).toBeNull();
    expect(decodeNotices(value)).toEqual([]);
  });

  test("a field of another type reads as unknown, the others stay", () => {
    const section = decodeSection("ModelSection", {
      name: { html: "<b>" },
      version: "2.1",
      status: "sleeping",
      total_predictions: Number.NaN,
      from_a_later_version: 1,
    });
    expect(section).toEqual({ ...DEFAULTS.ModelSection, version: "2.1" });
  });

  test("nested shapes are looked into", () => {
    expect(decodeSection("SystemSection", { gpus: [{ index: "0" }] }).gpus).toEqual([]);
    expect(decodeSection("TrainingSection", { metrics: { loss: "low" } }).metrics).toEqual({});
    expect(decodeSection("SystemSection", { scope: "moon" }).scope).toBeNull();
  });

  test("a nested field that an older kernel does not know is null", () => {
    const gpu = {
      ...{ index: 0, name: "H100", utilization_percent: 3, memory_used_bytes: 1 },
      ...{ memory_total_bytes: 2, temperature_celsius: 40, power_watts: 50, mig: false },
      ...{ power_limit_watts: 60, process_memory_bytes: null, uuid: "GPU-a", reasons: {} },
    };
    const { gpus } = decodeSection("SystemSection", { gpus: [gpu] });
    expect(gpus).toEqual([{ ...gpu, energy_joules: null }]);
    const unsure = { ...gpu, index: undefined };
    expect(decodeSection("SystemSection", { gpus: [unsure] }).gpus).toEqual([]);
  });

  test("an event of no known type, or without a field, is none", () => {
    const [event] = fixture("events") as [Record<string, unknown>];
    expect(decodeEvent({ ...event, type: "toString" })).toBeNull();
    const { system_health: _, ...rest } = event;
    expect(decodeEvent(rest)).toBeNull();
  });

  test("a snapshot with a section missing is none", () => {
    const snapshot = fixture("snapshot");
    const whole = isObject(snapshot) ? snapshot : {};
    expect(decodeSnapshot({ ...whole, system: {} })).toBeNull();
    expect(decodeSnapshot({ ...whole, models: [{ model_id: 1 }] })).toBeNull();
  });
});
