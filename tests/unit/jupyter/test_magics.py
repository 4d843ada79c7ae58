"""The magics of IPython in a shell of the terminal, and in a real kernel."""

from __future__ import annotations

import subprocess
import sys

import pytest
from IPython.core.interactiveshell import InteractiveShell
from jupyter_client.manager import start_new_kernel

from ipyvitals import Monitor
from ipyvitals.jupyter.magics import MonitorAccess, load_magics, unload_magics

SECONDS = 60.0


@pytest.fixture
def monitor():
    with Monitor(name="magics", interval=None) as monitor:
        yield monitor


@pytest.fixture
def shell():
    shell = InteractiveShell.instance()
    shell.reset(new_session=True)
    yield shell
    InteractiveShell.clear_instance()


@pytest.fixture
def loaded(shell, monitor):
    """Return the shell with the extension, beside an open monitor."""
    shell.run_cell("%load_ext ipyvitals").raise_error()
    yield shell
    shell.run_cell("%unload_ext ipyvitals").raise_error()


def stages(monitor):
    return {run.stage: run for run in monitor.snapshot().runs}


def test_a_cell_is_a_run_with_its_values_and_a_summary(loaded, monitor, capsys):
    result = loaded.run_cell("%%vitals fit\nanswer = 41\nanswer + 1")
    assert result.success
    assert result.result == 42
    assert loaded.user_ns["answer"] == 41
    run = stages(monitor)["fit"]
    assert run.state == "completed"
    shown = capsys.readouterr().out
    summary = next(line for line in shown.splitlines() if line.startswith("fit: completed"))
    assert "peak memory" in summary
    assert "peak memory –" not in summary
    assert summary.endswith("GPU –, energy –")


def test_a_cell_without_a_name_is_a_run_too(loaded, monitor):
    loaded.run_cell("%%vitals\nx = 1").raise_error()
    assert stages(monitor)["Cell"].state == "completed"


def test_runs_of_the_cell_are_inside_it(loaded, monitor):
    loaded.user_ns["monitor"] = monitor
    loaded.run_cell("%%vitals fit\nfor _ in monitor.track(range(3), stage='Loop'): pass")
    loaded.run_cell("for _ in monitor.track(range(3), stage='Next cell'): pass")
    found = stages(monitor)
    assert found["Loop"].parent_id == found["fit"].run_id
    assert found["Next cell"].parent_id is None


def test_an_error_fails_the_run_and_is_the_error_of_the_cell(loaded, monitor, capsys):
    result = loaded.run_cell("%%vitals fit\nbefore = 1\nraise ValueError('bad batch')")
    assert isinstance(result.error_in_exec, ValueError)
    assert loaded.user_ns["before"] == 1
    run = stages(monitor)["fit"]
    assert (run.state, run.details) == ("failed", "ValueError: bad batch")
    shown = capsys.readouterr().out
    assert shown.count("Traceback") == 1
    assert "line 3" in shown
    assert "fit: failed (ValueError: bad batch)" in shown
    assert "magics.py" not in shown


def test_an_interrupt_stops_the_run(loaded, monitor):
    loaded.run_cell("%%vitals fit\nraise KeyboardInterrupt")
    assert stages(monitor)["fit"].state == "stopped"


def test_a_cell_that_does_not_compile_is_no_run(loaded, monitor):
    result = loaded.run_cell("%%vitals fit\nx = = 1")
    assert isinstance(result.error_before_exec or result.error_in_exec, SyntaxError)
    assert monitor.snapshot().runs == []


def test_nothing_runs_twice_and_each_cell_is_a_run_of_its_own(loaded, monitor):
    loaded.user_ns["calls"] = []
    for _ in range(2):
        loaded.run_cell("%%vitals fit\ncalls.append(1)").raise_error()
    assert loaded.user_ns["calls"] == [1, 1]
    assert [run.state for run in monitor.snapshot().runs] == ["completed"] * 2


def test_await_and_other_magics_work_in_the_cell(loaded, monitor, capsys):
    loaded.run_cell(
        "%%vitals wait\nimport asyncio\nawait asyncio.sleep(0)\nslept = True\n%who_ls\n"
    ).raise_error()
    assert loaded.user_ns["slept"] is True
    loaded.run_cell("%%vitals both\n%%time\ntimed = 1\n").raise_error()
    assert loaded.user_ns["timed"] == 1
    shown = capsys.readouterr().out
    assert "Wall time" in shown
    assert [stages(monitor)[name].state for name in ("wait", "both")] == ["completed"] * 2


def test_a_cell_inside_a_cell_ends_its_own_run(loaded, monitor):
    loaded.run_cell(
        "%%vitals outer\nget_ipython().run_cell('%%vitals inner\\nx = 1')\n"
        "get_ipython().run_cell('y = 1')\nz = 1"
    ).raise_error()
    found = stages(monitor)
    assert {name: run.state for name, run in found.items()} == {
        "outer": "completed",
        "inner": "completed",
    }
    # A cell of its own is no part of the code of the cell that ran it.
    assert found["inner"].parent_id is None


def test_cells_that_begin_in_one_another_all_end(loaded, monitor, capsys):
    loaded.run_cell("%%vitals outer\n%%vitals inner\nx = 1").raise_error()
    runs = stages(monitor)
    assert {name: run.state for name, run in runs.items()} == {
        "outer": "completed",
        "inner": "completed",
    }
    assert runs["inner"].parent_id == runs["outer"].run_id
    shown = [line for line in capsys.readouterr().out.splitlines() if "completed" in line]
    assert [line.partition(":")[0] for line in shown] == ["inner", "outer"]
    loaded.run_cell("%%vitals next\n%%vitals\n1 / 0")
    assert stages(monitor)["next"].state == "failed"
    assert "running" not in {run.state for run in monitor.snapshot().runs}


def test_the_cell_magic_can_be_called(loaded, monitor):
    loaded.run_cell_magic("vitals", "fit", "called = 1")
    assert loaded.user_ns["called"] == 1
    assert stages(monitor)["fit"].state == "completed"
    with pytest.raises(ZeroDivisionError):
        loaded.run_cell_magic("vitals", "bad", "1 / 0")
    assert stages(monitor)["bad"].state == "failed"


def test_the_panel_is_that_of_the_newest_open_monitor(loaded, monitor, capsys):
    with Monitor("newer", name="newer", interval=None):
        loaded.run_cell("%vitals").raise_error()
        assert "ipyvitals 'newer'" in capsys.readouterr().out
    loaded.run_cell("%vitals").raise_error()
    assert "ipyvitals 'magics'" in capsys.readouterr().out


def test_a_monitor_is_made_once_where_there_is_none(shell, capsys):
    made = []

    def make():
        made.append(Monitor(name="made", interval=None))
        return made[-1]

    def newest():
        return next((one for one in reversed(made) if not one.closed), None)

    load_magics(shell, MonitorAccess(newest, make, lambda enabled: None))
    try:
        shell.run_cell("%vitals").raise_error()
        shell.run_cell("%%vitals fit\nx = 1").raise_error()
        assert len(made) == 1
        assert "ipyvitals 'made'" in capsys.readouterr().out
        assert stages(made[0])["fit"].state == "completed"
    finally:
        unload_magics(shell)
        for monitor in made:
            monitor.close()


def test_stop_asks_the_runs_of_the_newest_monitor_to_end(loaded, monitor, capsys):
    with monitor.training(stage="Fit") as run:
        loaded.run_cell("%vitals stop").raise_error()
        assert run.should_stop
    assert "Asked 1 run to end." in capsys.readouterr().out
    assert stages(monitor)["Fit"].state == "stopped"


def test_autolog_is_turned_on_and_off(shell):
    turned = []
    access = MonitorAccess(lambda: None, Monitor, turned.append)
    load_magics(shell, access)
    try:
        shell.run_cell("%vitals autolog on").raise_error()
        shell.run_cell("%vitals autolog off").raise_error()
    finally:
        unload_magics(shell)
    assert turned == [True, False]


@pytest.mark.parametrize("line", ["foo", "autolog", "autolog maybe", "stop now"])
def test_an_unknown_command_says_what_there_is(loaded, line, capsys):
    result = loaded.run_cell(f"%vitals {line}")
    assert type(result.error_in_exec).__name__ == "UsageError"
    assert "%vitals autolog on" in str(result.error_in_exec)


def test_stop_without_a_monitor_says_so(shell):
    load_magics(shell, MonitorAccess(lambda: None, Monitor, print))
    try:
        result = shell.run_cell("%vitals stop")
        assert "no open monitor" in str(result.error_in_exec)
    finally:
        unload_magics(shell)


def test_the_help_of_the_magic_is_shown(loaded, capsys):
    loaded.run_cell("%%vitals?").raise_error()
    loaded.run_cell("%vitals?").raise_error()
    assert capsys.readouterr().out.count("shows the panel of the newest open monitor") == 2


def test_after_unloading_nothing_is_left(shell, monitor):
    before = list(shell.input_transformers_cleanup), dict(shell.events.callbacks)
    events = {name: list(callbacks) for name, callbacks in shell.events.callbacks.items()}
    for _ in range(2):
        shell.run_cell("%load_ext ipyvitals").raise_error()
        shell.run_cell("%reload_ext ipyvitals").raise_error()
        shell.run_cell("%unload_ext ipyvitals").raise_error()
    assert list(shell.input_transformers_cleanup) == before[0]
    left = {name: list(callbacks) for name, callbacks in shell.events.callbacks.items()}
    assert left == events
    assert "vitals" not in shell.magics_manager.magics["line"]
    assert "vitals" not in shell.magics_manager.magics["cell"]


def test_ipython_loads_it_at_its_start():
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "--no-banner", "--colors=NoColor", "--ext=ipyvitals"],
        input="%vitals\n%%vitals fit\nx = 6 * 7\n\n\nprint(x)\n",
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    assert "ipyvitals 'default'" in done.stdout
    assert "fit: completed" in done.stdout
    assert "42" in done.stdout


@pytest.fixture(scope="module")
def client():
    manager, client = start_new_kernel()
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    manager.cleanup_resources()
    client.context.destroy()


def outputs(client, code):
    """Run a cell, and return its outputs and its reply."""
    found = []
    reply = client.execute_interactive(code, output_hook=found.append, timeout=SECONDS)
    kinds = ("display_data", "execute_result", "error", "stream")
    return [one for one in found if one["msg_type"] in kinds], reply["content"]


def test_a_real_kernel_shows_the_panel_and_the_summary(client):
    shown, reply = outputs(client, "%load_ext ipyvitals\n%vitals")
    assert reply["status"] == "ok"
    (panel,) = [one["content"]["data"] for one in shown if one["msg_type"] == "display_data"]
    assert "application/vnd.jupyter.widget-view+json" in panel

    code = "%%vitals fit\nimport asyncio\nawait asyncio.sleep(0.01)\nvalue = 42\nvalue"
    shown, reply = outputs(client, code)
    assert reply["status"] == "ok"
    assert [one["msg_type"] for one in shown] == ["execute_result", "display_data"]
    assert shown[0]["content"]["data"]["text/plain"] == "42"
    summary = shown[1]["content"]["data"]
    assert summary["text/plain"].startswith("fit: completed, time ")
    assert "<table" in summary["text/html"]

    shown, reply = outputs(client, "%%vitals broken\nraise ValueError('no')")
    assert (reply["status"], reply["ename"], reply["evalue"]) == ("error", "ValueError", "no")
    assert [one["msg_type"] for one in shown].count("error") == 1
    summary = next(one for one in shown if one["msg_type"] == "display_data")
    assert summary["content"]["data"]["text/plain"].startswith("broken: failed (ValueError: no)")

    shown, _ = outputs(client, "print(value)")
    assert shown[0]["content"]["text"] == "42\n"
