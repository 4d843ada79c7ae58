"""``python -m ipyvitals``, as a person or a script runs it."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ipyvitals import FakeClock, Monitor, Thresholds

COMMAND = [sys.executable, "-m", "ipyvitals"]
EVIL = "churn\x1b[31m\x07\n[bold]"


def environment(**more):
    kept = {name: value for name, value in os.environ.items() if name != "JUPYTER_TOKEN"}
    return {**kept, "IPYVITALS_STORE": "none", "COLUMNS": "200", "NO_COLOR": "1", **more}


def run(*arguments, code=0, **variables):
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        env=environment(**variables),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Return a history of one monitor that ended degraded, and one that ended well."""
    path = tmp_path_factory.mktemp("store") / "history.sqlite"
    clock = FakeClock(time=time.time() - 7_200)
    options = {"interval": None, "clock": clock, "store": path}
    with Monitor("churn", version="2.1", thresholds=Thresholds(accuracy=0.85), **options) as one:
        one.record_batch([1] * 60, [1] * 40 + [0] * 20)
        one.flush()
    with Monitor("fraud", name="second", **options) as two:
        two.record_batch([1] * 10, [1] * 10)
        two.flush()
    return path


def columns(line):
    return re.split(r"  +", line.strip())


def test_the_monitors_of_the_history_are_listed(store):
    lines = run("--store", store).stdout.splitlines()

    assert columns(lines[0]) == [
        *("MONITOR", "MODEL", "STATUS", "ACCURACY", "PREDICTIONS", "/MIN", "P95", "HEARD", "WHERE"),
    ]
    rows = {columns(line)[0]: columns(line) for line in lines[1:]}
    assert rows["default"][:2] == ["default", "churn 2.1"]
    assert rows["default"][3:7] == ["66.7 %", "60", "–", "–"]
    assert rows["second"][1] == "fraud"
    assert rows["second"][-2:] == ["2 h ago", "history"]


def test_json_is_one_document_for_scripts(store):
    (line,) = run("--store", store, "--json").stdout.splitlines()
    document = json.loads(line)

    assert document["store"] == str(store)
    assert document["server"] is None
    assert document["problems"] == []
    assert {one["monitor"] for one in document["monitors"]} == {"default", "second"}
    (churn,) = [one for one in document["monitors"] if one["name"] == "churn"]
    assert churn["current_accuracy"] == pytest.approx(2 / 3)
    assert churn["total_predictions"] == 60
    assert churn["live"] is False
    assert churn["predictions_per_minute"] is None


def test_the_environment_names_the_default_file(store):
    assert "churn 2.1" in run(IPYVITALS_STORE=str(store)).stdout


def test_before_the_first_monitor_there_is_nothing_and_that_is_no_failure(tmp_path):
    missing = tmp_path / "history.sqlite"

    assert run().stdout == "No monitors yet.\n"
    assert run(IPYVITALS_STORE=str(missing)).stdout == (
        f"No monitors yet. {missing} does not exist yet.\n"
    )


@pytest.mark.parametrize("content", [None, b"something else"], ids=["missing", "broken"])
def test_a_file_that_cannot_be_read_is_told(tmp_path, content):
    path = tmp_path / "history.sqlite"
    if content is not None:
        path.write_bytes(content)
    done = run("--store", path, code=1)
    told = json.loads(run("--store", path, "--json", code=1).stdout)

    assert done.stderr.startswith("ipyvitals: ")
    assert str(path) in done.stderr
    assert "Traceback" not in done.stderr
    assert len(told["problems"]) == 1


def test_a_server_that_does_not_answer_is_told_and_the_rest_is_listed(store):
    done = run("--store", store, "--server", "http://127.0.0.1:9", code=1)

    assert "http://127.0.0.1:9 does not answer" in done.stderr
    assert "churn 2.1" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--nonsense"], "unrecognized arguments"),
        (["--server", "file:///etc/passwd"], "expected the address of a Jupyter server"),
        (["--server", "http://"], "expected the address of a Jupyter server"),
        (["--server", "http://localhost:port"], "expected the address of a Jupyter server"),
        (["--watch", "0"], "expected 0.2 or more"),
        (["--watch", "often"], "invalid"),
    ],
)
def test_wrong_usage(arguments, said):
    done = run(*arguments, code=2)

    assert said in done.stderr
    assert done.stdout == ""


def test_help_names_every_option_and_code():
    text = run("--help").stdout

    for word in ("--store", "--server", "--token", "--json", "--watch", "--version", "exit codes"):
        assert word in text
    assert run("--version").stdout.startswith("ipyvitals ")


def test_names_do_not_command_the_terminal(tmp_path):
    path = tmp_path / "history.sqlite"
    with Monitor(EVIL, name=EVIL, interval=None, store=path) as monitor:
        monitor.record(1, 1)
        monitor.flush()
    text = run("--store", path).stdout

    assert "\x1b" not in text
    assert "\x07" not in text
    assert "churn�[31m��[bold]" in text


def test_what_is_read_is_enough(store):
    """A pipe that closes early is no error."""
    script = f'"{sys.executable}" -m ipyvitals --store "{store}" --json --watch 0.2 | head -n 1'
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", script],
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )

    assert json.loads(done.stdout)["monitors"]
    assert done.stderr == ""
    assert done.returncode == 0


def test_watching_goes_on_until_interrupted(store):
    process = subprocess.Popen(
        [*COMMAND, "--store", str(store), "--json", "--watch", "0.2"],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    documents = [json.loads(process.stdout.readline()) for _ in range(3)]
    process.send_signal(signal.SIGINT)
    _, complaints = process.communicate(timeout=30)

    times = [one["at"] for one in documents]
    assert times == sorted(set(times))
    assert process.returncode == 0
    assert complaints == ""


class Terminal:
    """A terminal of 160 columns, and what was written to it."""

    def __init__(self, command, **variables):
        self._ours, theirs = pty.openpty()
        size = {"TERM": "xterm-256color", "COLUMNS": "160", "LINES": "40"}
        kept = environment(**{**size, **variables})
        kept.pop("NO_COLOR")
        self.process = subprocess.Popen(
            command, env=kept, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True
        )
        os.close(theirs)
        self.text = ""

    def read_until(self, words, times=1):
        end = time.monotonic() + 30
        while self.text.count(words) < times and time.monotonic() < end:
            try:
                self.text += os.read(self._ours, 65_536).decode()
            except OSError:
                break
        assert self.text.count(words) >= times, self.text

    def end(self):
        """Return the exit code."""
        code = self.process.wait(30)
        os.close(self._ours)
        return code


def test_in_a_terminal_rich_draws_a_table_in_colour(store):
    terminal = Terminal([*COMMAND, "--store", str(store)])
    terminal.read_until("fraud")

    assert terminal.end() == 0
    assert "\x1b[1" in terminal.text or "\x1b[2" in terminal.text
    assert "churn 2.1" in terminal.text


def test_a_watched_table_stays_in_its_place(store):
    terminal = Terminal([*COMMAND, "--store", str(store), "--watch", "0.2"])
    terminal.read_until("churn 2.1", times=2)
    terminal.process.send_signal(signal.SIGINT)

    # The other screen of the terminal, so that nothing of it stays behind.
    assert terminal.end() == 0
    assert "\x1b[?1049h" in terminal.text


def test_a_watched_table_leaves_the_terminal_as_it_was_when_it_is_terminated(store):
    terminal = Terminal([*COMMAND, "--store", str(store), "--watch", "0.2"])
    terminal.read_until("churn 2.1")
    terminal.process.send_signal(signal.SIGTERM)
    terminal.read_until("\x1b[?1049l")

    assert terminal.end() == 128 + signal.SIGTERM


def test_a_terminal_without_control_codes_is_watched_in_plain_text(store):
    terminal = Terminal([*COMMAND, "--store", str(store), "--watch", "0.2"], TERM="dumb")
    terminal.read_until("churn 2.1", times=2)
    terminal.process.send_signal(signal.SIGINT)

    assert terminal.end() == 0
    assert "\x1b" not in terminal.text


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437", "cp932", "utf-8"])
def test_every_encoding_of_the_terminal_can_show_the_list(tmp_path, encoding):
    path = tmp_path / "history.sqlite"
    with Monitor("模型 \u202e", name="naïve", interval=None, store=path) as monitor:
        monitor.record(1, 1)
        monitor.flush()
    show = "import sys; from ipyvitals import Monitor; print(Monitor('模型', interval=None))"
    for command in ([*COMMAND, "--store", str(path)], [sys.executable, "-c", show]):
        done = subprocess.run(
            command,
            env=environment(PYTHONIOENCODING=encoding),
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        text = done.stdout.decode(encoding)
        assert ("–" in text) == (encoding == "utf-8")
        assert "\u202e" not in text


@pytest.mark.parametrize("watch", [[], ["--watch", "0.2"]])
def test_without_rich_there_is_plain_text_and_a_word_about_it(store, tmp_path, watch):
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as util\n"
        "find = util.find_spec\n"
        "util.find_spec = lambda name, *more: None if name == 'rich' else find(name, *more)\n"
    )
    terminal = Terminal([*COMMAND, "--store", str(store), *watch], PYTHONPATH=str(tmp_path))
    terminal.read_until("churn 2.1")
    if watch:
        terminal.process.send_signal(signal.SIGINT)

    assert terminal.end() == 0
    assert 'pip install "ipyvitals[cli]"' in terminal.text
    assert ("\x1b[H\x1b[2J" in terminal.text) == bool(watch)


def test_the_package_has_no_need_of_rich():
    root = Path(__file__).parents[3]
    sources = "".join(path.read_text(encoding="utf-8") for path in (root / "src").rglob("*.py"))

    assert not re.search(r"^(from|import) rich", sources, flags=re.MULTILINE)


def test_the_document_names_every_option():
    text = (Path(__file__).parents[3] / "docs" / "terminal.md").read_text(encoding="utf-8")
    options = set(re.findall(r"--[a-z]+", run("--help").stdout))

    assert {option for option in options if f"`{option}" not in text} == set()
