import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ITranslator } from "@jupyterlab/translation";
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { jupyterLanguage } from "../lab/jupyterLanguage";
import {
  LABELS,
  type ModelSection,
  type Notice,
  type RunInfo,
  SECTION_KINDS,
  type SystemSection,
  type TrainingSection,
  type WorkerInfo,
} from "../schema/contract.gen";
import { Store } from "../state/store";
import { changed, PANEL_STATES, type Traits, traitsOf } from "../testing/fixtures";
import { literalTexts } from "../testing/literalTexts";
import { english, type Language } from "../text/language";
import { Panel } from "./Panel";

const marked = (text: string): string =>
  text.replace(/\{\w+\}|\p{L}{2,}/gu, (word) => (word.startsWith("{") ? word : `‹${word}›`));
/** A translator that marks each word it translates. */
const MARKING: Pick<Language, "__" | "_n"> = {
  __: (text, ...values) => english.__(marked(text), ...values),
  _n: (one, many, n, ...values) => english._n(marked(one), marked(many), n, ...values),
};
const marking = jupyterLanguage({
  languageCode: "de",
  load: () => MARKING,
} as unknown as ITranslator);
/** Symbols, which are the same in every language, and dates, which depend on the locale. */
const SYMBOLS =
  /\b(NaN|inf|CPU|GPU|MIG|MAE|RMSE|[KMGT]iB|Wh|ms|min|p50|p99|\d+\. \p{L}+\.? \d{4})(?!\p{L})/gu;

let container: HTMLElement;
beforeEach(() => {
  container = document.createElement("div");
  document.body.append(container);
});
afterEach(() => {
  act(() => render(null, container));
});

function show(traits: Partial<Traits>, trans?: Language): Store {
  const store = new Store(() => (traits.at as number) + 1);
  store.load((trait) => traits[trait]);
  act(() => render(<Panel store={store} {...(trans ? { trans } : {})} />, container));
  return store;
}

/** Expands the details of the system. */
function unfold(): void {
  act(() => container.querySelector<HTMLElement>(".v-headline button")?.click());
  expect(container.querySelectorAll(".v-group")).toHaveLength(3);
}

/** Returns all texts of an element that users or screen readers read, attributes included. */
function readableTexts(root: Element): string[] {
  const attributes = [root, ...root.querySelectorAll("*")].flatMap((element) =>
    ["title", "aria-label", "aria-valuetext"].map((name) => element.getAttribute(name) ?? ""),
  );
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const texts: string[] = [];
  while (walker.nextNode()) texts.push(walker.currentNode.textContent ?? "");
  return [...texts, ...attributes].filter(Boolean);
}

/** Returns the words that are neither translated nor written by a user. */
function untranslated(texts: string[], users: readonly string[]): string[] {
  return texts.flatMap((text) => {
    const rest = users.reduce((left, own) => left.replaceAll(own, " "), text);
    return (
      rest
        .replace(/‹[^›]*›/g, " ")
        .replace(/\bNaN\b/g, " ")
        .replace(SYMBOLS, " ")
        .match(/\p{L}{2,}/gu) ?? []
    );
  });
}

const USERS =
  `churn digits-sgd llama-tune demand val_accuracy loss default serving EU US APAC LATAM age plan
  tenure`.split(/\s+/);
/** Texts of a training run that no user wrote. */
const KERNELS: readonly string[] = [
  LABELS["training.ready"],
  LABELS["training.system_ready"],
  LABELS["training.training"],
  LABELS["training.interrupted"],
];
/** Returns the texts of a fixture that users wrote, or that Python composed from values. */
function written(traits: Partial<Traits>): string[] {
  const notices = traits.notices as Notice[];
  const { reason, reason_code } = traits.model as ModelSection;
  const { stage, details } = traits.training as TrainingSection;
  const { gpus, top_processes, disk_path } = traits.system as SystemSection;
  const named = [...gpus, ...top_processes].flatMap(({ name }) => name ?? []);
  const uuids = gpus.flatMap(({ uuid }) => uuid ?? []);
  const values = notices.flatMap((one) => Object.values(one.args).map(String));
  const texts = [stage, details].filter((text) => !KERNELS.includes(text));
  if (reason_code === null && reason) texts.push(reason);
  const runs = (traits.runs as RunInfo[]).flatMap(({ name, config, ...run }) => [
    ...[name ?? "", run.stage, run.details],
    ...Object.entries(config).flatMap(([key, value]) => [key, `${value}`]),
  ]);
  const workers = (traits.workers as WorkerInfo[]).flatMap((one) => [
    one.name,
    one.host,
    one.stage ?? "",
  ]);
  const all = [
    ...values,
    ...runs,
    ...workers,
    ...texts,
    ...named,
    ...uuids,
    disk_path ?? "",
    ...USERS,
  ];
  const own = all.filter(Boolean);
  return own.sort((a, b) => b.length - a.length);
}

const { system, metrics, model, training } = traitsOf("live");
const GPU_REASONS = SECTION_KINDS.SystemSection.gpus_reason.split("|").slice(0, -1);
const VARIANTS: Record<string, Partial<Traits>> = {
  "a named monitor that was closed": { monitor: "serving", closed: true },
  silence: { at: 1_790_000_000, interval: 5 },
  "one of everything": {
    metrics: changed(metrics, { window_labelled: 1, calls_per_minute: 1, total_labelled: 1 }),
    system: changed(system, { cpu_limit_cores: 1, unknown_components: ["disk"], scope: "host" }),
  },
  "everything of the machine is urgent": {
    system: changed(system, {
      scope: "host",
      memory_scope: "host",
      memory_full_seconds: 250,
      oom_kills: 2,
      oom_kill_at: 1_790_000_000,
      cpu_throttled_percent: 60,
      gil_starved: true,
      kernel_busy: false,
      process_memory_kind: "rss",
      limiter: "gpu_memory",
      unknown_components: ["shared_memory", "open_files"],
    }),
  },
  "many GPUs with few known values": {
    system: changed(system, {
      oom_kills: 1,
      gpus_reason: null,
      gpus: GPU_REASONS.map((reason, index) => ({
        index,
        name: null,
        utilization_percent: null,
        memory_used_bytes: index * 1e9,
        memory_total_bytes: 1e10,
        temperature_celsius: 40,
        power_watts: 12,
        power_limit_watts: 300,
        process_memory_bytes: null,
        uuid: null,
        mig: false,
        reasons: { utilization_percent: reason, process_memory_bytes: reason, power_watts: reason },
      })),
    }),
  },
  "no GPU, no children": {
    system: changed(system, { process_children: null, gpus_reason: "failed", disk_path: null }),
  },
  "nothing measured": {
    system: changed(system, { scope: null, kernel_busy: null, limiter: "memory" }),
    metrics: changed(metrics, { window_labelled: 0, latency_p50_seconds: null }),
  },
  "unhealthy by its latency": {
    model: changed(model, {
      status: "unhealthy",
      reason: null,
      reason_rule: "latency_p95",
      reason_value: 0.3,
      reason_threshold: 0.1,
      reason_n: 30,
      trained_at: 1_780_000_000,
      acknowledged_at: 1_789_900_000,
    }),
  },
  "one label of a segment, one row, one change": {
    metrics: changed(metrics, {
      window_labelled: 1,
      median_label_delay_seconds: 0.2,
      segments: [
        {
          name: "EU",
          window_labelled: 1,
          total_labelled: 1,
          current_accuracy: null,
          accuracy_low: null,
          accuracy_high: null,
        },
      ],
    }),
    drift: {
      state: "collecting",
      errors: { error_rate: null, window_labelled: 1, changes: 1, rising: false },
    },
    model: changed(model, {
      status: "degraded",
      reason_rule: "drift",
      reason_value: 0.3,
      reason_threshold: 0.1,
      reason_n: 1,
    }),
  },
  "errors that rose, and a window that is not full": {
    drift: changed(traitsOf("compared").drift, { features: [] }),
    model: changed(model, {
      status: "failed",
      reason_rule: "silence",
      reason_value: 900,
      reason_threshold: 300,
      reason_n: 1,
    }),
  },
  "no drift": { drift: changed(traitsOf("compared").drift, { state: "watching" }) },
  "a slow run": {
    training: changed(training, {
      state: "running",
      rate_per_second: 0.1,
      eta_seconds: 90,
      elapsed_seconds: 9,
      stop_requested: true,
    }),
  },
};

describe("with a translator, every word is translated", () => {
  test.each(PANEL_STATES)("%s", (state) => {
    const traits = traitsOf(state);
    show(traits, marking);
    unfold();
    const texts = readableTexts(container);
    expect(texts.length).toBeGreaterThan(10);
    expect(untranslated(texts, written(traits))).toEqual([]);
  });

  test.each(Object.keys(VARIANTS))("%s", (name) => {
    const traits = { ...traitsOf("live"), ...VARIANTS[name] };
    show(traits, marking);
    unfold();
    expect(untranslated(readableTexts(container), written(traits))).toEqual([]);
  });

  test("a model that was chosen among many", () => {
    const [, active, other] = traitsOf("compared").models as object[];
    const many = Array.from({ length: 9 }, (_, i) => ({ ...other, model_id: `${i}` }));
    const traits = { ...traitsOf("compared"), models: [active, ...many] };
    show(traits, marking);
    const unfold = container.querySelector<HTMLElement>(".v-models button");
    expect(untranslated(readableTexts(container), written(traits))).toEqual([]);
    act(() => unfold?.click());
    act(() => container.querySelector<HTMLElement>('input[value="3"]')?.click());
    expect(container.querySelector(".v-meta button")?.textContent).toBe("‹Show› ‹active› ‹model›");
    expect(untranslated(readableTexts(container), written(traits))).toEqual([]);
  });

  test("a kernel that is gone, and a change that is announced", () => {
    const traits = traitsOf("live");
    const store = show(traits, marking);
    act(() => {
      store.model.value = { ...store.model.value, name: null, status: "failed" };
      store.connected.value = false;
    });
    expect(container.querySelector("[aria-live]")?.textContent).toBe("‹Model›: ‹Failed›");
    expect(untranslated(readableTexts(container), written(traits))).toEqual([]);
  });

  test("an untranslated word is found", () => {
    expect(untranslated(["‹last› 5 ‹labels›, 12 MiB free"], [])).toEqual(["free"]);
  });
});

test("without one it is English", () => {
  show(traitsOf("degraded"));
  expect(container.textContent).toContain("Degraded");
  expect(readableTexts(container).join()).not.toMatch(/[‹›]|%\d|undefined/);
});

/** Code examples, SVG, and the description in JupyterLab's list of plugins. */
const NO_TEXT =
  /^(from ipyvitals import|pip install|<svg|Vital signs of the models in all kernels)/;

describe("every text in the sources is translated", () => {
  const sources = join(import.meta.dirname, "..");
  const own = readdirSync(sources, { recursive: true, encoding: "utf8" }).filter(
    (name) => /^[^.]+\.tsx?$/.test(name) && !name.startsWith("testing"),
  );

  test.each(own)("%s", (name) => {
    const texts = literalTexts(name, readFileSync(join(sources, name), "utf8"));
    expect(texts.filter((text) => !NO_TEXT.test(text))).toEqual([]);
  });

  test.each([
    ["<p>Live accuracy</p>", ["Live accuracy"]],
    ["<p>{n} left</p>", ["left"]],
    ['<i title="of the last minute" />', ["of the last minute"]],
    [`<i title={\`over \${n} labels\`} />`, ["over", "labels"]],
    ['<p>{known ? "" : "no model yet"}</p>', ["no model yet"]],
    ['const word = "Degraded";', ["Degraded"]],
    ['const text = trans.__("a") + " and more";', ["and more"]],
    ['trans.__("%1 left", "12 s")', []],
    ['<p class="v-value v-word">{trans._n("%1 call", "%1 calls", n)}</p>', []],
    ['if (event.key === "Escape") import("./Panel");', []],
  ])("it would be seen in %s", (source, texts) => {
    expect(literalTexts("example.tsx", source)).toEqual(texts);
  });
});
