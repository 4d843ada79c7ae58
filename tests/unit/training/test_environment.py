"""Where a run comes from."""

from __future__ import annotations

import subprocess
import threading

import pytest

from ipyvitals import Monitor
from ipyvitals.training.environment import GitReader, GitState, read_environment, read_git


def git(folder, *args):
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *identity, *args], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def work_tree(tmp_path):
    git(tmp_path, "init", "-q")
    (tmp_path / "train.py").write_text("pass\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    return tmp_path


def test_the_commit_and_whether_files_differ_from_it(work_tree):
    clean = read_git(str(work_tree))
    assert clean.commit is not None
    assert (len(clean.commit), clean.dirty) == (40, False)
    (work_tree / "notes.txt").write_text("not under version control\n")
    assert read_git(str(work_tree)).dirty is False
    (work_tree / "train.py").write_text("changed = True\n")
    assert read_git(str(work_tree)) == clean._replace(dirty=True)


def test_outside_a_work_tree_nothing_is_known(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert read_git(str(tmp_path)) == GitState(None, None)
    assert read_git(str(tmp_path / "none")) == GitState(None, None)


def test_runs_that_begin_within_a_minute_share_one_question():
    asked, now, taken = [], [0.0], []
    reader = GitReader(lambda: asked.append(1) or GitState("c", False), lambda: now[0])
    for seconds in (0.0, 59.0, 61.0):
        now[0] = seconds
        reader.request(taken.append).join(10)
    assert (len(asked), taken) == (2, [GitState("c", False)] * 3)


def test_a_run_does_not_wait_for_git(bench):
    gate, asked = threading.Event(), threading.Event()

    def slow():
        asked.set()
        gate.wait(10)
        return GitState("c0ffee", True)

    reader, threads = GitReader(slow), []

    class Reader:
        def request(self, take):
            threads.append(reader.request(take))

    facts = bench.training.describe()._replace(environment=read_environment(), git=Reader())
    bench.training.describe = lambda: facts
    run = bench.start()
    asked.wait(10)
    assert bench.runs[0].environment.git_commit is None
    gate.set()
    threads[0].join(10)
    run.complete()
    environment = bench.runs[0].environment
    assert (environment.git_commit, environment.git_dirty) == ("c0ffee", True)


def test_a_run_knows_process_and_model():
    with Monitor("churn", version="2.1", interval=None) as monitor:
        with monitor.training():
            pass
        (run,) = monitor.snapshot().runs
    assert run.model_id == "churn-2.1"
    assert (run.environment.host, run.environment.python) != (None, None)
    assert "numpy" in run.environment.libraries
    # Without background threads git is not asked.
    assert run.environment.git_commit is None
