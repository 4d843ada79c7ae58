"""How long it takes from a call in a busy cell until the browser has painted its effect.

Two calls: `update` with a text, beside the same of tqdm, and `log` with the value of a curve.
"""

from __future__ import annotations

import json
from random import Random
from statistics import median
from time import perf_counter, time
from typing import TYPE_CHECKING, Any

from benchmarks.lab import lab, page_of
from benchmarks.table import Row
from benchmarks.timing import quantile

if TYPE_CHECKING:
    from playwright.sync_api import Page

SHOW = "from benchmarks.paint import busy_cell, show; show()"
BUSY = "busy_cell({marks})"
LOG = "from benchmarks.paint import log_values; log_values({marks})"
LEGEND = ".v-curve:has([data-curve='loss']) .v-legend:nth-child(2) b"
PANEL = "[data-vital='training.details']"
BAR = ".jp-OutputArea-output .widget-html"
PAUSE_SECONDS = (0.15, 0.35)
"""Apart by chance, so that no clock of either side falls into step; no more than 10 a second, for
both libraries thin out what comes faster."""
WATCH = """
(places) => {
  const seen = (window.__seen = Object.fromEntries(places.map(([name]) => [name, {}])));
  const look = () => {
    for (const [name, selector, pattern] of places) {
      for (const element of document.querySelectorAll(selector)) {
        const found = new RegExp(pattern).exec(element.textContent);
        if (!found || seen[name][found[1]] !== undefined) continue;
        seen[name][found[1]] = null;
        // A task posted in a frame's callback runs once that frame has been painted.
        requestAnimationFrame(() => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => { seen[name][found[1]] = Date.now() / 1000; };
          port2.postMessage(null);
        });
      }
    }
  };
  new MutationObserver(look).observe(document.body, {
    subtree: true, childList: true, characterData: true,
  });
}
"""


def paint_rows(*, quick: bool) -> list[Row]:
    """Mark moments in a busy cell, for the panel and for tqdm in turn, and see them painted."""
    marks = 40 if quick else 120
    cells = [SHOW, BUSY.format(marks=marks), LOG.format(marks=marks)]
    with lab(cells) as (url, token), page_of(url, token) as page:
        _run_cell(page, 0)
        page.wait_for_selector(".ipyvitals-panel")
        page.wait_for_selector(BAR)
        mark = r"mark-(\d+);"
        places = [["panel", PANEL, mark], ["tqdm", BAR, mark], ["value", LEGEND, r"^(\d+)\."]]
        page.evaluate(WATCH, places)
        marked = {**_marks_of(page, 1), **_marks_of(page, 2)}
        page.wait_for_timeout(1000)
        painted = page.evaluate("window.__seen")
    delays = {name: _delays(sent, painted[name]) for name, sent in marked.items()}
    panel, tqdm, value = delays["panel"], delays["tqdm"], delays["value"]
    return [
        Row(
            "event in the kernel → painted in JupyterLab, busy cell, p95",
            1e3 * quantile(panel, 0.95),
            "{:.0f} ms",
            100,
            measured=f"{_told(panel)}; tqdm.notebook {_told(tqdm)}; {marks} marks each",
            data={f"{name}_seconds": seconds for name, seconds in delays.items()},
        ),
        Row(
            "value logged → painted in JupyterLab, busy cell, p95",
            1e3 * quantile(value, 0.95),
            "{:.0f} ms",
            200,
            measured=f"{_told(value)}; {marks} values",
        ),
    ]


def _marks_of(page: Page, cell: int) -> dict[str, dict[str, float]]:
    """Run a cell to its end; return what it printed: when each mark was made."""
    _run_cell(page, cell)
    # Charts that are out of sight are not drawn.
    page.locator(".ipyvitals-panel").evaluate("panel => panel.scrollIntoView()")
    output = page.locator(".jp-Notebook .jp-CodeCell").nth(cell).locator("pre:has-text('marked')")
    output.wait_for(timeout=3e5)
    marked: dict[str, dict[str, float]] = json.loads(output.inner_text().partition("marked")[2])
    return marked


def _delays(sent: dict[str, float], painted: dict[str, float | None]) -> list[float]:
    """Return the seconds until each mark, or a later one in its place, was painted."""
    seen = sorted((int(mark), at) for mark, at in painted.items() if at is not None)
    delays = []
    for mark, at in sent.items():
        painted_at = next((when for number, when in seen if number >= int(mark)), None)
        if painted_at is None:
            raise RuntimeError(f"the page never showed mark {mark} of {len(sent)}, nor a later one")
        delays.append(painted_at - at)
    return delays


def _told(delays: list[float]) -> str:
    ms = [1e3 * seconds for seconds in delays]
    return f"p50 {median(ms):.0f}, p95 {quantile(ms, 0.95):.0f}, highest {max(ms):.0f} ms"


def _run_cell(page: Page, index: int) -> None:
    page.locator(".jp-Notebook .jp-CodeCell").nth(index).locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")


_shown: dict[str, Any] = {}


def show() -> None:
    """Run in the kernel: display the panel and a bar of tqdm."""
    from IPython.display import display
    from tqdm.notebook import tqdm

    from ipyvitals import Monitor

    monitor = Monitor("bench", name="bench-paint")
    display(monitor)
    _shown.update(monitor=monitor, bar=tqdm(total=1000))


def busy_cell(marks: int) -> None:
    """Run in the kernel: compute, and now and then mark a moment; print when each was."""
    random = Random(7)
    marked: dict[str, dict[int, float]] = {"panel": {}, "tqdm": {}}
    monitor, bar = _shown["monitor"], _shown["bar"]
    with monitor.training(total=marks, details="mark") as run:
        for mark in range(1, marks + 1):
            _compute(random.uniform(*PAUSE_SECONDS))
            marked["panel"][mark] = time()
            run.update(mark, details=f"mark-{mark};")
            _compute(random.uniform(*PAUSE_SECONDS))
            marked["tqdm"][mark] = time()
            bar.set_postfix_str(f"mark-{mark};", refresh=True)
        _compute(1.0)
    print("marked", json.dumps(marked))


def log_values(values: int) -> None:
    """Run in the kernel: compute, and now and then log a value; print when each was."""
    random = Random(8)
    logged: dict[int, float] = {}
    monitor = _shown["monitor"]
    with monitor.training(total=values, stage="Values") as run:
        for value in range(1, values + 1):
            _compute(random.uniform(*PAUSE_SECONDS) + random.uniform(*PAUSE_SECONDS))
            logged[value] = time()
            run.log(loss=float(value), step=value)
        _compute(1.0)
    print("marked", json.dumps({"value": logged}))


def _compute(seconds: float) -> None:
    """Keep the interpreter busy in pure Python."""
    end, value = perf_counter() + seconds, 1
    while perf_counter() < end:
        for _ in range(1000):
            value = (value * 48_271) % 2_147_483_647
