"""The clients of what a notebook serves: real ones, and tables that say what the test wants."""

from __future__ import annotations

import http.client
import os
import socket
import sys
import threading
from collections import namedtuple
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import psutil
import pytest

from ipyvitals.system.connections import ConnectionReader, jupyter_ports
from ipyvitals.system.process.tree import ProcessTree
from tests.unit.system.process.helpers import running_child

Address = namedtuple("Address", "ip port")


def clients(connections, now=0.0):
    return connections.connections(now, {})["active_connections"]


def own_tree():
    tree = ProcessTree()
    tree.look(0.0, {})
    return tree


class Model(BaseHTTPRequestHandler):
    """Predicts, and keeps the connection."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        size = int(self.headers["Content-Length"])
        answer = str(2 * float(self.rfile.read(size))).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@contextmanager
def serving(address):
    """Serve a model from a thread, as a notebook does."""

    class Server(ThreadingHTTPServer):
        address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        daemon_threads = True

    with Server((address, 0), Model) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@contextmanager
def connected(address, port, count):
    """Ask the model over so many connections, and keep them."""
    with ExitStack() as stack:
        for _ in range(count):
            client = http.client.HTTPConnection(address, port, timeout=20)
            stack.callback(client.close)
            client.request("POST", "/predict", b"21")
            assert client.getresponse().read() == b"42.0"
        yield


class TestForReal:
    @pytest.mark.parametrize("count", [0, 1, 50])
    def test_clients_of_a_model_that_a_thread_serves(self, count):
        with serving("127.0.0.1") as port, connected("127.0.0.1", port, count):
            assert clients(ConnectionReader(own_tree())) == count

    def test_clients_that_left_are_not_counted(self):
        with serving("127.0.0.1") as port:
            with connected("127.0.0.1", port, 3):
                pass
            connections = ConnectionReader(own_tree())
            end = threading.Event()
            for look in range(200):
                count = clients(connections, 10.0 * look)
                if count == 0:
                    break
                end.wait(0.05)
            assert count == 0

    def test_a_server_of_both_families_has_clients_of_both(self):
        if not socket.has_dualstack_ipv6():
            pytest.skip("this machine has no IPv6")
        with socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True) as server:
            port = server.getsockname()[1]
            with ExitStack() as stack:
                for address in ("127.0.0.1", "127.0.0.1", "::1"):
                    stack.enter_context(socket.create_connection((address, port)))
                    stack.enter_context(server.accept()[0])
                assert clients(ConnectionReader(own_tree())) == 3

    def test_a_worker_that_serves_counts_and_what_one_connects_to_does_not(self):
        code = """
import socket, sys, threading
server = socket.create_server(("127.0.0.1", 0))
accepted = []
threading.Thread(target=lambda: accepted.append(server.accept()), daemon=True).start()
"""
        tree, pause = ProcessTree(), threading.Event()
        with running_child(code) as child:
            port = psutil.Process(child.pid).net_connections()[0].laddr.port
            with socket.create_connection(("127.0.0.1", port)):
                tree.look(0.0, {})
                assert child.pid in tree.pids
                counts = [0]
                while counts[-1] == 0 and len(counts) < 200:
                    counts.append(clients(ConnectionReader(tree)))
                    pause.wait(0.05)
                assert counts[-1] == 1
                assert clients(ConnectionReader(SimpleNamespace(pids=[os.getpid()]))) == 0


class Tables:
    """The processes of a tree, and the sockets that each of them has."""

    def __init__(self):
        self.cost = 0.001
        self.pids = [1]
        self.sockets = {1: []}
        self.commands = {}
        self.errors = {}
        self.looks = []
        self.seconds = 0.0

    def listening(self, pid, port):
        self._process(pid).append((Address("0.0.0.0", port), (), psutil.CONN_LISTEN))

    def client(self, pid, port, remote, status=psutil.CONN_ESTABLISHED):
        row = Address("127.0.0.1", port), Address("127.0.0.1", remote), status
        self._process(pid).append(row)

    def _process(self, pid):
        if pid not in self.pids:
            self.pids.append(pid)
        return self.sockets.setdefault(pid, [])

    def Process(self, pid):  # noqa: N802 - psutil's name
        return SimpleNamespace(
            net_connections=lambda kind: self._look(pid),
            cmdline=lambda: self.commands.get(pid, ["python"]),
        )

    def _look(self, pid):
        self.looks.append(pid)
        self.seconds += self.cost
        if pid in self.errors:
            raise self.errors[pid]
        return [SimpleNamespace(laddr=a, raddr=b, status=one) for a, b, one in self.sockets[pid]]

    def connections(self):
        return ConnectionReader(self, api=self, timer=lambda: self.seconds)


@pytest.fixture
def tables():
    return Tables()


class TestTables:
    def test_a_notebook_that_serves_nothing_has_no_clients(self, tables):
        tables.client(1, 40_000, 5432)
        assert clients(tables.connections()) == 0

    def test_only_open_connections_to_what_is_served_count(self, tables):
        tables.listening(1, 8000)
        tables.client(1, 8000, 40_000)
        tables.client(1, 8000, 40_001, psutil.CONN_TIME_WAIT)
        tables.client(1, 40_002, 5432)
        assert clients(tables.connections()) == 1

    def test_a_socket_that_workers_inherited_counts_once(self, tables):
        for pid in (1, 2, 3):
            tables.listening(pid, 8000)
            tables.client(pid, 8000, 40_000)
        assert clients(tables.connections()) == 1

    def test_a_worker_may_have_accepted_what_another_listens_for(self, tables):
        tables.listening(1, 8000)
        tables.client(2, 8000, 40_000)
        assert clients(tables.connections()) == 1

    def test_the_channels_of_jupyter_are_left_out(self, tables, monkeypatch):
        app = SimpleNamespace(shell_port=5001, iopub_port=5002, stdin_port=0, hb_port=5003)
        kernelapp = SimpleNamespace(
            IPKernelApp=SimpleNamespace(initialized=lambda: True, instance=lambda: app)
        )
        monkeypatch.setitem(sys.modules, "ipykernel.kernelapp", kernelapp)
        assert jupyter_ports() == {5001, 5002, 5003}
        for port in (5001, 8000):
            tables.listening(1, port)
            tables.client(1, port, 40_000)
        assert clients(tables.connections()) == 1

    def test_the_debugger_is_no_service_of_the_notebook(self, tables):
        tables.listening(2, 6000)
        tables.client(2, 6000, 40_000)
        tables.commands[2] = ["python", "/site/debugpy/adapter", "--port"]
        assert clients(tables.connections()) == 0

    def test_it_is_looked_up_every_ten_seconds(self, tables):
        tables.listening(1, 8000)
        connections = tables.connections()
        assert clients(connections, 0.0) == 0
        tables.client(1, 8000, 40_000)
        assert clients(connections, 5.0) == 0
        assert clients(connections, 10.0) == 1

    def test_a_slow_table_is_looked_up_as_often_as_its_share_allows(self, tables):
        tables.cost = 0.009
        connections = tables.connections()
        moments = [5.0 * number for number in range(13)]
        for now in moments:
            clients(connections, now)
        # 0.009 s are 0.03 % of 30 s.
        assert len(tables.looks) == 3

    def test_of_hundreds_of_processes_some_are_looked_into_at_a_time_and_all_in_the_end(
        self, tables
    ):
        for pid in range(2, 202):
            tables.client(pid, 40_000 + pid, 5432)
        tables.listening(180, 8000)
        tables.client(180, 8000, 40_000)
        connections = tables.connections()
        found = [clients(connections, 10.0 * number) for number in range(120)]
        spent = tables.seconds - 0.001 * 120
        assert spent <= 0.01 + 0.0003 * 1200 + 0.001  # what was saved up, its share, and a look
        first = found.index(1)
        assert set(found[:first]) == {0}
        assert set(found[first:]) == {1}
        assert set(tables.pids) == set(tables.looks)

    def test_a_process_that_is_gone_has_nothing(self, tables):
        tables.listening(1, 8000)
        tables.client(1, 8000, 40_000)
        tables.client(2, 8000, 40_001)
        tables.errors[2] = psutil.NoSuchProcess(2)
        assert clients(tables.connections()) == 1

    @pytest.mark.parametrize("pid", [1, 2])
    def test_where_the_system_denies_it_the_number_is_unknown_and_not_an_old_one(self, tables, pid):
        tables.listening(1, 8000)
        tables.client(2, 8000, 40_000)
        connections = tables.connections()
        assert clients(connections) == 1
        tables.errors[pid] = psutil.AccessDenied(pid)
        with pytest.raises(psutil.AccessDenied):
            clients(connections, now=1e6)
        assert clients(connections, now=1e6) is None


def test_outside_a_kernel_there_are_no_channels(monkeypatch):
    monkeypatch.delitem(sys.modules, "ipykernel.kernelapp", raising=False)
    assert jupyter_ports() == frozenset()
