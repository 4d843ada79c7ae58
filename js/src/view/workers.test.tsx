import { act } from "preact/test-utils";
import { describe, expect, test } from "vitest";
import type { WorkerInfo } from "../schema/contract.gen";
import { traitsOf } from "../testing/fixtures";
import { show } from "../testing/panel";

const all = traitsOf("workers").workers as readonly WorkerInfo[];
const first = all[0] as WorkerInfo;

const rowsIn = (root: Element): string[] =>
  [...root.querySelectorAll("[data-worker]")].map((row) =>
    [...row.children].map((cell) => cell.textContent?.replace(/\s+/g, " ").trim()).join("|"),
  );
const headline = (root: Element): string | undefined =>
  root.querySelector(".v-worker-head b")?.textContent ?? undefined;

describe("workers", () => {
  test("without any there is no section", () => {
    expect(show("live").root.querySelector(".v-workers")).toBeNull();
  });

  test("the slowest and the silent are marked", () => {
    const { root } = show("workers");
    const rows = rowsIn(root);
    expect(headline(root)).toBe("7 of 8 workers, the last heard 14 s ago");
    expect(rows).toHaveLength(8);
    expect(rows[0]).toBe("●|rank 0|node-a|5,204 of 10,000|21 steps/s|96 %|11 GiB");
    expect(rows[5]).toBe(
      "●|rank 5 slowest, 60 ms a step|node-b|5,201 of 10,000|17 steps/s|101 %|12 GiB",
    );
    expect(rows[7]).toBe("●|rank 7 not heard for 14 s|node-b|5,174 of 10,000||–|–");
    const tones = [...root.querySelectorAll<HTMLElement>("[data-worker]")].map(
      (row) => row.dataset["tone"],
    );
    expect(tones.slice(4)).toEqual(["accent", "warn", "accent", "muted"]);
  });

  test("a silence goes on by the clock of the page, until the worker is heard", () => {
    const { root, receive, pass, store } = show("workers");
    pass(10);
    expect(headline(root)).toBe("7 of 8 workers, the last heard 24 s ago");
    expect(rowsIn(root)[7]).toContain("not heard for 24 s");
    receive({
      at: (store.at.value ?? 0) + 10,
      workers: all.map((one) => ({ ...one, state: "alive" })),
    });
    expect(headline(root)).toBe("8 workers");
    pass(60);
    expect(headline(root)).toBe("8 workers");
    expect(rowsIn(root)[7]).not.toContain("heard");
  });

  test("of many, those that need attention are among the first eight", () => {
    const many = Array.from({ length: 40 }, (_, rank) => ({
      ...first,
      ...{ worker: `w${rank}`, name: `rank ${rank}`, rank },
      state: rank === 31 ? "gone" : "alive",
      last_heard_seconds: rank === 31 ? 75 : 0.5,
      rate_per_second: rank === 20 ? 10 : 20,
    }));
    const { root } = show("workers", { workers: many.reverse() });
    const names = rowsIn(root).map((row) => row.split("|")[1]);
    expect(names).toEqual([
      ...Array.from({ length: 6 }, (_, rank) => `rank ${rank}`),
      "rank 20 slowest, 100 ms a step",
      "rank 31 lost, heard 1 min ago",
    ]);
    const button = root.querySelector<HTMLButtonElement>(".v-workers button");
    expect(button?.textContent).toBe("Show all 40");
    act(() => button?.click());
    expect(rowsIn(root)).toHaveLength(40);
  });

  test("a worker that serves shows its predictions and errors, and its process for a name", () => {
    const one = { ...first, worker: "a", rank: null, current: null, total: null, pid: 7 };
    const { root } = show("workers", {
      workers: [
        { ...one, name: "node-a:7", total_predictions: 12_345, total_errors: 2 },
        { ...one, worker: "b", name: "node-a:8", state: "ended" },
      ],
    });
    expect(headline(root)).toBe("1 worker, 1 ended");
    expect(root.querySelector(".v-worker-head")?.textContent).toContain("Predictions");
    expect(rowsIn(root)[0]).toBe("●|pid 7 2 errors|node-a|12,345|21 steps/s|96 %|11 GiB");
    expect(rowsIn(root)[1]).toContain("|node-a:8 ended|");
  });

  test("what is not sound of a row is unknown, and a row without an id is left out", () => {
    const { root } = show("workers", {
      workers: [{ worker: "a", name: "<b>", memory_bytes: "much" }, { name: "rank 1" }, 7],
    });
    expect(rowsIn(root)).toEqual(["●|<b>||0||–|–"]);
  });

  test("the run of a worker has a curve of what came since the page was opened", () => {
    const run = { run_id: "w-1", worker: "a", stage: "Fit", name: "rank 0", started_at: 1 };
    const { root, receive, store } = show("workers", {
      runs: [{ ...run, steps: 1, metrics: { loss: 2 } }],
    });
    for (const steps of [2, 3]) {
      receive({ runs: [{ run_id: "w-1", steps, metrics: { loss: 2 / steps } }] });
    }
    expect(store.runs.curves("w-1").get("loss")?.step).toEqual([1, 2, 3]);
    expect(root.querySelectorAll('.v-plot[data-curve="loss"]')).toHaveLength(1);
    receive({ runs: [{ run_id: "own-1", steps: 1, metrics: { loss: 2 } }] });
    expect(store.runs.curves("own-1").size).toBe(0);
  });
});
