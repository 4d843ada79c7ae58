"""The panel shows everything that it should, and moves while a cell runs."""

from __future__ import annotations

import re
import socket
import sys

import pytest
from playwright.sync_api import Locator, expect

from tests import oldest
from tests.browser.notebook_page import NotebookPage, vital

PYTHONS = {"python3": sys.executable, oldest.KERNEL: str(oldest.PYTHON)}
"""By the name of the kernel."""

MAKE = """
from datetime import datetime, timedelta, UTC
from ipyvitals import Monitor, Thresholds
monitor = Monitor(
    "churn", version="2.1", trained_at=datetime.now(UTC) - timedelta(hours=2),
    thresholds=Thresholds(accuracy=0.85), interval=0.5, metrics_interval=0.25,
)
monitor
"""

# Nothing in this loop lets another thread run by itself: no sleep, no input or output but for the
# two sockets, which are one connection with both of its ends in this process.
LISTEN = "(listener := __import__('socket').create_server(('127.0.0.1', 0))) and None"

COMPUTE = """
from time import perf_counter

start, right, clients = perf_counter(), 0, []
with monitor.training(total=100, stage="Fit", details="pure Python") as run:
    while (passed := perf_counter() - start) < 50:
        loss = sum(1.0 / step for step in range(1, 2_000))
        right = (right + 1) % 20
        monitor.record("stays", "stays" if right else "leaves", latency=0.004)
        run.update(int(2 * passed), loss=loss - passed)
        if passed > 1 and not clients:
            clients.append(listener.accept())
"""

RISES = """
([element, prompt, before]) => {
    const value = parseFloat(element.innerText.replaceAll(",", ""));
    return prompt.innerText.includes("*") && value > before ? value : null;
}
"""


def rises_while_busy(notebook: NotebookPage, cell: int, element: Locator, times: int) -> None:
    """Wait until a number on the page has risen so often, all while the cell is running."""
    before = -1.0
    for _ in range(times + 1):
        risen = notebook.page.wait_for_function(
            RISES,
            arg=[element.element_handle(), notebook.prompt(cell).element_handle(), before],
            timeout=10_000,
        )
        before = risen.json_value()


@pytest.mark.alone
@pytest.mark.parametrize("kernel", PYTHONS, indirect=True)
def test_everything_moves_while_a_cell_computes(open_notebook, kernel):
    notebook = open_notebook(MAKE, COMPUTE)
    notebook.run(0)
    panel = notebook.panel(0)
    assert notebook.value("__import__('sys').executable") == repr(PYTHONS[kernel])

    expect(vital(panel, "model.name")).to_have_text("churn")
    expect(vital(panel, "model.version")).to_have_text("2.1")
    expect(vital(panel, "model.trained_at")).to_have_text("2 h ago")
    expect(vital(panel, "model.total_predictions")).to_have_text("0")
    expect(vital(panel, "model.status")).to_have_text("Registered")
    expect(vital(panel, "training.stage")).to_have_text("Ready")
    expect(vital(panel, "training.details")).to_have_text("System ready")
    expect(vital(panel, "training.progress")).to_have_text("100 %")
    expect(vital(panel, "metrics.current_accuracy")).to_have_text("–")
    expect(vital(panel, "metrics.predictions_per_minute")).to_have_text("0 /min")
    expect(vital(panel, "system.cpu_percent")).to_have_text(re.compile(r"^\d+ %$"))
    expect(vital(panel, "system.memory_percent")).to_have_text(re.compile(r"^\d+ %$"))
    expect(vital(panel, "system.disk_percent")).to_have_text(re.compile(r"^\d+ %$"))
    expect(vital(panel, "system.active_connections")).to_have_text("0")
    expect(vital(panel, "system.system_health")).to_have_text(re.compile("ealthy|Degraded"))

    # A client of what this notebook serves; the loop lets it in after a second.
    notebook.value(LISTEN)
    port = int(notebook.value("listener.getsockname()[1]"))
    with socket.create_connection(("127.0.0.1", port)):
        notebook.start(1)
        expect(vital(panel, "model.status")).to_have_text("Training")
        expect(vital(panel, "training.stage")).to_have_text("Fit")
        expect(vital(panel, "training.details")).to_have_text("pure Python")
        rises_while_busy(notebook, 1, vital(panel, "training.progress"), times=5)
        rises_while_busy(notebook, 1, vital(panel, "model.total_predictions"), times=4)
        rises_while_busy(notebook, 1, vital(panel, "metrics.predictions_per_minute"), times=4)
        expect(vital(panel, "metrics.current_accuracy")).to_have_text(re.compile(r"^95\.0 %$"))
        expect(vital(panel, "metrics.latency_p95_seconds")).to_have_text(
            re.compile(r"^(3\.9|4\.0)\d ms$")
        )
        expect(vital(panel, "training.metrics")).to_contain_text("loss")
        # A look at the connections is put off by what the last one cost.
        expect(vital(panel, "system.active_connections")).to_have_text("1", timeout=40_000)
        # The loop keeps a core busy, and the panel says so: of this kernel too.
        rises_while_busy(notebook, 1, vital(panel, "system.process_cpu_percent"), times=0)
        notebook.expect_busy(1)

    notebook.command("notebook:interrupt-kernel")
    notebook.expect_done(1)
    expect(vital(panel, "training.details")).to_have_text("Interrupted")
    expect(vital(panel, "model.total_predictions")).to_have_text(
        f"{int(notebook.value('monitor.snapshot().model.total_predictions')):,}"
    )


def test_degrades_with_its_reason_and_recovers(open_notebook):
    notebook = open_notebook(
        MAKE,
        'monitor.deploy("churn", version="2.2")\n'
        'monitor.record_batch(["stays"] * 100, ["stays"] * 95 + ["leaves"] * 5)',
        'monitor.record_batch(["stays"] * 60, ["leaves"] * 60)',
        'monitor.record_batch(["stays"] * 200, ["stays"] * 200)',
    )
    notebook.run(0)
    panel = notebook.panel(0)
    banner = panel.locator(".v-banner")
    announcement = panel.locator("[aria-live]")

    notebook.run(1)
    expect(vital(panel, "model.status")).to_have_text("Live")
    expect(vital(panel, "model.version")).to_have_text("2.2")
    expect(vital(panel, "metrics.current_accuracy")).to_have_text("95.0 %")
    expect(banner).to_have_count(0)

    notebook.run(2)
    expect(vital(panel, "model.status")).to_have_text("Degraded")
    expect(vital(panel, "model.reason")).to_have_text("Accuracy dropped below threshold")
    expect(banner).to_contain_text("% against 85 %")
    expect(announcement).to_have_text("churn: Degraded. Accuracy dropped below threshold")
    assert panel.get_attribute("data-status") == "degraded"

    notebook.run(3)
    expect(vital(panel, "model.status")).to_have_text("Live")
    expect(vital(panel, "metrics.current_accuracy")).to_have_text("100.0 %")
    expect(banner).to_have_count(0)
    expect(announcement).to_contain_text("churn: Live")


@pytest.mark.parametrize(
    ("code", "stage"),
    [
        ("for step in monitor.track(range(50), stage='Loop'):\n    step / (20 - step)", "Loop"),
        (
            "with monitor.training(total=2, stage='Block') as run:\n    run.update(1)\n    1 / 0",
            "Block",
        ),
    ],
    ids=["track", "training"],
)
def test_a_failing_cell_shows_failed_training(open_notebook, code, stage):
    notebook = open_notebook(MAKE, code)
    notebook.run(0)
    panel = notebook.panel(0)

    notebook.run(1)

    expect(panel.locator(".v-training")).to_have_attribute("data-state", "failed")
    expect(vital(panel, "training.stage")).to_have_text(stage)
    expect(vital(panel, "training.details")).to_contain_text("ZeroDivisionError")
    expect(vital(panel, "model.status")).to_have_text("Failed")
    expect(notebook.output(1)).to_contain_text("ZeroDivisionError")
