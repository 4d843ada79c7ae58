"""Processes of launchers and servers: the first rank, or a monitor of the folder, adds them up."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from importlib.util import find_spec
from pathlib import Path

import pytest

from ipyvitals import ArgumentTypeError, ArgumentValueError, Monitor
from ipyvitals.remote.address import VARIABLE
from tests.unit.remote import processes

PROGRAM = Path(processes.__file__)
ROOT = PROGRAM.parents[3]
SECONDS = 60.0

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@pytest.fixture(autouse=True)
def place(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.delenv(VARIABLE, raising=False)


def until(condition):
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, f"not true within {SECONDS} s"
        time.sleep(0.05)


def start(*args, **more):
    return subprocess.Popen(
        [sys.executable, *map(str, args)], stdout=subprocess.PIPE, text=True, cwd=ROOT,
        env={**os.environ, **more},
    )  # fmt: skip


def test_the_first_rank_counts_for_the_launch():
    def launch(run):
        return [
            start(PROGRAM, "rank", RANK=str(rank), LOCAL_RANK=str(rank),
                  WORLD_SIZE="3", MASTER_ADDR="127.0.0.1", MASTER_PORT="29500",
                  TORCHELASTIC_RUN_ID=run)
            for rank in range(3)
        ]  # fmt: skip

    # Two launches at once are two: neither counts for the other.
    ranks, others = launch("one"), launch("two")
    outputs = [one.communicate(timeout=SECONDS)[0].split() for one in [*ranks, *others]]
    expected = ["60", "2", "rank-1,rank-2"]
    assert outputs == [expected, [], [], expected, [], []]


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def ask(port):
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
                return answer.read()
        except (urllib.error.URLError, ConnectionError):
            # Not there yet, or the worker that took the connection has ended.
            time.sleep(0.05)


@pytest.mark.parametrize(
    ("server", "options"),
    [
        ("gunicorn", ["--preload", "-w", "2", "--max-requests", "10", "-b", "127.0.0.1:{port}",
                      "tests.unit.remote.served:app"]),
        ("gunicorn", ["-w", "2", "-b", "127.0.0.1:{port}",
                      "tests.unit.remote.served:app"]),
        ("uvicorn", ["--workers", "2", "--port", "{port}", "tests.unit.remote.served:asgi"]),
    ],
)  # fmt: skip
def test_workers_of_a_server_arrive_in_the_folder(server, options, tmp_path):
    if find_spec(server) is None:
        pytest.skip(f"{server} is not installed")
    port, folder = free_port(), tmp_path / "vitals"
    command = [one.format(port=port) for one in options]
    process = subprocess.Popen(
        [sys.executable, "-m", server, *command], cwd=ROOT, stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, env={**os.environ, VARIABLE: str(folder)},
    )  # fmt: skip
    try:
        for _ in range(40):
            assert ask(port) == b"ok"
        with Monitor("churn", name="m", interval=0.5, store=None, reports=folder) as monitor:
            until(lambda: monitor.snapshot().metrics.total_predictions >= 40)
            process.terminate()
            process.wait(SECONDS)
            # uvicorn ends its workers by a signal, which leaves no time for a last report.
            ends = {"ended"} if server == "gunicorn" else {"ended", "gone"}
            until(lambda: {one.state for one in monitor.snapshot().workers} <= ends)
            # Requests whose answer did not arrive were made again.
            assert 40 <= monitor.snapshot().metrics.total_predictions <= 44
            codes = {one.code for one in monitor.snapshot().notices}
            assert codes <= (set() if server == "gunicorn" else {"workers.lost"})
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("reports", [3, None, b"folder", ["folder"]])
def test_what_is_no_path_is_an_error(reports):
    with pytest.raises(ArgumentTypeError, match="expected the path of a folder"):
        Monitor(interval=None, reports=reports)


@pytest.mark.parametrize("reports", ["", "a\0b", __file__])
def test_what_is_no_folder_is_an_error(reports):
    with pytest.raises(ArgumentValueError, match="expected the path of a folder"):
        Monitor(interval=None, reports=reports)
