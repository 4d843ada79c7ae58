// Late labels, regression, segments and drift on the panel.
import { describe, expect, test } from "vitest";
import type { DriftSection, MetricsSection, Rule } from "../schema/contract.gen";
import { changed, traitsOf } from "../testing/fixtures";
import { trans } from "../testing/lab";
import { show } from "../testing/panel";
import { evidence, sampleSize } from "./labels";

const compared = traitsOf("compared");
const drift = compared.drift as DriftSection;
const metrics = compared.metrics as MetricsSection;

describe("late labels", () => {
  test("the number of pending labels and their delay are among the facts", () => {
    const { root, text } = show("compared");
    expect(text("metrics.label_coverage")).toBe("96 %");
    expect(text("metrics.labels_pending")).toContain("50");
    expect(text("metrics.median_label_delay_seconds")).toBe("3 min late");
    expect(text("labels.expired")).toBe(", 3 expired");
    expect(text("labels.early")).toBe(", 4 early");
    const pending = root.querySelector('[data-vital="metrics.labels_pending"]')?.closest("div");
    expect(pending?.title).toBe(
      "0 evicted, 3 expired, 2 unknown, 1 duplicate, 4 early, 0 missing, 0 mismatched",
    );
  });

  test("without late labels there is no such fact", () => {
    const { text } = show("live");
    expect(text("metrics.labels_pending")).toBeUndefined();
    expect(text("metrics.median_label_delay_seconds")).toBeUndefined();
    expect(text("labels.evicted")).toBeUndefined();
  });

  test("before the first late label the delay is unknown", () => {
    const { text } = show("live", {
      labels: { ...(changed(compared.labels, {}) as object), pending: 7 },
      metrics: changed(traitsOf("live").metrics, { labels_pending: 7 }),
    });
    expect(text("metrics.labels_pending")).toBe("7");
    expect(text("metrics.median_label_delay_seconds")).toBe("–");
  });
});

describe("a regression", () => {
  test("has a share within tolerance, and mean errors", () => {
    const { root, text } = show("regression");
    expect(root.querySelector(".v-tile dt")?.textContent).toBe("Within toleranceWithin ± 0.5");
    expect(text("metrics.tolerance")).toBe("± 0.5");
    expect(text("metrics.mae")).toBe("0.213");
    expect(text("metrics.rmse")).toBe("0.341");
    const chart = root.querySelector('[data-chart="current_accuracy"]');
    expect(chart?.getAttribute("aria-label")).toMatch(
      /^Within tolerance, last 5 minutes: \d\d\.\d % to \d\d\.\d %$/,
    );
  });

  test("errors are unknown without labels; a custom score has no tolerance", () => {
    const unknown = { mae: null, rmse: null, tolerance: null };
    const { root, text } = show("regression", {
      metrics: changed(traitsOf("regression").metrics, unknown),
    });
    expect(text("metrics.mae")).toBe("–");
    expect(root.querySelector(".v-tile dt")?.textContent).toBe("Accuracy");
  });

  test("nothing of it in a classification", () => {
    const { text } = show("live");
    expect(text("metrics.mae")).toBeUndefined();
    expect(text("metrics.tolerance")).toBeUndefined();
  });
});

describe("segments", () => {
  const details = (root: Element): HTMLDetailsElement[] => [...root.querySelectorAll("details")];

  test("are one closed line that names the lowest", () => {
    const [segments] = details(show("compared").root);
    expect(segments?.open).toBe(false);
    expect(segments?.querySelector("summary")?.textContent).toBe(
      "By segment, lowest of 5: APAC 71.8 %",
    );
  });

  test("unfold to accuracy, interval and labels of each, the others last", () => {
    const { root, text } = show("compared");
    const names = [...(details(root)[0]?.querySelectorAll(".v-name") ?? [])];
    expect(names.map((name) => name.textContent)).toEqual(["EU", "US", "APAC", "LATAM", "other"]);
    expect(text("metrics.segments.EU.current_accuracy")).toBe("96.0 %");
    expect(text("metrics.segments.EU.accuracy_low")).toBe("90.2");
    expect(text("metrics.segments.EU.accuracy_high")).toBe("98.4");
    expect(text("metrics.segments.EU.window_labelled")).toBe("100 labels");
    expect(text("metrics.segments..current_accuracy")).toBe("89.2 %");
  });

  test("with too few labels say how many of those needed there are", () => {
    const { text } = show("compared");
    expect(text("metrics.segments.LATAM.current_accuracy")).toBe("–");
    expect(text("metrics.segments.LATAM.window_labelled")).toBe("12 of 30");
    expect(text("metrics.segments.LATAM.accuracy_low")).toBeUndefined();
  });

  test("are amber when their whole interval is below the threshold", () => {
    const rows = [...(details(show("compared").root)[0]?.querySelectorAll("li") ?? [])];
    expect(rows.map((row) => row.dataset["tone"])).toEqual([
      undefined,
      undefined,
      "warn",
      undefined,
      undefined,
    ]);
  });

  test("stay open while their figures change", () => {
    const { root, text, receive } = show("compared");
    const [before] = details(root);
    if (before) before.open = true;
    const [first, ...rest] = metrics.segments;
    const segments = [{ ...first, current_accuracy: 0.5 }, ...rest];
    receive({ metrics: changed(metrics, { segments }) });
    expect(details(root)[0]).toBe(before);
    expect(before?.open).toBe(true);
    expect(text("metrics.segments.EU.current_accuracy")).toBe("50.0 %");
  });

  test("none, nothing", () => {
    expect(show("live").root.textContent).not.toContain("By segment");
  });
});

describe("drift", () => {
  const driftText = (values: Partial<DriftSection>): string | undefined =>
    show("compared", { drift: changed(drift, values) }).text("drift.state");
  const calm = drift.features.map((one) => ({ ...one, drifted: false }));

  test.each([
    [{ state: "off" }, undefined],
    [
      { state: "collecting", reference_rows: 320, features: [], errors: null },
      "Drift: collecting reference 320 of 1,000",
    ],
    [{ state: "watching", features: calm }, "No drift (12 watched)"],
    [
      { state: "watching", features: calm.map((one) => ({ ...one, psi: null })) },
      "Drift: – (12 watched)",
    ],
    [{ state: "drifted" }, "Drift of age: PSI 0.31 against 0.042"],
    [{ state: "drifted", features: calm }, "Drift: errors rose to 6.2 %"],
  ] as const)("%j", (values, words) => {
    expect(driftText(values as Partial<DriftSection>)).toBe(words);
  });

  test("is amber, and quiet without", () => {
    const tone = (state: DriftSection["state"]): string | undefined =>
      show("compared", { drift: changed(drift, { state }) }).root.querySelector<HTMLElement>(
        '[data-vital="drift.state"]',
      )?.dataset["tone"];
    expect(tone("drifted")).toBe("warn");
    expect(tone("watching")).toBeUndefined();
  });

  test("unfolds to what is watched, the furthest first, its bar full at twice the threshold", () => {
    const { root, text } = show("compared");
    const list = root.querySelector(".v-drift");
    const names = [...(list?.querySelectorAll(".v-name") ?? [])].map((one) => one.textContent);
    expect(names).toEqual(["age", "plan", "predictions", "tenure", "and 8 more", "Errors"]);
    expect(text("drift.features.age.psi")).toBe("0.31");
    expect(text("drift.features.age.threshold")).toBe("against 0.042");
    expect(text("drift.features..psi")).toBe("0.018");
    const bars = [...(list?.querySelectorAll<HTMLElement>(".v-bar i") ?? [])];
    expect(bars.map((bar) => bar.style.transform.slice(0, 11))).toEqual([
      "scaleX(1)",
      "scaleX(0.83",
      "scaleX(0.33",
      "scaleX(0.13",
    ]);
  });

  test("names what is not watched", () => {
    const text = (unwatched: string[]): string | undefined =>
      show("compared", { drift: changed(drift, { unwatched }) }).text("drift.unwatched");
    expect(text(["note", ""])).toBe("Not watched: note, predictions");
    expect(text([])).toBeUndefined();
  });

  test("shows the error drift", () => {
    const { text } = show("compared");
    expect(text("drift.errors.error_rate")).toBe("6.2 %");
    expect(text("drift.errors.window_labelled")).toBe("over 412 labels");
    expect(text("drift.errors.changes")).toBe("2 changes");
    expect(text("drift.errors.rising")).toBe(", the last for the worse");
    expect(show("regression").text("drift.errors.changes")).toBeUndefined();
  });

  test("names are text, whatever they hold", () => {
    const name = "<img src=x>";
    const [first, ...rest] = drift.features;
    const [segment] = metrics.segments;
    const { root, text } = show("compared", {
      drift: changed(drift, { features: [{ ...first, name }, ...rest] }),
      metrics: changed(metrics, { segments: [{ ...segment, name }] }),
    });
    expect(root.querySelector("img")).toBeNull();
    expect(text("drift.state")).toBe("Drift of <img src=x>: PSI 0.31 against 0.042");
    expect(root.querySelector("summary")?.textContent).toContain("<img src=x> 96.0 %");
  });
});

describe("a rule's value and threshold in its unit, and its sample size", () => {
  test.each([
    ["accuracy", 0.78, 0.85, "78.0 % against 85 %", "over 40 labels"],
    ["baseline", 0.81, 0.85, "81.0 % against 85 %", "over 40 labels"],
    ["error_drift", 0.12, 0.05, "12.0 % against 5 %", "over 40 labels"],
    ["error_rate", 0.125, 0.05, "12.5 % against 5 %", "over 40 calls"],
    ["latency_p95", 0.31, 0.25, "310 ms against 250 ms", "over 40 calls"],
    ["drift", 0.31, 0.042, "PSI 0.31 against 0.042", "over 40 rows"],
    ["silence", 312, 300, "5m 12s against 5m 0s", "after 40 predictions"],
  ] as const)("%s", (rule: Rule, value, threshold, words, rests) => {
    const reason = {
      reason_rule: rule,
      reason_value: value,
      reason_threshold: threshold,
      reason_n: 40,
    };
    expect(evidence(reason, trans)).toBe(words);
    expect(sampleSize(reason, trans)).toBe(rests);
    expect(evidence({ ...reason, reason_threshold: null }, trans)).toBe("");
    expect(sampleSize({ ...reason, reason_n: null }, trans)).toBeUndefined();
  });
});
