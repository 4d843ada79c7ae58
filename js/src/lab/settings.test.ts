import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { isObject } from "../schema/decode";
import { DEFAULT_SETTINGS, followSettings, readSettings } from "./settings";

test("the defaults are those of the schema", () => {
  const file = join(import.meta.dirname, "../../schema/plugin.json");
  const schema: unknown = JSON.parse(readFileSync(file, "utf8"));
  const properties = isObject(schema) && isObject(schema["properties"]) ? schema["properties"] : {};
  const defaults = Object.entries(properties).map(([name, setting]) => [
    name,
    isObject(setting) ? setting["default"] : undefined,
  ]);
  expect(Object.fromEntries(defaults)).toEqual(DEFAULT_SETTINGS);
});

test("an invalid setting is its default, and the interval is limited", () => {
  expect(readSettings({ side: "top", rank: "first", refresh: null, alerts: 1 })).toEqual(
    DEFAULT_SETTINGS,
  );
  expect(readSettings({ refresh: -1 }).refresh).toBe(0);
  expect(readSettings({ refresh: 1e9 }).refresh).toBe(60);
  expect(readSettings({ side: "left", alerts: false })).toMatchObject({
    side: "left",
    alerts: false,
  });
});

test("without a registry, and when it fails, the defaults apply", async () => {
  expect((await followSettings(null, "id")).value).toEqual(DEFAULT_SETTINGS);
  const warned = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const failing = { load: () => Promise.reject(new Error("no schema")) };
  expect((await followSettings(failing as never, "id")).value).toEqual(DEFAULT_SETTINGS);
  expect(warned).toHaveBeenCalledOnce();
  warned.mockRestore();
});
