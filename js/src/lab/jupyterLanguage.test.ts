import type { ITranslator } from "@jupyterlab/translation";
import { nullTranslator } from "@jupyterlab/translation";
import { describe, expect, test } from "vitest";
import { catalogueIn } from "../schema/catalogue.gen";
import { LABELS } from "../schema/contract.gen";
import type { Language } from "../text/language";
import { componentLabel, noticeText, reasonText, runText } from "../view/labels";
import { jupyterLanguage } from "./jupyterLanguage";

const ENGLISH = catalogueIn({ __: (text) => text });

/** A language in which only these texts have a translation. */
function speaking(texts: Readonly<Record<string, string>>): Language {
  const bundle = { __: (text: string) => texts[text] ?? text, _n: (one: string) => one };
  return jupyterLanguage({ languageCode: "de", load: () => bundle } as unknown as ITranslator);
}

const german = speaking({
  "Drift of feature '{feature}'": "Merkmal „{feature}“ weicht ab",
  "No prediction for {seconds} s": "Seit {seconds} s keine Vorhersage",
  "no prediction waits under the id {id}": "keine Vorhersage wartet auf {id}",
  "cannot read {part}: {error}": "{part} ist nicht lesbar: {error}",
  Deployed: "Eingesetzt",
  memory: "Speicher",
  Interrupted: "Abgebrochen",
});

const reason = (text: string, code: string | null, args = {}): string =>
  reasonText({ reason: text, reason_code: code, reason_args: args }, german);

describe("a sentence of the kernel", () => {
  test("is translated, with its arguments in place", () => {
    expect(reason("Drift of feature 'a{b}'", "drift.feature", { feature: "a{b}" })).toBe(
      "Merkmal „a{b}“ weicht ab",
    );
    expect(reason("No prediction for 0.1 s", "silence.raised", { seconds: 0.1 })).toBe(
      "Seit 0.1 s keine Vorhersage",
    );
    expect(reason("Deployed", "status.deployed")).toBe("Eingesetzt");
  });

  test.each([
    ["without a code", "Deployed", null],
    ["with a code of a newer kernel", "Swap is full", "swap.raised"],
    ["without its argument", "Drift of feature 'age'", "drift.feature"],
    ["without a translation", "Monitor closed", "status.closed"],
    ["with the name of something else", "Deployed", "constructor"],
  ])("stays as it came %s", (_, text, code) => {
    expect(reason(text, code)).toBe(text);
  });

  test("is that of a notice too, also of one with a code for each part", () => {
    const head = { count: 1, at: 0 };
    const notice = { ...head, message: "no prediction waits under the id 7" };
    expect(noticeText({ ...notice, code: "labels.unknown", args: { id: "7" } }, german)).toBe(
      "keine Vorhersage wartet auf 7",
    );
    const broken = { part: "network", error: "OSError: gone" };
    const text = "cannot read network: OSError: gone";
    const failed = { ...head, code: "system.network", message: text, args: broken };
    expect(noticeText(failed, german)).toBe("network ist nicht lesbar: OSError: gone");
  });

  test("of an older kernel, which gives no arguments, stays English", () => {
    const old = { code: "labels.unknown", message: "no id 7", args: {}, count: 1, at: 0 };
    expect(noticeText(old, german)).toBe("no id 7");
  });
});

test("a word for a value, and a text that no user wrote, is translated", () => {
  expect(componentLabel("memory", german)).toBe("Speicher");
  expect(componentLabel("a_newer_one", german)).toBe("a newer one");
  expect(runText("Interrupted", german)).toBe("Abgebrochen");
  expect(runText("memory", german)).toBe("memory");
});

test("without a translator a sentence is as the kernel wrote it", () => {
  const trans = jupyterLanguage(nullTranslator);
  const text = "No prediction for 1e+06 s";
  expect(trans.message("silence.raised", text, { seconds: 1e6 })).toBe(text);
});

test.each(Object.keys(ENGLISH))("a translator is asked for %s", (code) => {
  const template = ENGLISH[code] ?? "";
  const trans = speaking({ [template]: `<${template}>` });
  const names = [...template.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "");
  const args = Object.fromEntries(names.map((name) => [name, name.toUpperCase()]));
  const text = template.replace(/\{(\w+)\}/g, (_, name: string) => name.toUpperCase());
  expect(trans.message(code, text, args)).toBe(`<${text}>`);
});

test("every label is in the catalogue, in the same words", () => {
  expect(ENGLISH).toMatchObject(LABELS);
});
