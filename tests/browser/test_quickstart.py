"""The quickstart notebook, as a person runs it: the panels live through all of its story."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.notebook_page import BUSY, vital

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "01_quickstart.ipynb"
STORY_MS = 60_000


@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", [2], indirect=True, ids=["twice-the-pixels"])
def test_the_quickstart_trains_serves_degrades_and_recovers(open_notebook, artefacts):
    cells = [
        cell
        for cell in json.loads(NOTEBOOK.read_text("utf-8"))["cells"]
        if cell["cell_type"] == "code"
    ]
    place = {cell["id"]: index for index, cell in enumerate(cells)}
    notebook = open_notebook(*("".join(cell["source"]) for cell in cells))
    notebook.command("notebook:run-all-cells")

    def while_it_runs(cell, field, text):
        """Wait until a panel above a running cell shows this; the cell is still running then."""
        panel = notebook.panel(place[cell])
        panel.scroll_into_view_if_needed(timeout=STORY_MS)
        expect(vital(panel, field)).to_have_text(text, timeout=STORY_MS)
        assert BUSY.search(notebook.prompt(place[cell]).inner_text())

    while_it_runs("train", "model.status", "Training")
    while_it_runs("train", "training.stage", re.compile(r"^Epoch [3-7]\d of 80$"))
    while_it_runs("train", "training.metrics", re.compile(r"loss.*accuracy.*val"))
    while_it_runs("serve", "model.status", "Live")
    while_it_runs("serve", "metrics.current_accuracy", re.compile(r"^9\d\.\d %$"))
    while_it_runs("late", "metrics.label_coverage", re.compile(r"^[89]\d %$"))
    while_it_runs("drift", "model.status", "Degraded")
    while_it_runs("drift", "model.reason", "Accuracy dropped below threshold")
    while_it_runs("retrain", "model.status", "Training")
    while_it_runs("recover", "model.version", "1.1")
    while_it_runs("recover", "model.status", "Live")
    while_it_runs("recover", "metrics.current_accuracy", re.compile(r"^9\d\.\d %$"))

    notebook.expect_done(len(cells) - 1, timeout=STORY_MS)
    expect(notebook.page.locator("[data-mime-type='application/vnd.jupyter.error']")).to_have_count(
        0
    )
    panel = notebook.panel(place["recover"])
    expect(vital(panel, "model.status")).to_have_text("Live")
    expect(vital(panel, "model.total_predictions")).to_have_text("500")
    notebook.page.mouse.move(0, 0)
    panel.screenshot(path=artefacts / "quickstart.png", animations="disabled")
