"""The kernel's own processes: real ones where that is quick, fakes where figures must be exact."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections import namedtuple
from contextlib import contextmanager
from types import SimpleNamespace

import psutil
import pytest

from ipyvitals.system.process_tree import ProcessTree, children_of, jupyter_ports

CORES = {"cpu_limit_cores": 2.0}
Address = namedtuple("Address", "ip port")
UNTIL_EOF = [sys.executable, "-c", "import sys; print('up', flush=True); sys.stdin.read()"]


class FakeProcess:
    """A process whose readings are attributes; an exception in one is raised on reading."""

    def __init__(self, pid=1, seconds=0.0, reaped=0.0, rss=0, connections=()):
        self.pid = pid
        self.seconds = seconds
        self.reaped = reaped
        self.rss = rss
        self.table = connections
        self.offspring = []

    def children(self, recursive):
        assert recursive
        return list(self.offspring)

    def cpu_times(self):
        if isinstance(self.seconds, Exception):
            raise self.seconds
        return SimpleNamespace(
            user=self.seconds, system=0.0, children_user=self.reaped, children_system=0.0
        )

    def memory_info(self):
        if isinstance(self.rss, Exception):
            raise self.rss
        return SimpleNamespace(rss=self.rss)

    def net_connections(self, kind):
        assert kind == "tcp"
        if isinstance(self.table, Exception):
            raise self.table
        return self.table


@contextmanager
def running_child():
    """Give a child that runs until its input is closed."""
    pipe = subprocess.PIPE
    with subprocess.Popen(UNTIL_EOF, stdin=pipe, stdout=pipe) as child:
        assert child.stdout.readline().strip() == b"up"
        yield child


def tree_of(root, tmp_path):
    """Return a tree that finds no lists of children and so must ask the processes."""
    return ProcessTree(root, proc=tmp_path)


def listening(port):
    return SimpleNamespace(laddr=Address("127.0.0.1", port), raddr=(), status=psutil.CONN_LISTEN)


def established(port, remote_port, status=psutil.CONN_ESTABLISHED):
    return SimpleNamespace(
        laddr=Address("127.0.0.1", port), raddr=Address("127.0.0.1", remote_port), status=status
    )


def cpu(tree, now):
    return tree.cpu(now, CORES)["process_cpu_percent"]


def clients(tree, now=0.0):
    return tree.connections(now, {})["active_connections"]


def test_first_cpu_is_unknown_then_exact(tmp_path):
    root = FakeProcess(seconds=100.0)
    tree = tree_of(root, tmp_path)
    assert cpu(tree, 0.0) is None
    root.seconds = 105.0
    assert cpu(tree, 5.0) == 50.0
    assert cpu(tree, 10.0) == 0.0


def test_cpu_never_exceeds_the_cores(tmp_path):
    root = FakeProcess()
    tree = tree_of(root, tmp_path)
    cpu(tree, 0.0)
    root.seconds = 10.5
    assert cpu(tree, 5.0) == 100.0


def test_cpu_is_unknown_while_the_cores_are(tmp_path):
    tree = tree_of(FakeProcess(), tmp_path)
    tree.cpu(0.0, {"cpu_limit_cores": None})
    assert tree.cpu(5.0, {"cpu_limit_cores": None}) == {"process_cpu_percent": None}
    assert cpu(tree, 10.0) == 0.0


def test_samples_that_are_too_close_share_one_reading(tmp_path):
    root = FakeProcess()
    tree = tree_of(root, tmp_path)
    cpu(tree, 0.0)
    root.seconds = 1.0
    assert cpu(tree, 1.0) == 50.0
    root.seconds = 9.0
    assert cpu(tree, 1.01) == 50.0


def test_children_count_in_cpu_and_memory(tmp_path):
    root, child = FakeProcess(rss=100), FakeProcess(pid=2, rss=30)
    root.offspring = [child]
    tree = tree_of(root, tmp_path)
    cpu(tree, 0.0)
    root.seconds, child.seconds = 1.0, 3.0
    assert cpu(tree, 4.0) == 50.0
    assert tree.memory(4.0, {}) == {"process_memory_bytes": 130}


def test_a_child_that_ended_stays_counted_once(tmp_path, monkeypatch):
    monkeypatch.setattr(psutil, "LINUX", True)
    root, child = FakeProcess(), FakeProcess(pid=2, seconds=7.0)
    root.offspring = [child]
    tree = tree_of(root, tmp_path)
    cpu(tree, 0.0)
    root.offspring, root.reaped = [], 8.0
    assert cpu(tree, 1000.0) == pytest.approx(100.0 * 1.0 / 2000.0)


def test_seconds_that_vanish_with_a_child_are_no_negative_load(tmp_path, monkeypatch):
    monkeypatch.setattr(psutil, "LINUX", False)
    root, child = FakeProcess(), FakeProcess(pid=2, seconds=7.0)
    root.offspring = [child]
    tree = tree_of(root, tmp_path)
    cpu(tree, 0.0)
    root.offspring, root.seconds = [], 4.0
    assert cpu(tree, 1000.0) == pytest.approx(100.0 * 4.0 / 2000.0)


def test_a_child_that_ends_while_it_is_read_is_left_out(tmp_path):
    root = FakeProcess(rss=100)
    root.offspring = [FakeProcess(pid=2, rss=psutil.NoSuchProcess(2))]
    assert tree_of(root, tmp_path).memory(0.0, {}) == {"process_memory_bytes": 100}


def test_the_process_table_is_not_walked_at_every_sample(tmp_path):
    root = FakeProcess(rss=1)
    tree = tree_of(root, tmp_path)
    tree.memory(0.0, {})
    tree._scan_pace.spent(now=0.0, seconds=0.004)
    root.offspring = [FakeProcess(pid=2, rss=1)]
    assert tree.memory(3.9, {}) == {"process_memory_bytes": 1}
    assert tree.memory(4.1, {}) == {"process_memory_bytes": 2}


def test_children_are_found_in_the_lists_of_all_threads(tmp_path):
    for pid, thread, text in ((1, 1, "2 3 "), (1, 7, "4 "), (2, 2, ""), (3, 3, "5 "), (5, 5, "")):
        folder = tmp_path / str(pid) / "task" / str(thread)
        folder.mkdir(parents=True)
        (folder / "children").write_text(text)
    assert sorted(children_of(1, tmp_path)) == [2, 3, 4]
    assert children_of(3, tmp_path) == [5]
    assert children_of(2, tmp_path) == []
    assert children_of(99, tmp_path) is None


def test_a_kernel_without_lists_of_children_is_told_apart_from_no_children(tmp_path):
    (tmp_path / "1" / "task" / "1").mkdir(parents=True)
    assert children_of(1, tmp_path) is None


def test_the_lists_of_children_are_followed_to_the_end(tmp_path):
    with running_child() as child:
        for pid, text in ((psutil.Process().pid, str(child.pid)), (child.pid, "")):
            folder = tmp_path / str(pid) / "task" / str(pid)
            folder.mkdir(parents=True)
            (folder / "children").write_text(text)
        found = ProcessTree(proc=tmp_path).processes(0.0)
        assert [process.pid for process in found] == [psutil.Process().pid, child.pid]


def test_a_real_child_is_counted_until_it_ends():
    tree = ProcessTree()
    with running_child() as child:
        assert child.pid in {process.pid for process in tree.processes(0.0)}
        with_child = tree.memory(0.0, {})["process_memory_bytes"]
        own = psutil.Process().memory_info().rss
        assert with_child > own + 1_000_000
    assert tree.memory(0.0, {})["process_memory_bytes"] < with_child
    assert child.pid not in {process.pid for process in tree.processes(1e6)}


@pytest.mark.parametrize("count", [0, 1, 5])
def test_the_clients_of_a_real_server_are_counted_exactly(count):
    with socket.create_server(("127.0.0.1", 0)) as server:
        ends = []
        for _ in range(count):
            ends.append(socket.create_connection(server.getsockname()))
            ends.append(server.accept()[0])
        assert clients(ProcessTree()) == count
        for end in ends:
            end.close()
        assert clients(ProcessTree()) == 0


def test_what_the_notebook_connects_to_is_not_a_client(tmp_path):
    root = FakeProcess(connections=[established(40_000, 5432), listening(8000)])
    assert clients(tree_of(root, tmp_path)) == 0


def test_only_open_connections_count(tmp_path):
    closing = established(8000, 40_001, psutil.CONN_TIME_WAIT)
    root = FakeProcess(connections=[listening(8000), established(8000, 40_000), closing])
    assert clients(tree_of(root, tmp_path)) == 1


def test_a_worker_that_serves_counts_and_an_inherited_socket_counts_once(tmp_path):
    root = FakeProcess(connections=[listening(8000), established(8000, 40_000)])
    worker = [established(8000, 40_000), established(8000, 40_001)]
    root.offspring = [FakeProcess(pid=2, connections=worker)]
    assert clients(tree_of(root, tmp_path)) == 2


def test_the_channels_of_jupyter_are_left_out(tmp_path, monkeypatch):
    app = SimpleNamespace(shell_port=5001, iopub_port=5002, stdin_port=0, hb_port=5003)
    kernelapp = SimpleNamespace(
        IPKernelApp=SimpleNamespace(initialized=lambda: True, instance=lambda: app)
    )
    monkeypatch.setitem(sys.modules, "ipykernel.kernelapp", kernelapp)
    assert jupyter_ports() == {5001, 5002, 5003}
    table = [listening(5001), listening(5002), listening(8000)]
    table += [established(5001, 40_000), established(5002, 40_001), established(8000, 40_002)]
    assert clients(tree_of(FakeProcess(connections=table), tmp_path)) == 1


def test_outside_a_kernel_there_are_no_channels(monkeypatch):
    monkeypatch.delitem(sys.modules, "ipykernel.kernelapp", raising=False)
    assert jupyter_ports() == frozenset()


def test_a_denied_look_at_connections_is_not_an_old_answer(tmp_path):
    root = FakeProcess(connections=[listening(8000), established(8000, 40_000)])
    tree = tree_of(root, tmp_path)
    assert clients(tree) == 1
    root.table = psutil.AccessDenied(1)
    with pytest.raises(psutil.AccessDenied):
        clients(tree, now=1e6)
    assert clients(tree, now=1e6) is None
