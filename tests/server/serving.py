"""Runs a real Jupyter server in this process, with clients for REST, WebSocket and notebooks."""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
import time
import uuid
from contextlib import asynccontextmanager
from typing import ClassVar
from urllib.parse import urlencode

from jupyter_server.serverapp import ServerApp
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import websocket_connect
from traitlets.config import Config

SECONDS = 30.0
START = """
from ipyvitals import Monitor
monitor = Monitor(
    "churn", version="2.1", name="default", interval=0.5, metrics_interval=0.1
)
monitor.record_batch([1] * 10, [1] * 9 + [0], latency=0.004)
"""


async def until(condition, seconds=SECONDS):
    """Poll `condition` until it returns a true value, and return that value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if asyncio.iscoroutine(value):
            value = await value
        if value:
            return value
        assert time.monotonic() < end, f"not true within {seconds} s"
        await asyncio.sleep(0.02)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Answer:
    def __init__(self, response):
        self.code = response.code
        self.body = response.body
        self.headers = response.headers

    @property
    def json(self):
        return json.loads(self.body)


class Stream:
    """A client of the WebSocket."""

    def __init__(self, connection):
        self.connection = connection
        self.received = []

    async def next(self, seconds=SECONDS):
        async with asyncio.timeout(seconds):
            text = await self.connection.read_message()
        if text is None:
            return None
        message = json.loads(text)
        self.received.append(message)
        return message

    async def first(self, type, **fields):
        """Return the next message of a type with these field values."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            message = await self.next()
            assert message is not None, f"closed: {self.code} {self.reason}"
            if message["type"] == type and fields.items() <= message.items():
                return message
        raise AssertionError(f"received no {type} with {fields}")

    async def closed(self):
        """Wait until the server closes the connection; return the close code."""
        while await self.next() is not None:
            pass
        return self.code

    async def send(self, message):
        text = message if isinstance(message, str | bytes) else json.dumps(message)
        await self.connection.write_message(text, binary=isinstance(text, bytes))

    @property
    def code(self):
        return self.connection.close_code

    @property
    def reason(self):
        return self.connection.close_reason

    def close(self):
        self.connection.close()


class Notebook:
    """A page that is connected to a kernel and runs cells."""

    def __init__(self, server, kernel_id, connection):
        self.server = server
        self.kernel_id = kernel_id
        self.connection = connection

    async def start(self, code):
        """Start a cell without waiting for its end; return its message id."""
        asked = uuid.uuid4().hex
        header = {
            "msg_id": asked,
            "username": "",
            "session": "page",
            "msg_type": "execute_request",
            "version": "5.3",
            "date": "2026-01-01T00:00:00Z",
        }
        content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        await self.connection.write_message(
            json.dumps({**message, "channel": "shell", "buffers": []})
        )
        return asked

    async def run(self, code):
        """Run a cell to its end; return its output on stdout and stderr."""
        asked = await self.start(code)
        printed = ""
        async with asyncio.timeout(SECONDS):
            while True:
                message = json.loads(await self.connection.read_message())
                if message["parent_header"].get("msg_id") != asked:
                    continue
                content = message["content"]
                assert message["msg_type"] != "error", content
                printed += content.get("text", "") if message["msg_type"] == "stream" else ""
                if content.get("execution_state") == "idle":
                    return printed

    def close(self):
        self.connection.close()


class Server:
    """A running server and its address."""

    def __init__(self, app, token):
        self.app = app
        self.token = token
        self.url = f"http://127.0.0.1:{app.port}{app.base_url}"
        self._open = []

    @property
    def hub(self):
        return self.app.web_app.settings["ipyvitals"].hub

    async def ask(self, path, method="GET", body=None, *, token=True, headers=None, **query):
        """Return the answer to a request under the base URL."""
        given = {"Authorization": f"token {self.token}"} if token else {}
        request = HTTPRequest(
            f"{self.url}{path}" + (f"?{urlencode(query)}" if query else ""),
            method=method,
            headers={**given, **(headers or {})},
            body=body if body is None or isinstance(body, str) else json.dumps(body),
            allow_nonstandard_methods=True,
            follow_redirects=False,
        )
        return Answer(await AsyncHTTPClient().fetch(request, raise_error=False))

    async def connect(self, path, *, token=True, headers=None, **query):
        """Open a WebSocket under the base URL."""
        given = {"Authorization": f"token {self.token}"} if token else {}
        request = HTTPRequest(
            f"{self.url.replace('http', 'ws', 1)}{path}"
            + (f"?{urlencode(query)}" if query else ""),
            headers={**given, **(headers or {})},
        )
        connection = await websocket_connect(request)
        self._open.append(connection)
        return connection

    async def stream(self, **query):
        return Stream(await self.connect("ipyvitals/api/events", **query))

    async def notebook(self, path="a.ipynb"):
        """Open a notebook, which starts a kernel."""
        wanted = {"path": path, "name": path, "type": "notebook", "kernel": {"name": "python3"}}
        answer = await self.ask("api/sessions", "POST", wanted)
        assert answer.code == 201, answer.body
        return await self.page(answer.json["kernel"]["id"])

    async def page(self, kernel_id):
        """Connect a page to a running kernel."""
        session = {"session_id": uuid.uuid4().hex}
        connection = await self.connect(f"api/kernels/{kernel_id}/channels", **session)
        return Notebook(self, kernel_id, connection)

    def disconnect_clients(self):
        """Close the connections of all clients."""
        while self._open:
            self._open.pop().close()

    async def reset(self):
        """End all kernels and connections, so that tests do not affect each other."""
        self.disconnect_clients()
        for kernel_id in list(self.app.kernel_manager.list_kernel_ids()):
            answer = await self.ask(f"api/kernels/{kernel_id}", "DELETE")
            assert answer.code == 204, answer.body
        await until(lambda: not self.hub.broadcaster.subscribers and not self.hub.kernels)


async def started(server, code=START, path="a.ipynb"):
    """Run `code` in a new notebook and wait until the server knows its monitor."""
    notebook = await server.notebook(path)
    await notebook.run(code)
    record = server.hub.kernels[notebook.kernel_id]
    # Check all models: the active one may have been deployed after the predictions.
    await until(
        lambda: any(
            model.total_predictions
            for one in record.monitors.values()
            for model in one.latest.models
        )
    )
    return notebook


@asynccontextmanager
async def serving(folder, config=None, *, token=None):
    """Run a server whose files are all in `folder`."""
    token = secrets.token_hex(16) if token is None else token

    class Connections(ZMQChannelsWebsocketConnection):
        # A server that ends closes the sockets of all kernels in this set.
        _open_sockets: ClassVar = set()

    root = folder / "notebooks"
    root.mkdir(parents=True, exist_ok=True)
    settings = Config(
        {
            "ServerApp": {
                "allow_root": True,
                "ip": "127.0.0.1",
                "kernel_websocket_connection_class": Connections,
                "jpserver_extensions": {"ipyvitals": True},
                "open_browser": False,
                "port": 0,
                "root_dir": str(root),
            },
            "Application": {"log_level": "WARN"},
            "IdentityProvider": {"token": token},
            # A twentieth of the default: the page loses output above this rate.
            "ZMQChannelsWebsocketConnection": {"iopub_msg_rate_limit": 50},
        }
    )
    settings.merge(Config(config or {}))
    app = ServerApp(config=settings)
    # Leave Ctrl-C to pytest.
    app.init_signal = lambda: None
    app.initialize(argv=[], find_extensions=False)
    await until(lambda: app.http_server._sockets)
    (port,) = {one.getsockname()[1] for one in app.http_server._sockets.values()}
    app.port = port
    server = Server(app, token)
    await until(lambda: server.ask("api/status"))
    try:
        yield server
    finally:
        server.disconnect_clients()
        await app._cleanup()
