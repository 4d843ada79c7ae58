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

from ipyvitals.system.connections import Connections, jupyter_ports
from ipyvitals.system.linux import procfs as held
from ipyvitals.system.linux.netlink import ESTABLISHED, LISTEN, Socket, sockets
from ipyvitals.system.process.tree import ProcessTree
from tests.unit.system.process.helpers import running_child

linux = pytest.mark.skipif(not psutil.LINUX, reason="this is about Linux")
Address = namedtuple("Address", "ip port")
LOCAL = socket.inet_aton("127.0.0.1") + bytes(12)
CARD = socket.inet_aton("10.0.0.7") + bytes(12)
ANY = bytes(16)


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
            assert clients(Connections(own_tree())) == count

    @pytest.mark.parametrize("count", [0, 1, 50])
    def test_psutil_counts_them_too_where_there_is_nothing_better(self, count):
        api = SimpleNamespace(LINUX=False, Process=psutil.Process)
        with serving("127.0.0.1") as port, connected("127.0.0.1", port, count):
            assert clients(Connections(own_tree(), api=api)) == count

    def test_clients_that_left_are_not_counted(self):
        with serving("127.0.0.1") as port:
            with connected("127.0.0.1", port, 3):
                pass
            connections = Connections(own_tree())
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
                assert clients(Connections(own_tree())) == 3

    def test_a_worker_that_serves_counts_and_what_one_connects_to_does_not(self):
        code = "import socket, sys; server = socket.create_server(('127.0.0.1', 0))"
        tree = ProcessTree()
        with running_child(code) as child:
            port = psutil.Process(child.pid).net_connections()[0].laddr.port
            with socket.create_connection(("127.0.0.1", port)):
                tree.look(0.0, {})
                assert child.pid in tree.pids
                assert clients(Connections(tree)) == 1
                assert clients(Connections(SimpleNamespace(pids=[os.getpid()]))) == 0


@linux
class TestSockets:
    def test_they_are_listed_by_state(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            inode = os.fstat(server.fileno()).st_ino
            (listening,) = [one for one in sockets(socket.AF_INET, LISTEN) if one.port == port]
            assert (listening.inode, listening.address) == (inode, LOCAL)
            with socket.create_connection(server.getsockname()) as client:
                remote = client.getsockname()[1]
                (found,) = [one for one in sockets(socket.AF_INET, ESTABLISHED) if one.port == port]
                assert (found.remote_port, found.remote_address) == (remote, LOCAL)

    def test_a_request_that_makes_no_sense_is_an_error(self):
        with pytest.raises(OSError, match="does not list sockets"):
            list(sockets(200, LISTEN))


class Tables:
    """What Linux lists of sockets, and who has them."""

    def __init__(self, proc):
        self.proc = proc
        self.listed = {(socket.AF_INET, LISTEN): [], (socket.AF_INET, ESTABLISHED): []}
        self.listed |= {(socket.AF_INET6, LISTEN): [], (socket.AF_INET6, ESTABLISHED): []}
        self.asked = []
        self.pids = [1]

    def __call__(self, family, state):
        self.asked.append((family, state))
        return iter(self.listed[family, state])

    def listening(self, port, inode, address=LOCAL):
        self.listed[socket.AF_INET, LISTEN].append(Socket(port, 0, address, ANY, inode))

    def client(self, port, remote, address=LOCAL):
        self.listed[socket.AF_INET, ESTABLISHED].append(Socket(port, remote, address, LOCAL, 0))

    def process(self, pid, *files, command="python"):
        folder = self.proc / str(pid) / "fd"
        folder.mkdir(parents=True, exist_ok=True)
        for number, file in enumerate(files):
            (folder / str(number)).symlink_to(file)
        (folder.parent / "cmdline").write_text(command)
        if pid not in self.pids:
            self.pids.append(pid)

    def connections(self):
        return Connections(self, proc=str(self.proc), listed=self, api=SimpleNamespace(LINUX=True))


@pytest.fixture
def tables(tmp_path):
    return Tables(tmp_path)


class TestTables:
    def test_a_notebook_that_serves_nothing_is_never_asked_for_clients(self, tables):
        tables.process(1, "/dev/null", "socket:[5]", "anon_inode:[eventpoll]")
        tables.listening(8888, inode=6)
        tables.client(8888, 40_000)
        assert clients(tables.connections()) == 0
        assert {state for _, state in tables.asked} == {LISTEN}

    def test_only_the_address_that_is_served_counts(self, tables):
        tables.process(1, "socket:[5]")
        tables.listening(8000, inode=5, address=LOCAL)
        tables.client(8000, 40_000, address=LOCAL)
        tables.client(8000, 40_001, address=CARD)  # another program's, on the card
        assert clients(tables.connections()) == 1
        tables.listening(8000, inode=5, address=ANY)
        assert clients(tables.connections()) == 2

    def test_a_socket_that_workers_inherited_counts_once(self, tables):
        for pid in (1, 2, 3):
            tables.process(pid, "socket:[5]")
        tables.listening(8000, inode=5)
        tables.client(8000, 40_000)
        assert clients(tables.connections()) == 1

    def test_the_channels_of_jupyter_are_left_out(self, tables, monkeypatch):
        app = SimpleNamespace(shell_port=5001, iopub_port=5002, stdin_port=0, hb_port=5003)
        kernelapp = SimpleNamespace(
            IPKernelApp=SimpleNamespace(initialized=lambda: True, instance=lambda: app)
        )
        monkeypatch.setitem(sys.modules, "ipykernel.kernelapp", kernelapp)
        assert jupyter_ports() == {5001, 5002, 5003}
        tables.process(1, "socket:[5]", "socket:[6]")
        tables.listening(5001, inode=5)
        tables.listening(8000, inode=6)
        for port in (5001, 5001, 8000):
            tables.client(port, 40_000)
        assert clients(tables.connections()) == 1

    def test_the_debugger_is_no_service_of_the_notebook(self, tables):
        tables.process(1)
        tables.process(2, "socket:[5]", command="python\0/site/debugpy/adapter\0--port\0")
        tables.listening(6000, inode=5)
        tables.client(6000, 40_000)
        assert clients(tables.connections()) == 0

    def test_it_is_looked_up_every_ten_seconds(self, tables):
        tables.process(1, "socket:[5]")
        tables.listening(8000, inode=5)
        connections = tables.connections()
        assert clients(connections, 0.0) == 0
        tables.client(8000, 40_000)
        assert clients(connections, 5.0) == 0
        assert clients(connections, 10.0) == 1

    def test_of_hundreds_of_processes_some_are_looked_into_at_a_time(self, tables):
        for pid in range(1, 201):
            tables.process(pid, *(["socket:[5]"] if pid == 180 else []))
        tables.listening(8000, inode=5)
        tables.client(8000, 40_000)
        connections = tables.connections()
        assert [clients(connections, now) for now in (0.0, 10.0, 20.0, 30.0)] == [0, 0, 1, 1]

    def test_a_process_that_is_gone_has_nothing(self, tables):
        tables.process(1)
        tables.pids.append(2)
        assert clients(tables.connections()) == 0

    def test_a_sandbox_without_netlink_is_asked_as_other_systems_are(self, tables, monkeypatch):
        def refuse(family, state):
            raise OSError(93, "Protocol not supported")

        tables.process(1)
        table = [
            SimpleNamespace(laddr=Address("", 8000), raddr=(), status=psutil.CONN_LISTEN),
            SimpleNamespace(
                laddr=Address("", 8000), raddr=Address("", 1), status=psutil.CONN_ESTABLISHED
            ),
        ]
        process = SimpleNamespace(net_connections=lambda kind: table)
        api = SimpleNamespace(LINUX=True, Process=lambda pid: process)
        connections = Connections(tables, proc=str(tables.proc), listed=refuse, api=api)
        assert [clients(connections, now) for now in (0.0, 10.0)] == [1, 1]

    def test_a_denied_look_is_not_an_old_answer(self, tables, monkeypatch):
        tables.process(1, "socket:[5]")
        tables.listening(8000, inode=5)
        tables.client(8000, 40_000)
        connections = tables.connections()
        assert clients(connections) == 1

        def deny(path):
            raise PermissionError(13, "Permission denied", path)

        monkeypatch.setattr(held, "names", deny)
        with pytest.raises(PermissionError):
            clients(connections, now=1e6)
        assert clients(connections, now=1e6) is None


class TestElsewhere:
    def table(self, *rows):
        return [SimpleNamespace(laddr=a, raddr=b, status=status) for a, b, status in rows]

    def of(self, **tables):
        def process(pid):
            found = tables[f"p{pid}"]
            if isinstance(found, Exception):
                raise found
            return SimpleNamespace(net_connections=lambda kind: found)

        tree = SimpleNamespace(pids=[int(name[1:]) for name in tables])
        return Connections(tree, api=SimpleNamespace(LINUX=False, Process=process))

    def test_only_open_connections_to_what_is_served_count(self):
        here, there = Address("127.0.0.1", 8000), Address("127.0.0.1", 40_000)
        table = self.table(
            (here, (), psutil.CONN_LISTEN),
            (here, there, psutil.CONN_ESTABLISHED),
            (here, Address("127.0.0.1", 40_001), psutil.CONN_TIME_WAIT),
            (Address("127.0.0.1", 40_002), Address("db", 5432), psutil.CONN_ESTABLISHED),
        )
        inherited = self.table((here, there, psutil.CONN_ESTABLISHED))
        assert clients(self.of(p1=table, p2=inherited, p3=psutil.NoSuchProcess(3))) == 1

    def test_where_the_system_denies_it_the_number_is_unknown(self):
        connections = self.of(p1=psutil.AccessDenied(1))
        with pytest.raises(psutil.AccessDenied):
            clients(connections)
        assert clients(connections) is None


def test_outside_a_kernel_there_are_no_channels(monkeypatch):
    monkeypatch.delitem(sys.modules, "ipykernel.kernelapp", raising=False)
    assert jupyter_ports() == frozenset()
