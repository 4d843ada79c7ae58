import { effect } from "@preact/signals";
import { describe, expect, test } from "vitest";
import type { ModelInfo, Trait } from "../schema/contract.gen";
import { decodeModels } from "../schema/decode";
import { changed, type Traits, traitsOf } from "../testing/fixtures";
import { MAX_MODELS, ModelRegistry } from "./models";
import { Store } from "./store";

const [RETIRED, CHAMPION, CHALLENGER] = decodeModels(traitsOf("compared").models) as [
  ModelInfo,
  ModelInfo,
  ModelInfo,
];
const named = (id: string, values: Partial<ModelInfo> = {}): ModelInfo => ({
  ...CHALLENGER,
  model_id: id,
  ...values,
});

const ids = (models: ModelRegistry): string[] => [...models.all.value.keys()].sort();
const rowOf = (models: ModelRegistry, id: string): ModelInfo | undefined =>
  models.all.value.get(id)?.row.value;

describe("rows", () => {
  test("changed rows replace the former ones, and the others stay", () => {
    const models = new ModelRegistry();
    models.receive([RETIRED, CHAMPION, CHALLENGER], true);
    models.receive([named("churn-2.2", { predictions_per_minute: 24 })], false);
    expect(ids(models)).toEqual(["churn-1", "churn-1.9", "churn-2.2"]);
    expect(rowOf(models, "churn-2.2")?.predictions_per_minute).toBe(24);
    expect(rowOf(models, "churn-1")).toBe(CHAMPION);
  });

  test("a new row is added; a full list removes the missing ones", () => {
    const models = new ModelRegistry();
    models.receive([CHAMPION], true);
    models.receive([CHALLENGER], false);
    expect(ids(models)).toEqual(["churn-1", "churn-2.2"]);
    models.receive([CHALLENGER], true);
    expect(ids(models)).toEqual(["churn-2.2"]);
  });

  test("a row's signal changes only when the row does", () => {
    const models = new ModelRegistry();
    models.receive([CHAMPION, CHALLENGER], true);
    const changes: string[] = [];
    const stops = [...models.all.value].map(([id, { row }]) =>
      effect(() => {
        row.value;
        changes.push(id);
      }),
    );
    let sets = 0;
    stops.push(
      effect(() => {
        models.all.value;
        sets += 1;
      }),
    );
    changes.length = 0;
    models.receive([{ ...CHAMPION, duration_counts: [] }, named("churn-2.2", { mae: 1 })], true);
    expect(changes).toEqual(["churn-2.2"]);
    expect(sets).toBe(1);
    for (const stop of stops) stop();
  });

  test("the active one is known, and the traffic of all", () => {
    const models = new ModelRegistry();
    expect(models.active.value).toBe(null);
    models.receive([RETIRED, CHAMPION, CHALLENGER], true);
    expect(models.active.value).toBe("churn-1");
    expect(models.traffic.value).toBe(230);
    models.receive([{ ...CHAMPION, active: false }, named("churn-2.2", { active: true })], false);
    expect(models.active.value).toBe("churn-2.2");
  });

  test("the number of models is limited like the kernel's", () => {
    const models = new ModelRegistry();
    models.receive([CHAMPION], true);
    for (let i = 0; i < MAX_MODELS + 50; i += 1) models.receive([named(`m${i}`)], false);
    expect(models.all.value.size).toBe(MAX_MODELS);
    expect(models.all.value.has("churn-1")).toBe(true);
    expect(models.all.value.has("m50")).toBe(false);
    expect(models.all.value.has("m1049")).toBe(true);
  });
});

describe("what comes over the wire", () => {
  test("what Python writes is read in full", () => {
    expect(decodeModels(traitsOf("compared").models)).toEqual(traitsOf("compared").models);
  });

  test("a field of another type reads as unknown, and what has no id is no model", () => {
    const rows = decodeModels([
      { model_id: "a", name: 7, status: "asleep", current_accuracy: 0.5, later: true },
      { name: "nameless" },
      null,
      "model",
    ]);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      model_id: "a",
      name: null,
      status: "registered",
      current_accuracy: 0.5,
      predictions_per_minute: 0,
      latency_p95_seconds: null,
      active: false,
    });
    expect(rows[0]).not.toHaveProperty("later");
    expect(decodeModels({ model_id: "a" })).toEqual([]);
  });
});

/** Opens a store with champion and challenger; `send` applies a message of the kernel. */
function open(): { store: Store; send: (values: Partial<Traits>) => void } {
  const traits = { ...traitsOf("compared") };
  const store = new Store(() => traits.at as number);
  store.load((trait) => traits[trait]);
  const send = (values: Partial<Traits>): void => {
    Object.assign(traits, values);
    store.receive(Object.keys(values) as Trait[], (trait) => traits[trait]);
  };
  return { store, send };
}

describe("in a store", () => {
  const AT = traitsOf("compared").at as number;

  test("a message's rows are merged into those of the fresh state", () => {
    const { store, send } = open();
    send({ at: AT + 1, models: [named("churn-2.2", { total_predictions: 132 })] });
    expect(ids(store.models)).toEqual(["churn-1", "churn-1.9", "churn-2.2"]);
    expect(rowOf(store.models, "churn-2.2")?.total_predictions).toBe(132);
  });

  test("a full message removes missing models", () => {
    const { store } = open();
    const models = [CHAMPION];
    store.receive(["models"], () => models, "full");
    expect(ids(store.models)).toEqual(["churn-1"]);
  });

  test("each tick adds a point to the charts of each model, changed or not", () => {
    const { store, send } = open();
    const { history } = store.models.all.value.get("churn-2.2") ?? store;
    expect(history.at).toEqual([]);
    send({ at: AT + 1, models: [named("churn-2.2", { current_accuracy: 0.5 })] });
    send({ at: AT + 2, system: changed(traitsOf("live").system, { cpu_percent: 1 }) });
    expect(history.at).toEqual([AT + 1, AT + 2]);
    expect(history.columns.current_accuracy).toEqual([0.5, 0.5]);
    expect(history.columns.predictions_per_minute).toEqual([23, 23]);
    expect(history.columns.cpu_percent).toEqual([]);
  });

  test("the active model's samples come from the metrics section", () => {
    const { store, send } = open();
    const { history } = store.models.all.value.get("churn-1") ?? store;
    const metrics = traitsOf("compared").metrics;
    send({ at: AT + 1, metrics: changed(metrics, { current_accuracy: 0.5 }) });
    expect(history.columns.current_accuracy).toEqual([0.5]);
  });

  test("labels and drift are those of the last message that brought them", () => {
    const { store, send } = open();
    expect(store.labels.value).toEqual(traitsOf("compared").labels);
    expect(store.drift.value).toEqual(traitsOf("compared").drift);
    send({ labels: { pending: 1 }, drift: { state: "watching" } });
    expect(store.labels.value).toMatchObject({ pending: 1, expired: 0 });
    expect(store.drift.value).toMatchObject({ state: "watching", features: [], errors: null });
  });
});
