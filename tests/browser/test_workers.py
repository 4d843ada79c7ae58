"""Workers in the panel and the sidebar: processes that record are rows, one that ends says so."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.notebook_page import NotebookPage, vital
from tests.browser.sidebar import SidebarPage

MAKE = """
import os, time
from multiprocessing import get_context
from ipyvitals import Monitor

monitor = Monitor("churn", interval=0.5, store=None)

def work(stop):
    count = 0
    while not stop.is_set():
        monitor.record(1, 1)
        count += 1
        time.sleep(0.01)

def train(stop):
    with monitor.training(total=1_000, stage="Fit", name="in a worker") as run:
        step = 0
        while not stop.is_set():
            step += 1
            run.update(step, loss=1 / step)
            time.sleep(0.02)

fork = get_context("fork")
stop = fork.Event()
monitor
"""
START = """
workers = [fork.Process(target=work, args=(stop,)) for _ in range(2)]
for one in workers:
    one.start()
"""
STOP = """
stop.set()
for one in workers:
    one.join()
"""
TRAIN = """
stop.clear()
workers = [fork.Process(target=train, args=(stop,))]
workers[0].start()
"""
WAIT_MS = 20_000


def test_workers_that_record_are_rows_in_panel_and_sidebar(open_notebook) -> None:
    page: NotebookPage = open_notebook(MAKE, START, STOP)
    page.run(0)
    panel = page.panel()
    expect(panel.locator(".v-tiles")).to_be_visible()
    expect(panel.locator(".v-workers")).to_have_count(0)

    page.run(1)
    rows = panel.locator("[data-worker]")
    expect(rows).to_have_count(2, timeout=WAIT_MS)
    expect(panel.locator(".v-worker-head b")).to_have_text("2 workers")
    expect(rows.first).to_contain_text(re.compile(r"pid \d+"))
    done = rows.first.locator(".v-worker-done")
    expect(done).to_have_text(re.compile(r"[1-9]"), timeout=WAIT_MS)
    SidebarPage(page.page).open()
    expect(page.page.locator("#ipyvitals-sidebar [data-worker]")).to_have_count(2)

    page.run(2)
    expect(panel.locator(".v-worker-head b")).to_have_text("2 workers, all ended", timeout=WAIT_MS)
    recorded = int(page.value("sum(one.total_predictions for one in monitor.snapshot().workers)"))
    assert recorded == int(page.value("monitor.snapshot().metrics.total_predictions"))
    assert recorded > 0


def test_the_run_of_a_worker_is_in_front_with_a_curve_and_cannot_be_stopped(open_notebook) -> None:
    page: NotebookPage = open_notebook(MAKE, TRAIN, STOP)
    page.run(0)
    page.run(1)
    panel = page.panel()
    expect(vital(panel, "training.stage")).to_have_text("Fit", timeout=WAIT_MS)
    expect(panel.locator('.v-plot[data-curve="loss"]')).to_be_visible(timeout=WAIT_MS)
    worker = panel.locator("[data-worker] .v-worker-done")
    expect(worker).to_contain_text("of 1,000", timeout=WAIT_MS)
    SidebarPage(page.page).open()
    sidebar = page.page.locator("#ipyvitals-sidebar")
    expect(vital(sidebar, "training.stage")).to_have_text("Fit")
    expect(sidebar.get_by_role("button", name="Stop training")).to_have_count(0)

    page.run(2)
    expect(panel.locator(".v-detail-row")).to_contain_text("Completed in", timeout=WAIT_MS)
