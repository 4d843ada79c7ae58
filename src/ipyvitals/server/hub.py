"""Every kernel of this server: what is known of it, and whom to tell."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from functools import partial
from typing import Any

from ipyvitals.schema.protocol import Reply, Request, RequestKind, Update
from ipyvitals.server.background import Background
from ipyvitals.server.broadcast import Broadcaster
from ipyvitals.server.errors import KernelDeclinedError, KernelSilentError, UnknownKernelError
from ipyvitals.server.events import EventBus
from ipyvitals.server.kernel_manager import Change, Kernels
from ipyvitals.server.kernel_state import KernelRecord, MonitorRecord
from ipyvitals.server.links import KernelConnections
from ipyvitals.server.schema import (
    KernelChange,
    KernelMessage,
    KernelState,
    UpdateMessage,
    event_message,
)
from ipyvitals.server.viewers import Viewers

__all__ = ["Hub", "Settings"]

WATCH_SECONDS = 0.25
"""How often viewers are counted: one who arrives sees everything within a second."""
COMPARE_SECONDS = 2.0
"""How often notebooks, and kernels that nobody announced, are looked for."""
STALE_SECONDS = 2.0
ASK_AGAIN_SECONDS = 1.0
SILENCE_TIMEOUT_SECONDS = 60.0
"""A kernel that is watched tells something every few seconds; after so long, connect anew."""


@dataclass(frozen=True)
class Settings:
    """Bounds of what the server keeps and waits for."""

    points: int = 600
    events: int = 200
    resume_messages: int = 1000
    answer_seconds: float = 5.0
    update_bytes: int = 1024 * 1024


class Hub:
    """Attaches to kernels as they come and go, and publishes what they tell.

    Parameters
    ----------
    kernels : Kernels
        The server's kernels and sessions.
    bus : EventBus
        Hears the six events as well.
    settings : Settings
    log : logging.Logger
    """

    def __init__(
        self, kernels: Kernels, bus: EventBus, settings: Settings, log: logging.Logger
    ) -> None:
        self.settings = settings
        self.feed = Broadcaster(keep=settings.resume_messages)
        self.background = Background(log)
        self.records: dict[str, KernelRecord] = {}
        self._kernels = kernels
        self._bus = bus
        self._log = log
        self._links = KernelConnections(
            kernels, take=self.take, drop=self._drop, max_bytes=settings.update_bytes, log=log
        )
        self._viewers = Viewers(self.viewers, self._tell_viewers)
        self._refreshing: dict[str, asyncio.Task[None]] = {}

    def start(self) -> None:
        """Attach to the kernels that run already, and to all that come."""
        self._kernels.listen(self._on_change)
        for kernel_id in self._kernels.ids():
            self._attach(kernel_id)
            # Its monitors may be silent because nobody watches them.
            self._refresh(kernel_id)
        self.background.spawn(self._watch())

    async def stop(self) -> None:
        """Let go of everything."""
        self._kernels.unlisten()
        for subscriber in tuple(self.feed.subscribers):
            subscriber.close(1001, "the server is stopping")
        for kernel_id in tuple(self.records):
            self._links.close(kernel_id)
        self.records.clear()
        await self.background.stop()

    # What is known

    def state(self, kernel_id: str) -> KernelState:
        """Return one kernel with all that is known of its monitors."""
        record = self.records[kernel_id]
        return KernelState(
            kernel_id=kernel_id,
            **self._kernels.describe(kernel_id),
            connected=self._links.is_open(kernel_id),
            unavailable=self._links.why_not(kernel_id),
            last_seen=record.last_seen,
            monitors=[one.full(history=True) for one in record.monitors.values() if one.latest],
        )

    def states(self, kernel_id: str | None = None) -> list[KernelState]:
        """Return all kernels, or the one."""
        return [self.state(one) for one in self.records if kernel_id in (None, one)]

    def monitors_of(self, path: str) -> dict[str, MonitorRecord]:
        """Return the monitors of a notebook's kernel, by name."""
        return {
            name: monitor
            for kernel_id, record in self.records.items()
            if self._kernels.path_of(kernel_id) == path
            for name, monitor in record.monitors.items()
        }

    def viewers(self, kernel_id: str) -> int:
        """Return how many watch a kernel: notebooks, and clients of the stream."""
        return self._kernels.connections(kernel_id) + self.feed.watching(kernel_id)

    # Asking

    async def ask(self, kernel_id: str, request: RequestKind, **more: Any) -> Reply:
        """Return the kernel's answer to a request.

        Raises
        ------
        UnknownKernelError, KernelSilentError, KernelDeclinedError
        """
        if kernel_id not in self.records:
            raise UnknownKernelError(f"no kernel {kernel_id!r} on this server")
        reply = await self._links.ask(
            kernel_id, Request(request=request, **more), self.settings.answer_seconds
        )
        for update in reply.monitors:
            self.take(kernel_id, update)
        return reply

    async def refresh(self, kernel_ids: list[str], older_than: float = STALE_SECONDS) -> None:
        """Ask those kernels that nobody watches, and that have told nothing of late."""
        now = time.time()
        asked = []
        for kernel_id in kernel_ids:
            record = self.records.get(kernel_id)
            if record is None or not record.answers or self.viewers(kernel_id):
                continue
            if record.last_seen is None or now - record.last_seen >= older_than:
                asked.append(self._refresh(kernel_id))
        if asked:
            await asyncio.wait(asked)

    def _refresh(self, kernel_id: str) -> asyncio.Task[None]:
        """Ask a kernel for everything, once at a time."""
        if kernel_id not in self._refreshing:
            task = self.background.spawn(self._ask_for_all(kernel_id))
            self._refreshing[kernel_id] = task
            task.add_done_callback(lambda _: self._refreshing.pop(kernel_id, None))
        return self._refreshing[kernel_id]

    async def _ask_for_all(self, kernel_id: str) -> None:
        record = self.records.get(kernel_id)
        history = record is not None and not record.has_history
        try:
            await self.ask(kernel_id, "snapshot", history=history)
        except (UnknownKernelError, KernelSilentError, KernelDeclinedError) as error:
            # What is known stays as it is, and bears its time.
            self._log.debug("ipyvitals: no snapshot of kernel %s: %s", kernel_id, error)

    async def _tell_viewers(self, kernel_id: str, count: int) -> None:
        try:
            await self.ask(kernel_id, "viewers", count=count)
        except (UnknownKernelError, KernelDeclinedError) as error:
            raise KernelSilentError(str(error)) from None

    # What kernels tell

    def take(self, kernel_id: str, update: Update) -> None:
        """Take an update over, and tell it."""
        record = self.records.get(kernel_id)
        if record is None:
            return
        first = not record.answers
        applied = record.apply(update, time.time())
        if applied is None:
            return
        self.feed.publish(
            "update",
            kernel_id,
            partial(UpdateMessage, kernel_id=kernel_id, update=applied.update),
        )
        for event in applied.events:
            self.feed.publish(
                event.type, kernel_id, partial(event_message, event, kernel_id=kernel_id)
            )
            self._bus.emit(event, kernel_id)
        if applied.incomplete:
            record.dropped["lost"] += 1
            now = time.monotonic()
            # A kernel that counts wrongly is not asked all the time.
            if now - record.asked_at >= ASK_AGAIN_SECONDS:
                record.asked_at = now
                self._refresh(kernel_id)
        if first:
            self.background.spawn(self._meet(kernel_id))

    async def _meet(self, kernel_id: str) -> None:
        await self.compare_sessions()
        await self._viewers.tell(kernel_id)

    def _drop(self, kernel_id: str, reason: str) -> None:
        record = self.records.get(kernel_id)
        if record is not None:
            record.dropped[reason] += 1

    # Kernels come and go

    def _on_change(self, kernel_id: str, change: Change) -> None:
        if change == "added":
            self._attach(kernel_id)
        elif change in ("dead", "removed"):
            self._detach(kernel_id, change)
        elif kernel_id in self.records:
            self._begin_anew(kernel_id)

    def _attach(self, kernel_id: str) -> None:
        if kernel_id in self.records or self._kernels.is_starting(kernel_id):
            return
        self.records[kernel_id] = KernelRecord(
            kernel_id, points=self.settings.points, kept_events=self.settings.events
        )
        self._kernels.watch_restarts(kernel_id)
        self._links.open(kernel_id)
        self._publish(kernel_id, "added" if self._links.is_open(kernel_id) else "unavailable")

    def _begin_anew(self, kernel_id: str) -> None:
        # An automatic restart is told twice: when it begins, and when it is done.
        known = not self.records[kernel_id].blank
        self.records[kernel_id].forget()
        self._viewers.forget(kernel_id)
        self._links.open(kernel_id)
        if known:
            self._publish(kernel_id, "restarted")

    def _detach(self, kernel_id: str, change: KernelChange) -> None:
        if self.records.pop(kernel_id, None) is not None:
            self._viewers.forget(kernel_id)
            self._links.close(kernel_id)
            self._publish(kernel_id, change)

    def _publish(self, kernel_id: str, change: KernelChange) -> None:
        kernel = self.state(kernel_id) if kernel_id in self.records else None
        self.feed.publish(
            "kernel",
            kernel_id,
            partial(KernelMessage, kernel_id=kernel_id, change=change, kernel=kernel),
        )

    # In the background

    async def _watch(self) -> None:
        compared = 0.0
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            for kernel_id, record in self.records.items():
                if record.answers and self._viewers.is_due(kernel_id):
                    self.background.spawn(self._viewers.tell(kernel_id))
            if time.monotonic() - compared >= COMPARE_SECONDS:
                compared = time.monotonic()
                try:
                    await self._compare()
                # One kernel that cannot be described must not end the watch over all others.
                except Exception:
                    self._log.exception("ipyvitals: cannot compare kernels")

    async def _compare(self) -> None:
        """Find what nobody announced: kernels that came or went, notebooks that were renamed."""
        there = set(self._kernels.ids())
        for kernel_id in there - self.records.keys():
            self._attach(kernel_id)
        for kernel_id in self.records.keys() - there:
            self._detach(kernel_id, "removed")
        for kernel_id, record in self.records.items():
            if (
                record.answers
                and self.viewers(kernel_id)
                and record.silent_for() > SILENCE_TIMEOUT_SECONDS
            ):
                record.heard()
                self._links.open(kernel_id)
                self._refresh(kernel_id)
        if self.feed.subscribers:
            await self.compare_sessions()

    async def compare_sessions(self) -> None:
        """Learn which notebooks the kernels belong to."""
        try:
            changed = await self._kernels.compare_sessions()
        # Session managers are replaceable; names are worth less than figures.
        except Exception as error:
            self._log.debug("ipyvitals: no list of sessions: %s", error)
            return
        for kernel_id in changed & self.records.keys():
            self._publish(kernel_id, "session")
