"""What the Jupyter server hears from this kernel, and what it may ask of it."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import msgspec

from ipyvitals.errors import IpyvitalsError
from ipyvitals.jupyter import kernel as jupyter
from ipyvitals.jupyter.broadcast import Broadcast
from ipyvitals.jupyter.presence import Presence
from ipyvitals.runtime.engine import Engine
from ipyvitals.schema.protocol import COMM_ID, REPLY, REQUEST, Reply, Request, Update
from ipyvitals.utils.fork import renew_in_child

__all__ = ["ControlChannel", "control_channel"]

PATIENCE_SECONDS = 0.5
"""Requests are answered on a thread that also answers interrupts: it must not wait for long."""


class ControlChannel:
    """One a process: broadcasts the updates of its monitors, and answers requests.

    Outside a kernel it does nothing at all.

    Parameters
    ----------
    presence : Presence
        Is told how many are watching.
    """

    def __init__(self, presence: Presence) -> None:
        self.presence = presence
        self.after_fork()
        renew_in_child(self)

    def after_fork(self) -> None:
        """Begin without a wire, and without the engines of a parent."""
        self._engines: weakref.WeakValueDictionary[str, Engine] = weakref.WeakValueDictionary()
        self._broadcasts: weakref.WeakKeyDictionary[Engine, Broadcast] = weakref.WeakKeyDictionary()
        self._send: Callable[[dict[str, Any]], None] | None = None

    def attach(self, engine: Engine) -> None:
        """Broadcast this engine's updates, in place of a former one of its name."""
        if self._send is None:
            self._send = jupyter.open_broadcast(COMM_ID)
            if self._send is None:
                return
            jupyter.answer_requests(REQUEST, REPLY, self.answer)
        broadcast = Broadcast(
            self._send, engine.events, engine.settings.interval, self.presence.served
        )
        self._engines[engine.settings.name] = engine
        self._broadcasts[engine] = broadcast
        engine.watch(broadcast)

    def answer(self, content: Any) -> dict[str, Any]:
        """Return the reply to a request; never raises."""
        try:
            reply = self._answer(msgspec.convert(content, Request))
        except Exception as error:
            reply = Reply(status="error", message=f"{type(error).__name__}: {error}")
        plain: dict[str, Any] = msgspec.to_builtins(reply)
        return plain

    def _answer(self, request: Request) -> Reply:
        if request.request == "viewers":
            self._tell(request.count)
            return Reply(message=f"{request.count} watching")
        engines = self._chosen(request.monitor)
        if engines is None:
            return Reply(status="error", message=f"no monitor {request.monitor!r} in this kernel")
        if request.request == "snapshot":
            updates = [self._update(engine, history=request.history) for engine in engines]
            return Reply(monitors=[update for update in updates if update is not None])
        if request.request == "stop_training":
            done = sum(engine.training.ask_to_stop() for engine in engines)
        else:
            done = sum(self._change(engine, request.request) for engine in engines)
        return Reply(done=done)

    def _change(self, engine: Engine, what: str) -> int:
        change = engine.acknowledge if what == "acknowledge" else engine.reset
        done = engine.try_locked(change, PATIENCE_SECONDS)
        if done is None:
            raise IpyvitalsError(f"{engine.settings.name!r} is busy counting; try again")
        return done

    def _chosen(self, name: str | None) -> list[Engine] | None:
        if name is None:
            return list(self._engines.values())
        engine = self._engines.get(name)
        return None if engine is None else [engine]

    def _tell(self, viewers: int) -> None:
        before = self.presence.watching()
        self.presence.tell(viewers)
        if viewers and not before:
            for engine in list(self._engines.values()):
                self._broadcasts[engine].ask_full()
                engine.ask_to_show()

    def _update(self, engine: Engine, *, history: bool) -> Update | None:
        snapshot = engine.try_locked(engine.snapshot, PATIENCE_SECONDS)
        if snapshot is None:
            return None
        update = self._broadcasts[engine].full(snapshot)
        if history:
            update = msgspec.structs.replace(update, history=engine.history.columns())
        return update


control_channel = ControlChannel(Presence(jupyter.kernel.busy))
"""That of this process."""
