"""How much script time one update of the panel's training curves takes, and the longest task."""

from __future__ import annotations

import functools
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median

from benchmarks.table import Row
from benchmarks.timing import quantile

ROOT = Path(__file__).parents[1]
SHOW = """
async () => {
  const { default: widget } = await import("/src/ipyvitals/static/widget.js");
  const { accuracies, losses, run, withRuns } = await import("/js/gallery/runs.js");
  const file = await fetch("/tests/contract/fixtures/panel_training.json");
  const base = await file.json();
  const steps = 2048;
  const one = run("a-1", base.at, {
    loss: losses(steps, 5, { half: 400, size: 0.2 }),
    val_loss: losses(steps, 6, { half: 400, size: 0.2 }),
    accuracy: accuracies(steps, 7, { half: 400, size: 0.05 }),
    val_accuracy: accuracies(steps, 8, { half: 400, size: 0.05 }),
  }, { total: 4000, current: steps });
  for (const chunk of one.chunks) {
    chunk.low = chunk.mean.map((value) => value * 0.95);
    chunk.high = chunk.mean.map((value) => value * 1.05);
    chunk.count = chunk.mean.map(() => 10);
    chunk.first_step = chunk.step.map((step) => step - 0.5);
  }
  const traits = withRuns(base, [one]);
  const listeners = new Map();
  const model = {
    get: (name) => traits[name],
    on: (event, callback) => listeners.set(event, [...(listeners.get(event) ?? []), callback]),
    off: () => undefined,
  };
  const { initialize, render } = widget();
  document.body.innerHTML = '<div style="width: 820px"></div>';
  initialize({ model });
  render({ model, el: document.body.firstChild });
  window.longTasks = [];
  new PerformanceObserver((list) => {
    window.longTasks.push(...list.getEntries().map(({ duration }) => duration));
  }).observe({ type: "longtask" });
  let updates = 0;
  window.update = () => {
    updates += 1;
    const step = steps + updates;
    traits.at = base.at + updates / 10;
    traits.runs = [{ run_id: "a-1", current: step, steps: step, elapsed_seconds: updates / 10 }];
    traits.curves = one.chunks.map(({ metric }, i) => ({
      run_id: "a-1", metric, start: 10 * (step - 1), step: [step], seconds: [60 + updates / 10],
      mean: [0.5 + 0.1 * Math.sin(7 * updates + i)], first_step: [step - 0.5], low: [0.4],
      high: [0.6], count: [10], not_finite: [],
    }));
    for (const name of ["at", "runs", "curves"]) {
      for (const callback of listeners.get(`change:${name}`) ?? []) callback();
    }
  };
}
"""


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


def curves_rows(*, quick: bool) -> list[Row]:
    """Update two charts of two lines and 2,048 buckets; read the time that scripts took."""
    from playwright.sync_api import sync_playwright

    from benchmarks.lab import BROWSER_OPTIONS, browser_path

    updates = 60 if quick else 200
    handler = functools.partial(_QuietHandler, directory=str(ROOT))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, sync_playwright() as playwright:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(executable_path=browser_path(), args=BROWSER_OPTIONS)
        page = browser.new_page(viewport={"width": 900, "height": 1000})
        page.goto(f"http://127.0.0.1:{server.server_port}/js/gallery/index.html?states=empty")
        page.wait_for_selector("body[data-ready]")
        page.evaluate(SHOW)
        session = page.context.new_cdp_session(page)
        # Time of the page's thread, so that other processes do not count.
        session.send("Performance.enable", {"timeDomain": "threadTicks"})

        def script_seconds() -> float:
            metrics = session.send("Performance.getMetrics")["metrics"]
            return next(one["value"] for one in metrics if one["name"] == "ScriptDuration")

        page.wait_for_timeout(500)
        # What opens a view comes once; an update comes ten times a second.
        page.evaluate("longTasks.length = 0")
        taken = []
        for _ in range(updates):
            before = script_seconds()
            page.evaluate("update()")
            # The charts are drawn in the next frame.
            page.wait_for_timeout(50)
            taken.append(script_seconds() - before)
        long_tasks: list[float] = page.evaluate("longTasks")
        browser.close()
        server.shutdown()
    taken = taken[updates // 10 :]
    return [
        Row(
            "script time of an update, 2 charts x 2 lines x 2,048 buckets, p95",
            1e3 * quantile(taken, 0.95),
            "{:.1f} ms",
            10,
            measured=f"p50 {1e3 * median(taken):.1f} ms",
        ),
        Row(
            "longest task of the page in these updates, 0 below 50 ms",
            max(long_tasks, default=0.0),
            "{:.0f} ms",
            50,
            measured=f"{len(long_tasks)} of 50 ms or longer in {updates} updates",
            data={"long_task_ms": long_tasks},
        ),
    ]
