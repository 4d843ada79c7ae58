"""The sidebar shows every kernel that has a monitor, whatever happens to the page."""

from __future__ import annotations

import re
import shutil
import time

import pytest
from playwright.sync_api import Locator, Page, WebSocket, expect

from tests import oldest
from tests.browser.sidebar import COMPUTE, DEGRADE, TRACK, SidebarPage, make, open_beside, write

KERNEL_SETTINGS = "@jupyterlab/apputils-extension:kernels-settings"


@pytest.fixture(autouse=True)
def default_settings(server):
    """Leave no setting of one test to the next."""
    yield
    shutil.rmtree(server.settings.parents[1] / "ipyvitals", ignore_errors=True)
    (server.settings / "kernels-settings.jupyterlab-settings").unlink(missing_ok=True)


NUMBER = """
([element, before]) => {
    const value = parseFloat(element.innerText.replaceAll(",", ""));
    return value > before ? value : null;
}
"""


def rises(page: Page, element: Locator, times: int = 3) -> None:
    """Wait until a number on the page has risen so often."""
    before = -1.0
    for _ in range(times + 1):
        expect(element).to_be_visible()
        risen = page.wait_for_function(
            NUMBER, arg=[element.element_handle(), before], timeout=10_000
        )
        before = risen.json_value()


@pytest.mark.alone
def test_it_is_live_while_a_cell_computes_and_goes_on_after_a_reload(open_notebook, page, server):
    notebook = open_notebook(make("churn"), COMPUTE)
    sidebar = SidebarPage(page).open()
    notebook.run(0)
    expect(sidebar.vital("model.name")).to_have_text("churn")
    notebook.start(1)
    expect(sidebar.vital("model.status")).to_have_text("Training")
    rises(page, sidebar.vital("training.progress"))
    rises(page, sidebar.vital("model.total_predictions"))
    expect(sidebar.vital("metrics.current_accuracy")).to_have_text("95.0 %")
    notebook.expect_busy(1)

    # JupyterLab saves its layout when that changed, and brings the sidebar back by itself.
    page.evaluate(
        """async () => {
            const {shell, serviceManager} = window.jupyterapp;
            const saved = async () => (await serviceManager.workspaces.list()).values;
            while (!JSON.stringify(await saved()).includes("ipyvitals-sidebar"))
                await new Promise(done => setTimeout(done, 100));
        }"""
    )
    page.reload()
    rises(page, sidebar.vital("training.progress"))
    rises(page, sidebar.vital("model.total_predictions"))
    # Not the server's word for the kernel: it says "idle" after each answer to another channel.
    assert server.ask("monitoring/system")["training"]["state"] == "running"
    assert sidebar.panel.locator(".v-spark canvas").count() > 0


@pytest.mark.alone
@pytest.mark.parametrize(
    ("kernel", "subshells"),
    [("python3", None), ("python3", "disabled"), (oldest.KERNEL, None)],
    indirect=["kernel"],
)
def test_stop_training_ends_a_running_loop_within_a_second(open_notebook, page, subshells):
    notebook = open_notebook(make("churn"), TRACK)
    sidebar = SidebarPage(page)
    if subshells is not None:
        sidebar.set(KERNEL_SETTINGS, f'{{"commsOverSubshells": "{subshells}"}}')
        notebook.wait_for_kernel()
    sidebar.open()
    notebook.activate()
    notebook.run(0)
    notebook.start(1)
    stop = sidebar.button("Stop training")
    expect(stop).to_be_visible()
    rises(page, sidebar.vital("training.current"))
    notebook.expect_busy(1)

    stop.click()
    clicked = time.monotonic()
    notebook.expect_done(1)
    assert time.monotonic() - clicked < 1.0
    expect(sidebar.panel.locator(".v-training")).to_have_attribute("data-state", "stopped")
    expect(stop).to_have_count(0)


def test_other_notebooks_are_rows_and_a_click_goes_there(open_notebook, page, server):
    first = open_notebook(make("churn"), COMPUTE)
    sidebar = SidebarPage(page).open()
    first.run(0)
    first.start(1)
    expect(sidebar.vital("model.status")).to_have_text("Training")

    second = open_beside(page, write(server, "serve.ipynb", make("fraud-xgb", "9"), "0"))
    expect(sidebar.element).to_contain_text("Run this in serve.ipynb")
    sidebar.button("Copy").click()
    expect(sidebar.button("Copied")).to_be_visible()
    second.run(0)
    expect(sidebar.vital("model.name")).to_have_text("fraud-xgb")

    row = sidebar.element.locator("[data-kernel-id]")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("churn 2.1")
    expect(row).to_contain_text("Training")
    expect(row.locator(".s-memory")).to_have_text(re.compile(r"^Memory of this kernel \d+ MiB$"))
    rises(page, row.locator(".s-figure"), times=2)

    row.click()
    expect(sidebar.vital("model.name")).to_have_text("churn")
    expect(sidebar.row("serve.ipynb")).to_contain_text("fraud-xgb")


def test_a_restarted_kernel_starts_with_nothing_and_comes_back(open_notebook, page):
    notebook = open_notebook(make("churn"))
    sidebar = SidebarPage(page).open()
    notebook.run(0)
    expect(sidebar.vital("model.name")).to_have_text("churn")

    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    expect(sidebar.panel).to_have_count(0)
    expect(sidebar.element).to_contain_text("No monitor yet")
    notebook.wait_for_kernel()
    notebook.run(0)
    expect(sidebar.vital("model.name")).to_have_text("churn")


def test_the_status_bar_follows_the_notebook_and_opens_the_sidebar(open_notebook, page):
    notebook = open_notebook(make("churn"), DEGRADE, COMPUTE)
    sidebar = SidebarPage(page)
    expect(sidebar.status).to_have_count(0)
    notebook.run(0)
    expect(sidebar.status).to_have_text("Registered")
    notebook.run(1)
    expect(sidebar.status).to_have_text(re.compile(r"^Degraded\d+\.\d %160/min$"))
    expect(sidebar.element).not_to_be_visible()
    sidebar.status.click()
    expect(sidebar.element).to_be_visible()
    notebook.start(2)
    # How far the run is, and the newest value of its first curve.
    expect(sidebar.status).to_have_text(re.compile(r"^Training\d+ %loss \d[\d.]*$"))


def test_a_degraded_model_notifies_and_can_be_acknowledged(open_notebook, page):
    notebook = open_notebook(make("churn"), DEGRADE)
    sidebar = SidebarPage(page)
    notebook.run(0)
    notebook.run(1)
    toast = sidebar.toast("churn 2.1 is degraded: Accuracy dropped below threshold")
    expect(toast).to_be_visible()
    toast.get_by_role("button", name="Show").click()
    expect(sidebar.element).to_be_visible()

    sidebar.button("Acknowledge").click()
    expect(sidebar.vital("model.acknowledged_at")).to_contain_text("acknowledged")
    expect(sidebar.button("Acknowledge")).to_have_count(0)


def test_a_hidden_page_rests_and_tells_of_the_end_of_training_later(open_notebook, page):
    sockets: list[WebSocket] = []
    page.on(
        "websocket",
        lambda socket: sockets.append(socket) if "/ipyvitals/api/events" in socket.url else None,
    )
    notebook = open_notebook(
        make("churn"),
        "import time\nfor step in monitor.track(range(30), stage='Fit'):\n    time.sleep(0.1)",
    )
    sidebar = SidebarPage(page).open()
    notebook.run(0)
    notebook.start(1)
    expect(sidebar.vital("training.stage")).to_have_text("Fit")
    frames: list[str | bytes] = []
    with page.expect_websocket(lambda socket: "types=model_status" in socket.url) as quiet:
        sidebar.hide()
    quiet.value.on("framereceived", lambda frame: frames.append(frame))  # noqa: PLW0108
    notebook.expect_done(1)
    expect(sidebar.toast("churn 2.1: Fit completed after")).to_be_visible()
    assert not any('"update"' in str(frame) for frame in frames)
    assert [socket.is_closed() for socket in sockets[-2:]] == [True, False]

    with page.expect_websocket(lambda socket: "types=update" in socket.url) as full:
        sidebar.hide(hidden=False)
    assert "since=" in full.value.url
    expect(sidebar.panel.locator(".v-training")).to_have_attribute("data-state", "completed")


def test_alerts_can_be_turned_off_and_the_side_changed(open_notebook, page):
    notebook = open_notebook(make("churn"), DEGRADE)
    sidebar = SidebarPage(page)
    sidebar.set("ipyvitals:plugin", '{"alerts": false, "side": "left"}')
    notebook.wait_for_kernel()
    sidebar.open()
    notebook.activate()
    notebook.run(0)
    notebook.run(1)
    expect(sidebar.vital("model.status")).to_have_text("Degraded")
    expect(sidebar.toast("is degraded")).to_have_count(0)
    assert (
        sidebar.element.bounding_box()["x"] < page.locator(".jp-NotebookPanel").bounding_box()["x"]
    )


def test_notebook_7_has_sidebar_and_commands_too(open_notebook, page, artefacts):
    notebook = open_notebook(make("churn"), TRACK, app="notebooks")
    sidebar = SidebarPage(page).open()
    notebook.run(0)
    notebook.start(1)
    expect(sidebar.vital("model.name")).to_have_text("churn")
    expect(sidebar.vital("training.stage")).to_have_text("Fit")
    rises(page, sidebar.vital("training.current"))
    sidebar.element.screenshot(path=artefacts / "sidebar-notebook-7.png")
    notebook.command("ipyvitals:stop-training")
    notebook.expect_done(1)
    expect(sidebar.panel.locator(".v-training")).to_have_attribute("data-state", "stopped")


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_how_it_looks(open_notebook, page, server, artefacts, theme):
    page.set_viewport_size({"width": 1500, "height": 1000})
    first = open_notebook(make("digits-sgd", "0.3"), COMPUTE)
    sidebar = SidebarPage(page).open()
    first.command("apputils:change-theme", theme=f"JupyterLab {theme}")
    first.run(0)
    first.start(1)
    expect(sidebar.vital("training.stage")).to_have_text("Fit")
    rises(page, sidebar.vital("training.progress"), times=8)
    sidebar.element.screenshot(path=artefacts / f"sidebar-training-{theme.lower()}.png")

    second = open_beside(page, write(server, "churn.ipynb", make("churn"), DEGRADE))
    second.run(0)
    second.run(1)
    expect(sidebar.vital("model.status")).to_have_text("Degraded")
    sidebar.toast("is degraded").locator(".jp-Notification-Toast-Close").click()
    expect(sidebar.toast("is degraded")).to_have_count(0)
    expect(sidebar.row("test-how-it-looks")).to_contain_text("Training")
    sidebar.element.screenshot(path=artefacts / f"sidebar-degraded-{theme.lower()}.png")
    page.screenshot(path=artefacts / f"lab-{theme.lower()}.png")

    open_beside(page, write(server, "empty.ipynb", "1 + 1"))
    expect(sidebar.element).to_contain_text("No monitor yet")
    sidebar.element.screenshot(path=artefacts / f"sidebar-empty-{theme.lower()}.png")
