"""Broadcasts updates to the Jupyter server and answers its requests on the control channel."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from typing import Any

import msgspec

from ipyvitals.errors import IpyvitalsError
from ipyvitals.jupyter.broadcast import BroadcastSender
from ipyvitals.jupyter.kernel import answer_requests, kernel_activity, open_broadcast
from ipyvitals.jupyter.presence import ViewerPresence
from ipyvitals.runtime.engine import Engine
from ipyvitals.schema.protocol import COMM_ID, REPLY, REQUEST, Reply, Request, Update
from ipyvitals.utils.fork import renew_in_child

__all__ = ["ControlChannel", "control_channel"]

LOCK_TIMEOUT_SECONDS = 0.5
"""Longest wait for the engine's lock: the thread of the requests also handles interrupts."""
CURVE_BUCKETS = 64
"""Buckets of each curve in a reply with the history."""
MAX_CURVES = 200
"""Curves in one reply."""


class ControlChannel:
    """Broadcasts the updates of all monitors of this process, and answers requests of the server.

    There is one per process. Outside a kernel it does nothing.

    Parameters
    ----------
    presence : ViewerPresence
        Receives the number of viewers that the server has counted.
    """

    def __init__(self, presence: ViewerPresence) -> None:
        self.presence = presence
        self.after_fork()
        renew_in_child(self)

    def after_fork(self) -> None:
        """Start without a comm and without the engines of the parent process."""
        self._engines: weakref.WeakValueDictionary[str, Engine] = weakref.WeakValueDictionary()
        self._senders: weakref.WeakKeyDictionary[Engine, BroadcastSender] = (
            weakref.WeakKeyDictionary()
        )
        self._send: Callable[[dict[str, Any]], None] | None = None

    def attach(self, engine: Engine) -> None:
        """Broadcast the updates of an engine; it replaces an earlier engine of the same name."""
        if self._send is None:
            self._send = open_broadcast(COMM_ID)
            if self._send is None:
                return
            if not answer_requests(REQUEST, REPLY, self.answer):
                engine.notices.add("kernel.control")
        sender = BroadcastSender(
            self._send, engine.events, engine.settings.interval, self.presence.has_server
        )
        self._engines[engine.settings.name] = engine
        self._senders[engine] = sender
        # However a monitor ends: `close` ends the view, and this finalizer that of a deleted one.
        weakref.finalize(engine, _end, sender, os.getpid()).atexit = False
        engine.watch(sender)

    def answer(self, content: Any) -> dict[str, Any]:
        """Return the reply to a request; never raises."""
        try:
            reply = self._answer(msgspec.convert(content, Request))
        except Exception as error:
            reply = Reply(status="error", message=f"{type(error).__name__}: {error}")
        reply = msgspec.structs.replace(reply, open=self._open_names())
        plain: dict[str, Any] = msgspec.to_builtins(reply)
        return plain

    def _answer(self, request: Request) -> Reply:
        if request.request == "viewers":
            self._set_viewers(request.count)
            return Reply(message=f"{request.count} watching")
        engines = self._engines_named(request.monitor)
        if engines is None:
            return Reply(status="error", message=f"no monitor {request.monitor!r} in this kernel")
        if request.request == "snapshot":
            updates = [self._update(engine, history=request.history) for engine in engines]
            return Reply(monitors=[update for update in updates if update is not None])
        if request.request == "curves":
            chunks = [
                chunk
                for engine in engines
                for chunk in engine.training.curves(
                    request.run_id,
                    metric=request.metric,
                    first_step=request.first_step,
                    last_step=request.last_step,
                    read=False,
                )
            ]
            return Reply(curves=chunks[:MAX_CURVES])
        if request.request == "stop_training":
            done = sum(engine.training.ask_to_stop(request.run_id) for engine in engines)
        else:
            done = sum(self._act(engine, request.request) for engine in engines)
        return Reply(done=done)

    def _open_names(self) -> list[str]:
        return [name for name, engine in list(self._engines.items()) if not engine.closed]

    def _act(self, engine: Engine, name: str) -> int:
        engine.drain(LOCK_TIMEOUT_SECONDS, read=False)
        action = engine.acknowledge if name == "acknowledge" else engine.clear
        done = engine.try_locked(action, LOCK_TIMEOUT_SECONDS)
        if done is None:
            raise IpyvitalsError(f"{engine.settings.name!r} is busy counting; try again")
        return done

    def _engines_named(self, name: str | None) -> list[Engine] | None:
        if name is None:
            return list(self._engines.values())
        engine = self._engines.get(name)
        return None if engine is None else [engine]

    def _set_viewers(self, count: int) -> None:
        was_watched = self.presence.is_watched()
        self.presence.set_viewers(count)
        if count and not was_watched:
            for engine in list(self._engines.values()):
                self._senders[engine].request_full()
                engine.request_show()

    def _update(self, engine: Engine, *, history: bool) -> Update | None:
        engine.drain(LOCK_TIMEOUT_SECONDS, read=False)
        snapshot = engine.try_locked(engine.current, LOCK_TIMEOUT_SECONDS)
        if snapshot is None:
            return None
        update = self._senders[engine].full(snapshot)
        if history:
            update = msgspec.structs.replace(
                update,
                history=engine.history.columns(),
                curves=engine.training.curves(limit=CURVE_BUCKETS, read=False)[:MAX_CURVES],
            )
        return update


def _end(sender: BroadcastSender, pid: int) -> None:
    # In a forked child the engine is deleted too, but the view belongs to the parent.
    if os.getpid() == pid:
        sender.end()


control_channel = ControlChannel(ViewerPresence(kernel_activity.busy))
"""The instance for this process."""
