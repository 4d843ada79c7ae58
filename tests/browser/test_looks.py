"""Every state of the panel, light and dark, wide and narrow; the pictures are kept.

What a test can tell of a picture it tells: nothing sticks out, no text is cut but by an ellipsis
of its own, and the panel follows the theme. The rest is for eyes: ``tests/browser/artefacts``.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.notebook_page import vital

STATES = {
    "empty": "Registered",
    "training": "Training",
    "live": "Live",
    "degraded": "Degraded",
    "idle": "Idle",
    "failed": "Failed",
    "closed": "Stopped",
    "compared": "Degraded",
    "regression": "Live",
    "gpus": "Live",
}

MAKE = """
import time
from ipywidgets import Box, Layout
from ipyvitals import Drift, FakeClock, Monitor, Thresholds
from ipyvitals.schema import Gpu

monitors = {}

def make(state, *model, served=0, right=lambda second: second % 16):
    clock = FakeClock(time=time.time() - served)
    monitor = Monitor(
        *model, version="2.1" if model else None, name=state, interval=None, clock=clock,
        trained_at=time.time() - 2 * 3_600 if model else None,
        # Read many times in a millisecond, a load means nothing.
        thresholds=Thresholds(accuracy=0.85, cpu=None),
    )
    if served:
        monitor.deploy("churn", version="2.1")
    for second in range(served):
        for call in range(2):
            latency = 0.004 + 0.002 * ((7 * second + call) % 5)
            monitor.record("stays", "stays" if right(second + call) else "leaves", latency=latency)
        clock.advance(1)
        monitor.tick()
    monitor.tick()
    monitors[state] = monitor
    return monitor, clock

make("empty")
monitor, clock = make("training", "digits-sgd")
run = monitor.training(total=12, stage="Epoch 5 of 12", details="partial_fit, batch 64")
for epoch in range(1, 6):
    clock.advance(9)
    run.update(epoch, loss=0.9 / epoch, val_accuracy=0.95 - 0.1 / epoch)
    monitor.tick()
make("live", "churn", served=240)
make("degraded", "churn", served=240, right=lambda n: n % 16 if n < 150 else n % 3)
monitor, clock = make("idle", "churn", served=60)
clock.advance(400)
monitor.tick()
monitor, clock = make("failed", "churn")
run = monitor.training(total=12, stage="Fit", details="")
run.update(3, loss=4.2)
clock.advance(3)
run.fail(ValueError("Input X contains NaN."))
monitor.tick()
make("closed", "churn", served=90)[0].close()

clock = FakeClock(time=time.time() - 200)
monitor = Monitor(
    name="compared", interval=None, clock=clock, drift=Drift(reference=300, window=100),
    thresholds=Thresholds(cpu=None),
)
monitor.deploy("churn", version="1.9")
challenger = monitor.deploy("churn", version="2.2", baseline_accuracy=0.95)
monitor.deploy("churn", version="2.1")
for n in range(600):
    place, other = ("EU", "US", "APAC")[n % 3], "stays" if n % 11 else "leaves"
    features = {"age": 30 + n % 17 + (n // 400) * 20, "plan": "ab"[n % 2]}
    monitor.record("stays", other, latency=0.004, segment=place, features=features)
    if n % 8 == 0:
        monitor.record("stays", "stays" if n % 3 else "leaves", latency=0.01, model_id=challenger)
    if n % 20 == 0:
        monitor.record("stays", id=n, segment="LATAM")
    if n % 20 == 10 and n > 100:
        monitor.label(n - 110, "stays")
    if n % 3 == 0:
        clock.advance(1)
        monitor.tick()
monitors["compared"] = monitor

clock = FakeClock(time=time.time() - 100)
monitor = Monitor(
    name="regression", interval=None, clock=clock, task="regression", tolerance=0.5, drift=True,
    thresholds=Thresholds(cpu=None),
)
monitor.deploy("demand", version="6")
monitor.deploy("demand", version="5")
for n in range(100):
    for model, far in (("demand-5", 0.07), ("demand-6", 0.05)):
        monitor.record(12.0, 12.0 + far * (n % 10 - 4), latency=0.002, model_id=model)
    clock.advance(1)
    monitor.tick()
monitors["regression"] = monitor

# A machine that this one is not.
panel = make("gpus", "churn", served=60)[0].panel()
gpus = [
    Gpu(
        index=index, name="NVIDIA H100 80GB HBM3", utilization_percent=97 - 12.0 * index,
        memory_used_bytes=(79 - 10 * index) * 2**30, memory_total_bytes=80 * 2**30,
        temperature_celsius=66.0 - index, power_watts=690.0 - 70 * index, power_limit_watts=700.0,
        reasons={"process_memory_bytes": "pid_namespace"},
    ).to_dict()
    for index in range(8)
]
panel.system = {
    **panel.system, "gpus": gpus, "gpu_percent": 97.0, "gpu_memory_percent": 98.75,
    "limiter": "gpu_memory", "system_health": "degraded", "oom_kills": 1,
    "oom_kill_at": time.time(), "memory_full_seconds": 250.0, "kernel_lag_seconds": 1.24,
    "gil_starved": True, "cpu_throttled_percent": 38.0, "cpu_throttled_seconds": 214.0,
}
"""
SHOW = "monitors[{state!r}]"
SHOW_NARROW = "Box([monitors[{state!r}].panel()], layout=Layout(width='300px'))"

# Elements whose content is wider than they are, and which say nothing of it by an ellipsis; and
# elements that stick out of the panel.
MISFITS = """
panel => {
    const outer = panel.getBoundingClientRect();
    return [...panel.querySelectorAll("*")].filter(element => {
        const style = getComputedStyle(element);
        const box = element.getBoundingClientRect();
        if (element.closest("svg, canvas, .uplot, .v-said") || box.width === 0) return false;
        const cut = element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0
            && style.overflowX === "hidden" && style.textOverflow !== "ellipsis";
        const out = box.left < outer.left - 1 || box.right > outer.right + 1
            || box.bottom > outer.bottom + 1;
        return cut || out;
    }).map(element => `${element.className}: ${element.textContent}`);
}
"""
UNFOLD = "panel => panel.querySelectorAll('details').forEach(one => { one.open = true; })"
LIGHTNESS = """
panel => {
    const canvas = document.createElement("canvas").getContext("2d");
    canvas.fillStyle = getComputedStyle(panel).backgroundColor;
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue] = canvas.getImageData(0, 0, 1, 1).data;
    return (red + green + blue) / 765;
}
"""


@pytest.mark.parametrize("page", [2], indirect=True, ids=["twice-the-pixels"])
def test_every_state_in_both_themes_and_widths(open_notebook, page, artefacts):
    # High enough for what is unfolded.
    page.set_viewport_size({"width": 1280, "height": 1600})
    shows = [(state, show) for state in STATES for show in (SHOW, SHOW_NARROW)]
    notebook = open_notebook(MAKE, *(show.format(state=state) for state, show in shows))
    notebook.command("notebook:run-all-cells")
    notebook.expect_done(len(shows), timeout=60_000)

    for index, (state, _) in enumerate(shows, start=1):
        panel = notebook.panel(index)
        expect(vital(panel, "model.status")).to_have_text(STATES[state])
        expect(panel.locator(".v-freshness:visible")).to_have_count(int(state == "closed"))
        panel.evaluate(UNFOLD)
        # The machine is seen both ways.
        if state != "live":
            panel.get_by_role("button", name="System", exact=True).click()
    for theme, is_light in (("Light", True), ("Dark", False)):
        notebook.command("apputils:change-theme", theme=f"JupyterLab {theme}")
        expect(notebook.page.locator("body")).to_have_attribute(
            "data-jp-theme-name", f"JupyterLab {theme}"
        )
        for index, (state, show) in enumerate(shows, start=1):
            panel = notebook.panel(index)
            panel.scroll_into_view_if_needed()
            expect(panel).to_have_attribute("data-theme", theme.lower())
            assert (panel.evaluate(LIGHTNESS) > 0.5) is is_light
            assert panel.evaluate(MISFITS) == []
            width = "wide" if show is SHOW else "narrow"
            name = f"{state}-{width}-{theme.lower()}.png"
            panel.screenshot(path=artefacts / name, animations="disabled")

    live = 1 + 2 * list(STATES).index("live")
    notebook.command("notebook:restart-kernel")
    notebook.page.locator(".jp-Dialog button.jp-mod-accept").click()
    for theme in ("Dark", "Light"):
        notebook.command("apputils:change-theme", theme=f"JupyterLab {theme}")
        for index, width in ((live, "wide"), (live + 1, "narrow")):
            panel = notebook.panel(index)
            panel.scroll_into_view_if_needed()
            expect(panel).to_have_attribute("data-theme", theme.lower())
            expect(panel.locator(".v-freshness")).to_contain_text("Kernel gone")
            name = f"gone-{width}-{theme.lower()}.png"
            panel.screenshot(path=artefacts / name, animations="disabled")
