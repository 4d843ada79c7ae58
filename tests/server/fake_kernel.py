"""A fake kernel without a process: sockets through which a test sends any message."""

from __future__ import annotations

import secrets
import uuid
from datetime import UTC, datetime

import msgspec
import zmq
from jupyter_client.session import Session
from jupyter_server.services.kernels.kernelmanager import ServerKernelManager
from zmq.eventloop.zmqstream import ZMQStream

from ipyvitals.schema import (
    SECTIONS,
    MetricsSection,
    ModelInfo,
    ModelMetricsUpdate,
    ModelSection,
    Snapshot,
    SystemSection,
)
from ipyvitals.schema.protocol import COMM_ID, REPLY, Reply, Update
from tests.server.serving import until

AT = 1_790_000_000.0
SNAPSHOT = Snapshot(
    monitor="default",
    seq=0,
    at=AT,
    model=ModelSection(model_id="m", name="churn", version="2.1", status="active"),
    metrics=MetricsSection(current_accuracy=0.9, window_labelled=100, warming=False),
    system=SystemSection(cpu_percent=20.0, memory_percent=40.0, system_health="healthy"),
    models=[
        ModelInfo(
            model_id="m",
            name="churn",
            version="2.1",
            trained_at=None,
            deployed_at=AT,
            status="active",
            total_predictions=0,
            current_accuracy=0.9,
            baseline_accuracy=None,
            active=True,
        )
    ],
)


def full(monitor="default", n=1, **fields):
    """Return a full update."""
    sections = {name: getattr(SNAPSHOT, name) for name in SECTIONS}
    given = {"monitor": monitor, "n": n, "at": AT + n, "seq": 0, "full": True}
    return Update(**{**given, **sections, **fields})


def delta(n, monitor="default", predictions=0):
    """Return an update of the metrics with its event, as a working kernel sends it."""
    metrics = msgspec.structs.replace(SNAPSHOT.metrics, total_predictions=predictions)
    event = ModelMetricsUpdate(
        monitor=monitor,
        seq=n,
        at=AT + n,
        model_id="m",
        current_accuracy=0.9,
        predictions_per_minute=60,
        total_predictions=predictions,
        model_health="healthy",
    )
    return Update(
        monitor=monitor, n=n, at=AT + n, seq=n, full=False, metrics=metrics, events=[event]
    )


class FakeKernel:
    """Registers itself with a real server, as if the server had started it."""

    def __init__(self, server):
        self.server = server
        self.id = str(uuid.uuid4())
        self.requests = []
        self.reply = Reply(monitors=[])
        self.raw_reply = None
        key = secrets.token_hex(16).encode()
        self.session = Session(key=key)
        context = zmq.Context.instance()
        self.iopub = ZMQStream(context.socket(zmq.XPUB))
        self.control = ZMQStream(context.socket(zmq.ROUTER))
        self.topics = []
        self.iopub.on_recv(lambda parts: self.topics.append(parts[0]))
        self.control.on_recv(self._answer)
        kernels = server.app.kernel_manager
        manager = ServerKernelManager(parent=kernels, context=kernels.context)
        manager.load_connection_info(
            {
                "transport": "tcp",
                "ip": "127.0.0.1",
                "key": key.decode(),
                "signature_scheme": "hmac-sha256",
                **{f"{name}_port": 1 for name in ("shell", "stdin", "hb")},
                "iopub_port": self.iopub.bind_to_random_port("tcp://127.0.0.1"),
                "control_port": self.control.bind_to_random_port("tcp://127.0.0.1"),
            }
        )
        manager.execution_state = "idle"
        manager.last_activity = datetime.now(UTC)
        self.manager = manager

    async def start(self):
        """Register the kernel and wait until the server subscribes to its topic."""
        kernels = self.server.app.kernel_manager
        kernels._kernels[self.id] = self.manager
        kernels._kernel_connections[self.id] = 0
        self.server.hub._on_change(self.id, "added")
        await until(lambda: b"\x01comm-ipyvitals" in self.topics)
        return self

    def stop(self):
        self.server.app.kernel_manager._kernels.pop(self.id, None)
        self.server.app.kernel_manager._kernel_connections.pop(self.id, None)
        self.server.hub._on_change(self.id, "removed")
        self.iopub.close(linger=0)
        self.control.close(linger=0)

    @property
    def record(self):
        return self.server.hub.kernels[self.id]

    def send(self, update, session=None):
        """Broadcast an update."""
        data = msgspec.to_builtins(update)
        self.send_content({"comm_id": COMM_ID, "data": data}, session)

    def send_content(self, content, session=None):
        (session or self.session).send(
            self.iopub, "comm_msg", content, ident=f"comm-{COMM_ID}".encode()
        )

    def send_raw(self, content):
        """Broadcast bytes in place of the content, with a valid signature."""
        header = self.session.msg_header("comm_msg")
        parts = [self.session.pack(part) for part in (header, {}, {})]
        signed = [*parts, content]
        signature = self.session.sign(signed)
        self.iopub.send_multipart([b"comm-ipyvitals", b"<IDS|MSG>", signature, *signed])

    def _answer(self, parts):
        identity, signed = self.session.feed_identities(parts)
        request = self.session.deserialize(signed)
        self.requests.append(request["content"])
        if self.raw_reply is not None:
            header = self.session.msg_header(REPLY)
            signed = [self.session.pack(part) for part in (header, request["header"], {})]
            signed.append(self.raw_reply)
            signature = self.session.sign(signed)
            self.control.send_multipart([*identity, b"<IDS|MSG>", signature, *signed])
            return
        self.session.send(
            self.control, REPLY, msgspec.to_builtins(self.reply), request, ident=identity
        )
