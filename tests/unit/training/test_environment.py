"""Where a run comes from."""

from __future__ import annotations

import subprocess

import pytest

from ipyvitals import Monitor
from ipyvitals.schema import RunEnvironment
from ipyvitals.training.environment import GitReader, GitState, RunFacts, read_git


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


def test_the_state_is_asked_once_a_minute_and_known_until_then():
    asked, now = [], [0.0]
    reader = GitReader(lambda: asked.append(1) or GitState("c", False), lambda: now[0])
    assert reader.known() is None
    for seconds in (0.0, 59.0, 61.0):
        now[0] = seconds
        assert reader.read() == reader.known() == GitState("c", False)
    assert len(asked) == 2
    now[0] = 200.0
    assert reader.known() is None


def test_a_run_does_not_wait_for_git(bench):
    bench.training.describe = lambda: RunFacts("churn", RunEnvironment(host="here"), True)
    bench.start(stage="ended").complete()
    bench.start(stage="open")
    assert bench.training.wants_git
    assert {run.environment.git_commit for run in bench.runs} == {None}
    bench.training.take_git(GitState("c0ffee", True))
    assert not bench.training.wants_git
    assert [run.environment for run in bench.runs] == [
        RunEnvironment(host="here", git_commit="c0ffee", git_dirty=True)
    ] * 2


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
