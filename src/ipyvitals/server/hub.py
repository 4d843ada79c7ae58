"""Every kernel of this server: what is known of it, and whom to tell."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any

from ipyvitals.server.errors import (
    KernelDeclinedError,
    KernelSilentError,
    UnknownKernelError,
)
from ipyvitals.server.events import EventBus
from ipyvitals.server.feed import Feed
from ipyvitals.server.kernels import Change, Kernels
from ipyvitals.server.link import KernelLink
from ipyvitals.server.messages import (
    KernelChange,
    KernelMessage,
    KernelState,
    UpdateMessage,
    event_message,
)
from ipyvitals.server.records import KernelRecord
from ipyvitals.server.viewers import Viewers
from ipyvitals.wire import Reply, Request, RequestKind, Update

__all__ = ["Hub", "Settings"]

WATCH_SECONDS = 0.25
"""How often viewers are counted: one who arrives sees everything within a second."""
COMPARE_SECONDS = 2.0
"""How often notebooks, and kernels that nobody announced, are looked for."""
STALE_SECONDS = 2.0


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
        self.feed = Feed(keep=settings.resume_messages)
        self.records: dict[str, KernelRecord] = {}
        self._kernels = kernels
        self._bus = bus
        self._log = log
        self._links: dict[str, KernelLink] = {}
        self._unavailable: dict[str, str] = {}
        self._viewers = Viewers(self.viewers, self._tell_viewers)
        self._refreshing: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    # -- life -------------------------------------------------------------------------------

    def start(self) -> None:
        """Attach to the kernels that run already, and to all that come."""
        self._kernels.listen(self._on_change)
        for kernel_id in self._kernels.ids():
            self._attach(kernel_id)
            self.spawn(self._ask_for_all(kernel_id, history=True))
        self.spawn(self._watch())

    async def stop(self) -> None:
        """Let go of everything."""
        self._kernels.unlisten()
        for subscriber in tuple(self.feed.subscribers):
            subscriber.close(1001, "the server is stopping")
        for kernel_id in tuple(self.records):
            self._disconnect(kernel_id)
        self.records.clear()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run something in the background; what goes wrong is logged."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log.error("ipyvitals: %s", error, exc_info=error)

    # -- what is known ----------------------------------------------------------------------

    def state(self, kernel_id: str) -> KernelState:
        """Return one kernel with all that is known of its monitors."""
        record = self.records[kernel_id]
        return KernelState(
            kernel_id=kernel_id,
            **self._kernels.describe(kernel_id),
            connected=kernel_id in self._links,
            unavailable=self._unavailable.get(kernel_id),
            last_seen=record.last_seen,
            monitors=[one.full(history=True) for one in record.monitors.values() if one.latest],
        )

    def states(self, kernel_id: str | None = None) -> list[KernelState]:
        """Return all kernels, or the one."""
        return [self.state(one) for one in self.records if kernel_id in (None, one)]

    def viewers(self, kernel_id: str) -> int:
        """Return how many watch a kernel: notebooks, and clients of the stream."""
        return self._kernels.connections(kernel_id) + self.feed.watching(kernel_id)

    # -- asking -----------------------------------------------------------------------------

    async def ask(self, kernel_id: str, request: RequestKind, **more: Any) -> Reply:
        """Return the kernel's answer to a request.

        Raises
        ------
        UnknownKernelError, KernelSilentError, KernelDeclinedError
        """
        if kernel_id not in self.records:
            raise UnknownKernelError(f"no kernel {kernel_id!r} on this server")
        link = self._links.get(kernel_id)
        if link is None:
            raise KernelSilentError(self._unavailable.get(kernel_id, "the kernel is not connected"))
        reply = await link.ask(Request(request=request, **more), self.settings.answer_seconds)
        if reply.status == "error":
            raise KernelDeclinedError(reply.message)
        for update in reply.monitors:
            self._take(kernel_id, update)
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
                if kernel_id not in self._refreshing:
                    self._refreshing[kernel_id] = self.spawn(self._refresh(kernel_id))
                asked.append(self._refreshing[kernel_id])
        if asked:
            await asyncio.wait(asked)

    async def _refresh(self, kernel_id: str) -> None:
        try:
            await self._ask_for_all(kernel_id)
        finally:
            self._refreshing.pop(kernel_id, None)

    async def _ask_for_all(self, kernel_id: str, *, history: bool = False) -> None:
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

    # -- what kernels tell ------------------------------------------------------------------

    def _take(self, kernel_id: str, update: Update) -> None:
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
            if kernel_id not in self._refreshing:
                self._refreshing[kernel_id] = self.spawn(self._refresh(kernel_id))
        if first:
            self.spawn(self._meet(kernel_id))

    async def _meet(self, kernel_id: str) -> None:
        await self.compare_sessions()
        await self._viewers.tell(kernel_id)

    def _drop(self, kernel_id: str, reason: str) -> None:
        record = self.records.get(kernel_id)
        if record is not None:
            record.dropped[reason] += 1

    # -- kernels come and go ----------------------------------------------------------------

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
        self._connect(kernel_id)
        self._publish(kernel_id, "unavailable" if kernel_id in self._unavailable else "added")

    def _connect(self, kernel_id: str) -> None:
        self._disconnect(kernel_id)
        reason = self._kernels.why_unavailable()
        if reason is None:
            try:
                self._links[kernel_id] = KernelLink(
                    self._kernels.get(kernel_id),
                    on_update=lambda update: self._take(kernel_id, update),
                    on_drop=lambda why: self._drop(kernel_id, why),
                    max_bytes=self.settings.update_bytes,
                )
            # Kernels are run by whatever their provisioner is: none may harm the others.
            except Exception as error:
                self._log.warning("ipyvitals: cannot listen to kernel %s", kernel_id, exc_info=True)
                reason = f"its wires cannot be opened: {type(error).__name__}: {error}"
        if reason is not None:
            self._unavailable[kernel_id] = reason

    def _disconnect(self, kernel_id: str) -> None:
        link = self._links.pop(kernel_id, None)
        if link is not None:
            link.close()
        self._unavailable.pop(kernel_id, None)
        self._viewers.forget(kernel_id)

    def _begin_anew(self, kernel_id: str) -> None:
        # An automatic restart is told twice: when it begins, and when it is done.
        known = not self.records[kernel_id].blank
        self.records[kernel_id].forget()
        self._connect(kernel_id)
        if known:
            self._publish(kernel_id, "restarted")

    def _detach(self, kernel_id: str, change: KernelChange = "removed") -> None:
        if self.records.pop(kernel_id, None) is not None:
            self._disconnect(kernel_id)
            self._publish(kernel_id, change)

    def _publish(self, kernel_id: str, change: KernelChange) -> None:
        kernel = self.state(kernel_id) if kernel_id in self.records else None
        self.feed.publish(
            "kernel",
            kernel_id,
            partial(KernelMessage, kernel_id=kernel_id, change=change, kernel=kernel),
        )

    async def _watch(self) -> None:
        compared = 0.0
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            for kernel_id, record in self.records.items():
                if record.answers and self._viewers.is_due(kernel_id):
                    self.spawn(self._viewers.tell(kernel_id))
            if time.monotonic() - compared >= COMPARE_SECONDS:
                compared = time.monotonic()
                await self._compare()

    async def _compare(self) -> None:
        """Find what nobody announced: kernels that came or went, notebooks that were renamed."""
        there = set(self._kernels.ids())
        for kernel_id in there - self.records.keys():
            self._attach(kernel_id)
        for kernel_id in self.records.keys() - there:
            self._detach(kernel_id)
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
