"""Messages packed by `CommSender` equal those that a kernel would send."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ipykernel.comm.comm import BaseComm
from jupyter_client.session import Session

from ipyvitals.jupyter.comm import open_comm_sender

UPDATE = {"method": "update", "state": {"at": 1.5, "name": "<é>"}, "buffer_paths": []}
CELL = {"header": {"msg_id": "cell-1", "msg_type": "execute_request"}, "content": {"code": "1"}}


class FakeSocket:
    """Records messages in place of a socket."""

    def __init__(self):
        self.sent = []

    def send_multipart(self, parts, *args, **kwargs):
        self.sent.append(parts)


class FakeComm(BaseComm):
    """A comm like those of ipykernel, whose kernel is a fake."""

    def publish_msg(self, *args, **kwargs):
        self.published.append(kwargs.get("data"))


@pytest.fixture
def kernel():
    return SimpleNamespace(
        session=Session(key=b"secret", username="me"),
        iopub_socket=FakeSocket(),
        get_parent=lambda: CELL,
    )


@pytest.fixture
def comm(kernel):
    made = FakeComm.__new__(FakeComm)
    made.published = []
    made.__init__(target_name="jupyter.widget", comm_id="panel-1")
    made.published.clear()
    made.kernel = kernel
    return made


def read(kernel, parts):
    """Check the signature; return the topic and the message."""
    reader = Session(key=b"secret")
    topics, rest = reader.feed_identities(parts)
    return topics, reader.deserialize(rest)


def without_times(message):
    header = {**message["header"], "msg_id": None, "date": None}
    return {**message, "header": header, "msg_id": None}


def test_the_message_is_that_of_a_session(kernel, comm):
    open_comm_sender(comm)(UPDATE)
    kernel.session.send(
        kernel.iopub_socket,
        "comm_msg",
        {"data": UPDATE, "comm_id": "panel-1"},
        parent=CELL,
        ident=comm.topic,
    )

    (topic, ours), (their_topic, theirs) = (read(kernel, one) for one in kernel.iopub_socket.sent)
    assert topic == their_topic == [b"comm-panel-1"]
    assert without_times(ours) == without_times(theirs)
    assert ours["header"]["date"].tzinfo is not None


def test_each_message_has_its_own_id_and_the_current_parent(kernel, comm):
    parents = iter([CELL, {"header": {"msg_id": "cell-2"}}, {}])
    kernel.get_parent = lambda: next(parents)
    send = open_comm_sender(comm)
    for _ in range(3):
        send(UPDATE)

    found = [read(kernel, one)[1] for one in kernel.iopub_socket.sent]
    assert [one["parent_header"].get("msg_id") for one in found] == ["cell-1", "cell-2", None]
    assert len({one["header"]["msg_id"] for one in found}) == 3


@pytest.mark.parametrize("setting", [{"debug": True}, {"packer": "pickle"}])
def test_a_session_that_packs_differently_packs_by_its_own_method(kernel, comm, setting):
    for name, value in setting.items():
        setattr(kernel.session, name, value)

    open_comm_sender(comm)(UPDATE)

    assert comm.published == [UPDATE]
    assert kernel.iopub_socket.sent == []


def test_a_comm_without_a_kernel_sends_by_its_own_method(comm):
    comm.kernel = None

    open_comm_sender(comm)(UPDATE)

    assert comm.published == [UPDATE]
