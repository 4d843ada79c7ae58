"""The live plot, in a notebook."""

from __future__ import annotations

from playwright.sync_api import expect

MAKE = """
from ipyvitals import Monitor
monitor = Monitor("churn", version="2.1", interval=0.5, metrics_interval=0.2, store=None)
monitor.record_batch([1] * 50, [1] * 48 + [0] * 2, latency=0.004)
figure = monitor.plot(live=True)
figure
"""
SERVE = """
from time import monotonic
end = monotonic() + 60
while monotonic() < end:
    monitor.record(1, 1, latency=0.004)
"""
POINTS = """
plot => {
    const predictions = plot.data.find(trace => trace.name === "Predictions");
    return predictions.x ? Array.from(predictions.x).length : 0;
}
"""


def test_a_live_plot_grows_while_a_cell_is_busy(open_notebook, artefacts):
    notebook = open_notebook(MAKE, SERVE)
    notebook.run(0)
    plot = notebook.cell(0).locator(".js-plotly-plot")
    expect(plot).to_be_visible()
    before = plot.evaluate(POINTS)
    notebook.start(1)
    for more in (4, 8):
        notebook.page.wait_for_function(
            f"([plot, least]) => ({POINTS})(plot) >= least",
            arg=[plot.element_handle(), before + more],
        )
        notebook.expect_busy(1)
    notebook.command("notebook:interrupt-kernel")
    notebook.expect_done(1)
    assert plot.evaluate("plot => plot._fullLayout.xaxis.type") == "date"
    width = notebook.cell(0).locator(".jp-OutputArea-output").last.bounding_box()["width"]
    assert plot.evaluate("plot => plot._fullLayout.width") > 0.9 * width
    plot.screenshot(path=artefacts / "plot.png")
    assert notebook.value("figure.close()") == "None"
    assert notebook.value("monitor.tick()") == "None"
