"""The panel moves while a cell runs, and shows everything that it should."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.notebook_page import vital

MAKE = """
from datetime import datetime, timedelta, timezone
from ipyvitals import Monitor, Thresholds
monitor = Monitor(
    "churn", version="2.1", trained_at=datetime.now(timezone.utc) - timedelta(hours=2),
    thresholds=Thresholds(accuracy=0.85), interval=0.5, metrics_interval=0.25,
)
monitor
"""

def test_smoke(open_notebook):
    notebook = open_notebook(MAKE)
    notebook.run(0)
    panel = notebook.panel(0)
    expect(vital(panel, "model.name")).to_have_text("churn")
    print(panel.inner_text())
