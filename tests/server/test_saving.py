"""Saving a notebook renews its panels from the current state of its monitors."""

from __future__ import annotations

import pytest

from ipyvitals.server.save_hook import PanelSaveHook
from tests.server.serving import serving, started, until

pytestmark = pytest.mark.anyio

LATER = """
monitor.record_batch([1] * 90, [1] * 90, latency=0.004)
monitor.flush()
"""


def notebook(*outputs):
    return {
        "type": "notebook",
        "content": {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {},
            "cells": [
                {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# Text"},
                {
                    "cell_type": "code",
                    "id": "b",
                    "metadata": {},
                    "execution_count": 1,
                    "source": "monitor",
                    "outputs": [
                        {"output_type": "stream", "name": "stdout", "text": "hello"},
                        *outputs,
                    ],
                },
            ],
        },
    }


def panel(monitor="default", at=1.0, **data):
    return {
        "output_type": "display_data",
        "metadata": {"ipyvitals": {"monitor": monitor, "at": at}},
        "data": {"text/html": "as it was", "text/plain": "as it was", **data},
    }


async def saved(server, path, *outputs):
    """Save a notebook with these outputs; return the outputs in the file."""
    answer = await server.ask(f"api/contents/{path}", "PUT", notebook(*outputs))
    assert answer.code in (200, 201), answer.body
    answer = await server.ask(f"api/contents/{path}")
    return [
        {kind: "".join(text) for kind, text in output["data"].items()}
        for output in answer.json["content"]["cells"][1]["outputs"][1:]
    ]


async def test_a_panel_is_saved_as_it_is_now(server):
    page = await started(server)
    await page.run(LATER)
    record = server.hub.kernels[page.kernel_id].monitors["default"]
    await until(lambda: record.snapshot().metrics.total_predictions == 100)

    first, second = await saved(server, "a.ipynb", panel(), panel())

    assert "99.0" in first["text/html"]
    assert "last 100 labels" in first["text/html"]
    assert "not live" in first["text/html"]
    assert "data:image/svg+xml" in first["text/html"]
    assert first["text/plain"].startswith("ipyvitals 'default': churn 2.1, Live")
    assert second == first


async def test_a_closed_monitor_is_saved_with_its_last_values(server):
    page = await started(server)
    await page.run("monitor.close()")
    record = server.hub.kernels[page.kernel_id].monitors["default"]
    await until(lambda: record.latest.closed)

    (output,) = await saved(server, "a.ipynb", panel())

    assert "Stopped" in output["text/html"]
    assert "Closed: these are the last values." in output["text/plain"]


async def test_outputs_that_are_no_panel_of_this_notebook_do_not_change(server):
    await started(server)
    other = {"output_type": "display_data", "metadata": {}, "data": {"text/html": "a table"}}

    outputs = await saved(
        server,
        "a.ipynb",
        other,
        panel(monitor="another"),
        panel(at=1e12),
        {**panel(), "metadata": {"ipyvitals": "nonsense"}},
    )

    assert [one["text/html"] for one in outputs] == ["a table", *["as it was"] * 3]


MALFORMED_MARKS = [
    {"monitor": "default", "at": "x"},
    {"monitor": "default", "at": None},
    {"monitor": ["default"], "at": 1.0},
    {"at": [1.0]},
]
MALFORMED_NOTEBOOKS = [
    None,
    [],
    {},
    {"cells": None},
    {"cells": [None, {"outputs": 3}, {"outputs": [None, {"metadata": [], "data": 1}]}]},
    {"cells": [{"outputs": [{"metadata": {"ipyvitals": {"a": 1}}, "data": None}]}]},
]


async def test_what_is_malformed_affects_no_other_panel(server):
    await started(server)
    malformed = [{**panel(), "metadata": {"ipyvitals": mark}} for mark in MALFORMED_MARKS]

    outputs = await saved(server, "a.ipynb", *malformed, panel())

    assert outputs[-1]["text/html"] != "as it was"
    hook = PanelSaveHook(server.hub)
    assert server.hub.monitors_of_notebook("a.ipynb")
    for content in MALFORMED_NOTEBOOKS:
        model = {"type": "notebook", "content": content}
        hook(model, "a.ipynb")
        assert model == {"type": "notebook", "content": content}


async def test_a_panel_is_saved_without_the_texts_of_exceptions(server):
    page = await started(server)
    error = "ConnectionError('postgres://u:hunter2@db')"
    await page.run(f"monitor.record_error({error}); monitor.flush()")
    record = server.hub.kernels[page.kernel_id].monitors["default"]
    await until(lambda: record.snapshot().notices)

    (output,) = await saved(server, "a.ipynb", panel())

    assert "hunter2" in record.snapshot().notices[0].message
    assert "hunter2" not in str(output)
    assert "ConnectionError" in output["text/html"]


async def test_panels_of_a_notebook_without_a_kernel_do_not_change(server):
    await started(server, path="a.ipynb")

    (output,) = await saved(server, "b.ipynb", panel())

    assert output == {"text/html": "as it was", "text/plain": "as it was"}


async def test_other_files_are_saved_unchanged(server, caplog):
    await started(server)
    text = {"type": "file", "format": "text", "content": "a text"}
    assert (await server.ask("api/contents/a.txt", "PUT", text)).code in (200, 201)
    empty = {**notebook(), "content": {**notebook()["content"], "cells": []}}
    assert (await server.ask("api/contents/a.ipynb", "PUT", empty)).code in (200, 201)

    # A failure of a hook is logged as an error; a tip in the kernel's banner may mention hooks.
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert not [text for text in errors if "hook" in text.lower()]


async def test_the_hook_can_be_turned_off(tmp_path):
    off = {"IpyvitalsExtension": {"save_panels": False}}
    async with serving(tmp_path, off) as server:
        await started(server)
        (output,) = await saved(server, "a.ipynb", panel())
        assert output["text/html"] == "as it was"
        await server.reset()
