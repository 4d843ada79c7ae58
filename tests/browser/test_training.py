"""Training runs in the panel: curves move, runs are rows, trouble is said while a cell runs."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.notebook_page import NotebookPage
from tests.browser.sidebar import SidebarPage
from tests.browser.test_looks import MISFITS, UNFOLD

MAKE = """
from time import perf_counter, sleep
from math import exp, nan, sin
from ipyvitals import Monitor, Thresholds

monitor = Monitor(
    "digits", interval=0.5, metrics_interval=0.25, thresholds=Thresholds(stall=1.0, cpu=None)
)

def spin(seconds):
    end = perf_counter() + seconds
    while perf_counter() < end:
        pass

monitor
"""

# Nothing in this loop lets another thread run by itself.
TRAIN = """
for step in (bar := monitor.track(range(2_000), stage="Fit", details="pure Python")):
    spin(0.02)
    bar.log(
        loss=2 * exp(-step / 80) + 0.05 * sin(7 * step), accuracy=1 - exp(-step / 90), lr=0.1
    )
    if step % 5 == 0:
        bar.log(val_loss=0.1 + 2 * exp(-step / 90))
"""

PARALLEL = """
from threading import Thread

def fit(name, steps, half):
    with monitor.training(total=steps, name=name, stage="Fit") as run:
        for step in range(1, steps + 1):
            spin(0.01)
            run.update(step, loss=2 * exp(-step / half))

threads = [Thread(target=fit, args=one) for one in [("wide", 400, 40), ("deep", 800, 120)]]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""

FOLDS = """
from threading import Thread

def fold(number, study):
    with monitor.training(total=400, stage=f"Fold {number}", parent=study) as run:
        for step in range(1, 401):
            spin(0.004)
            run.update(step, loss=2 * exp(-step / (20 * number)))

with monitor.training(total=3, stage="Cross-validation") as study:
    threads = [Thread(target=fold, args=(number, study)) for number in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for done, thread in enumerate(threads, 1):
        thread.join()
        study.update(done, mean_loss=1 / done)
"""

LONG = """
with monitor.training(total=1_900, stage="Fit") as run:
    for step in range(1, 1_901):
        run.update(step, loss=2 * exp(-step / 300) + 0.01 * sin(7 * step))
"""

TROUBLE = """
with monitor.training(total=500, stage="Fit") as run:
    for step in range(1, 61):
        spin(0.01)
        run.update(step, loss=1 / step if step < 50 else nan)
    spin(2.5)
    for step in range(61, 120):
        spin(0.02)
        run.update(step, loss=1 / step)
"""


def chart(panel: Locator, metric: str) -> Locator:
    """Return the area of the chart that has a metric."""
    return panel.locator(f'.v-plot[data-curve="{metric}"]')


def legend(panel: Locator, title: str) -> Locator:
    """Return the title of a chart with the numbers of its lines."""
    return panel.locator(".v-curve figcaption").filter(has_text=re.compile(f"^{title}"))


def expect_moving(notebook: NotebookPage, cell: int, element: Locator, times: int) -> None:
    """Wait until the text of an element has changed so often, all while the cell is running."""
    for _ in range(times):
        before = element.inner_text()
        expect(element).not_to_have_text(before)
    notebook.expect_busy(cell)


def inked(canvas: Locator) -> int:
    """Return how many pixels of a canvas are drawn."""
    return canvas.evaluate(
        """canvas => {
            const { width, height } = canvas;
            const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
            return data.filter((value, i) => i % 4 === 3 && value > 0).length;
        }"""
    )


@pytest.mark.alone
def test_curves_move_while_a_cell_computes(open_notebook, artefacts):
    notebook = open_notebook(MAKE, TRAIN)
    notebook.run(0)
    panel = notebook.panel(0)
    expect(panel.locator(".v-curves")).to_have_count(0)

    notebook.start(1)
    expect(panel.locator(".v-curve figcaption > b")).to_have_text(["loss", "accuracy"])
    loss = chart(panel, "loss")
    expect_moving(notebook, 1, legend(panel, "loss"), times=4)
    # The value of the validation, and one curve each.
    expect(legend(panel, "loss")).to_contain_text(re.compile(r"train \d.*val \d"))
    expect(panel.locator('.v-legend[data-curve="val_loss"]')).to_be_visible()
    expect(loss).to_have_attribute(
        "aria-label", re.compile(r"^loss, train, val; step \d+ of 2,000")
    )
    before = inked(loss.locator("canvas"))
    assert before > 300
    expect_moving(notebook, 1, legend(panel, "accuracy"), times=2)

    # The pointer moves one cursor through both charts.
    loss.scroll_into_view_if_needed()
    loss.hover(position={"x": 60, "y": 50})
    place = panel.locator(".v-at")
    expect(place).to_have_count(2)
    assert re.fullmatch(r"step [\d,]+", place.first.inner_text())
    assert place.first.inner_text() == place.last.inner_text()
    notebook.page.mouse.move(5, 5)
    expect(place).to_have_count(0)

    # Keys do the same, and none of them reaches the notebook.
    loss.focus()
    loss.press("Home")
    expect(place.first).to_have_text(re.compile(r"^step \d$"))
    first = place.first.inner_text()
    loss.press("ArrowRight")
    expect(place.first).not_to_have_text(first)
    loss.press("Escape")
    expect(place).to_have_count(0)
    log = panel.get_by_role("button", name="log", exact=True)
    log.focus()
    log.press("Enter")
    expect(log).to_have_attribute("aria-pressed", "true")
    log.press("Space")
    expect(log).to_have_attribute("aria-pressed", "false")
    time = panel.get_by_role("radio", name="time")
    panel.get_by_role("radio", name="step").focus()
    notebook.page.keyboard.press("ArrowRight")
    expect(time).to_be_checked()
    more = panel.get_by_role("button", name="1 more")
    more.press("Enter")
    expect(panel.locator(".v-curve figcaption > b")).to_have_text(["loss", "accuracy", "lr"])
    notebook.expect_busy(1)
    panel.screenshot(path=artefacts / "curves-busy.png", animations="disabled")

    notebook.command("notebook:interrupt-kernel")
    notebook.expect_done(1)
    # The curves stay, and what the run took is below them.
    expect(loss).to_be_visible()
    expect(panel.locator(".v-summary dt").first).to_have_text("Waiting for data")


@pytest.mark.alone
def test_parallel_runs_are_rows_and_a_late_view_shows_the_whole_curves(open_notebook, artefacts):
    notebook = open_notebook(MAKE, "monitor", PARALLEL)
    notebook.run(0)
    notebook.start(2)
    panel = notebook.panel(0)
    rows = panel.locator("[data-run-id] .v-run-row")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("wide")
    expect(rows.first.locator(".v-state")).to_have_text(re.compile("running|best"))
    expect_moving(notebook, 2, rows.last.locator(".v-steps"), times=3)
    deep = rows.filter(has_text="deep")
    deep.press("Enter")
    expect(deep).to_have_attribute("aria-pressed", "true")
    expect(legend(panel, "loss")).to_contain_text("deep")
    panel.screenshot(path=artefacts / "runs-parallel.png", animations="disabled")
    notebook.expect_done(2)
    expect(rows.locator(".v-state")).to_have_text(["best", "completed"])

    # A view that opens later has both curves from their first step.
    notebook.run(1)
    late = notebook.panel(1)
    expect(late.locator("[data-run-id] .v-run-row")).to_have_count(2)
    loss = chart(late, "loss")
    loss.scroll_into_view_if_needed()
    loss.focus()
    loss.press("Home")
    expect(late.locator(".v-at")).to_have_text(re.compile(r"^step \d$"))
    loss.press("End")
    expect(late.locator(".v-at")).to_have_text("step 800")


@pytest.mark.alone
def test_folds_inside_one_run_are_rows_while_they_run(open_notebook, artefacts):
    notebook = open_notebook(MAKE, FOLDS)
    notebook.run(0)
    notebook.start(1)
    panel = notebook.panel(0)
    rows = panel.locator("li[data-run-id] .v-run-row")
    expect(rows.locator(".v-name")).to_have_text(["Fold 1", "Fold 2", "Fold 3"])
    expect(panel.locator(".v-stage")).to_have_text("Cross-validation")
    expect_moving(notebook, 1, rows.last.locator(".v-steps"), times=3)
    third = rows.last
    third.press("Enter")
    expect(third).to_have_attribute("aria-pressed", "true")
    expect(legend(panel, "loss")).to_contain_text(re.compile(r"^loss.*Fold 3"))
    panel.screenshot(path=artefacts / "runs-folds.png", animations="disabled")
    notebook.expect_done(1)
    expect(rows.locator(".v-state")).to_have_text(["best", "completed", "completed"])
    # What the run around them reported has a chart, too.
    panel.get_by_role("button", name="Show mean_loss first").wait_for(state="attached")


@pytest.mark.alone
def test_a_zoom_gets_each_value_from_the_kernel_in_a_busy_cell(open_notebook, artefacts):
    notebook = open_notebook(MAKE.removesuffix("monitor\n"), LONG, "monitor", "spin(20)")
    for cell in (0, 1, 2):
        notebook.run(cell)
    panel = notebook.panel(2)
    loss = chart(panel, "loss")
    loss.scroll_into_view_if_needed()
    place = panel.locator(".v-at")

    def next_step() -> int:
        """Return how far the cursor moves with one key."""
        loss.focus()
        loss.press("Home")
        expect(place).to_be_visible()
        first = place.inner_text()
        loss.press("ArrowRight")
        expect(place).not_to_have_text(first)
        steps = [
            int(text.removeprefix("step ").replace(",", "")) for text in (first, place.inner_text())
        ]
        return steps[1] - steps[0]

    # A panel that is opened late has some buckets of the curve only.
    assert next_step() > 1
    notebook.start(3)
    box = loss.bounding_box()
    assert box is not None
    middle, width = box["y"] + 60, box["width"]
    mouse = notebook.page.mouse
    mouse.move(box["x"] + 0.4 * width, middle)
    mouse.down()
    mouse.move(box["x"] + 0.5 * width, middle, steps=5)
    mouse.up()
    zoom = panel.locator(".v-zoom")
    expect(zoom).to_have_text(re.compile(r"^step [\d,]+–[\d,]+ ✕$"))
    notebook.expect_busy(3)
    panel.screenshot(path=artefacts / "curves-zoomed.png", animations="disabled")
    assert next_step() == 1
    notebook.expect_busy(3)
    loss.press("Escape")
    expect(zoom).to_have_count(0)
    # Keys select, too.
    for key in ("Home", "PageUp", "Shift+PageUp", "Enter"):
        loss.press(key)
    expect(zoom).to_be_visible()
    loss.dblclick(position={"x": 100, "y": 60})
    expect(zoom).to_have_count(0)
    notebook.command("notebook:interrupt-kernel")


@pytest.mark.alone
def test_what_goes_wrong_is_said_while_it_goes_wrong(open_notebook, artefacts):
    notebook = open_notebook(MAKE, TROUBLE)
    notebook.run(0)
    panel = notebook.panel(0)
    notebook.start(1)
    not_finite = panel.locator('[data-alert="not_finite"]')
    expect(not_finite).to_contain_text("loss is not finite from step 50")
    expect(panel.locator(".v-note").first).to_contain_text("NaN from 50")
    panel.screenshot(path=artefacts / "runs-not-finite.png", animations="disabled")
    stalled = panel.locator('[data-alert="stalled"]')
    expect(stalled).to_contain_text("No step for")
    notebook.expect_busy(1)
    panel.screenshot(path=artefacts / "runs-stalled.png", animations="disabled")
    notebook.expect_done(1)
    expect(panel.locator("[data-alert]")).to_have_count(0)


@pytest.mark.alone
def test_after_a_reload_the_sidebar_goes_on(open_notebook):
    # Without a panel, whose view could not be made again while the kernel is busy.
    notebook = open_notebook(MAKE.removesuffix("monitor\n"), TRAIN)
    notebook.run(0)
    notebook.save()
    notebook.start(1)
    expect(SidebarPage(notebook.page).status).to_contain_text("loss")
    notebook.page.reload()
    notebook.cells.first.wait_for(timeout=60_000)
    sidebar = SidebarPage(notebook.page).open()
    loss = chart(sidebar.panel, "loss")
    expect(loss).to_be_visible(timeout=60_000)
    # It goes on: the loop lets nobody else do that.
    for _ in range(2):
        before = legend(sidebar.panel, "loss").inner_text()
        expect(legend(sidebar.panel, "loss")).not_to_have_text(before)
    # And the kernel has what was before the page.
    loss.focus()
    loss.press("Home")
    place = sidebar.panel.locator(".v-at").first
    expect(place).to_have_text(re.compile(r"^step [\d]$"))
    expect(sidebar.status).to_contain_text("loss")
    notebook.command("notebook:interrupt-kernel")
    expect(sidebar.panel.locator(".v-summary dt").first).to_have_text("Waiting for data")


@pytest.mark.parametrize("page", [2], indirect=True, ids=["twice-the-pixels"])
def test_looks_of_training_in_both_themes_and_widths(open_notebook, page, artefacts):
    page.set_viewport_size({"width": 1280, "height": 1600})
    narrow = (
        "from ipywidgets import Box, Layout\nBox([monitor.panel()], layout=Layout(width='300px'))"
    )
    notebook = open_notebook(MAKE, narrow, PARALLEL, TROUBLE)
    for cell in (0, 1, 2, 3):
        notebook.run(cell, timeout=60_000)
    for theme in ("Light", "Dark"):
        notebook.command("apputils:change-theme", theme=f"JupyterLab {theme}")
        for cell, width in ((0, "wide"), (1, "narrow")):
            panel = notebook.panel(cell)
            panel.evaluate(UNFOLD)
            panel.scroll_into_view_if_needed()
            expect(panel).to_have_attribute("data-theme", theme.lower())
            expect(chart(panel, "loss")).to_be_visible()
            assert panel.evaluate(MISFITS) == []
            name = f"trained-{width}-{theme.lower()}.png"
            panel.screenshot(path=artefacts / name, animations="disabled")
