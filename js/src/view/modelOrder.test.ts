import { expect, test } from "vitest";
import type { ModelInfo } from "../schema/contract.gen";
import { decodeModels } from "../schema/decode";
import { ModelRegistry } from "../state/models";
import { sortModels, stableOrder } from "./modelOrder";

/** Returns rows with the given traffic; `*` marks the active model. */
function rows(traffic: Record<string, number>): Map<string, ModelInfo> {
  const list = Object.entries(traffic).map(([name, predictions_per_minute], i) => {
    const model_id = name.replace("*", "");
    return { model_id, predictions_per_minute, active: name !== model_id, deployed_at: i };
  });
  return new Map(decodeModels(list).map((row) => [row.model_id, row]));
}

test("the active model first, then by traffic, then the newest", () => {
  expect(sortModels(rows({ a: 5, "b*": 1, c: 90, d: 0, e: 0 }))).toEqual(["b", "c", "a", "e", "d"]);
});

test("small changes of traffic move no row, a clear lead does", () => {
  const before = ["b", "c", "a"];
  expect(sortModels(rows({ "b*": 1, c: 50, a: 60 }), before)).toEqual(["b", "c", "a"]);
  expect(sortModels(rows({ "b*": 1, c: 50, a: 63 }), before)).toEqual(["b", "a", "c"]);
  expect(sortModels(rows({ "b*": 1, c: 0, a: 1 }), before)).toEqual(["b", "a", "c"]);
});

test("a model that is deployed goes to the top at once; the former one by its traffic", () => {
  expect(sortModels(rows({ b: 10, c: 20, "a*": 0 }), ["b", "c", "a"])).toEqual(["a", "c", "b"]);
});

test("new models are added, and removed ones dropped", () => {
  expect(sortModels(rows({ "b*": 1, d: 70, a: 5 }), ["b", "c", "a"])).toEqual(["b", "d", "a"]);
});

test("while the table is frozen no row moves, and new models are added", () => {
  const models = new ModelRegistry();
  const take = (traffic: Record<string, number>): void =>
    models.receive([...rows(traffic).values()], true);
  let frozen = false;
  const order = stableOrder(models, () => frozen);
  take({ "a*": 9, b: 8, c: 1 });
  expect(order.value).toEqual(["a", "b", "c"]);
  frozen = true;
  take({ a: 0, b: 8, "c*": 80 });
  expect(order.value).toEqual(["a", "b", "c"]);
  take({ a: 0, b: 8, "c*": 80, d: 0 });
  expect(order.value).toEqual(["a", "b", "c", "d"]);
  frozen = false;
  take({ a: 0, b: 8, "c*": 81, d: 0 });
  expect(order.value).toEqual(["c", "b", "a", "d"]);
});

test("an unchanged order is the same array, so that nothing is re-rendered", () => {
  const models = new ModelRegistry();
  models.receive([...rows({ "a*": 9, b: 8 }).values()], true);
  const order = stableOrder(models, () => false);
  const before = order.value;
  models.receive([...rows({ "a*": 90, b: 9 }).values()], true);
  expect(order.value).toBe(before);
});
