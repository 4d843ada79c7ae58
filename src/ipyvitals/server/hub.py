"""Connects to every kernel of the server, tracks its state, and publishes each change."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from functools import partial
from typing import Any

from ipyvitals.schema.protocol import Reply, Request, RequestKind, Update
from ipyvitals.server.background import BackgroundTasks
from ipyvitals.server.broadcast import Broadcaster
from ipyvitals.server.errors import KernelReplyError, KernelTimeoutError, UnknownKernelError
from ipyvitals.server.events import EventBusEmitter
from ipyvitals.server.kernel_connection import KernelConnections
from ipyvitals.server.kernel_manager import KernelManagerAdapter, LifecycleChange
from ipyvitals.server.kernel_state import KernelStateTracker, MonitorStateTracker
from ipyvitals.server.schema import (
    KernelChange,
    KernelMessage,
    KernelState,
    UpdateMessage,
    event_message,
)
from ipyvitals.server.viewers import ViewerCountSender

__all__ = ["Hub", "HubConfig"]

VIEWER_POLL_SECONDS = 0.25
"""Interval between counts of the viewers: a new viewer sees everything within a second."""
DISCOVERY_SECONDS = 2.0
"""Interval between searches for renamed notebooks and for kernels that no event announced."""
STALE_SECONDS = 2.0
"""Age from which a state is requested anew before REST answers with it."""
RESYNC_SECONDS = 1.0
"""Shortest interval between requests for missing state of one kernel."""
SILENCE_TIMEOUT_SECONDS = 60.0
"""A kernel with viewers sends a message every few seconds; after this silence, reconnect."""


@dataclass(frozen=True)
class HubConfig:
    """Bounds on memory and waiting times of the hub."""

    points: int = 600
    """Points per monitor."""
    events: int = 200
    """Events per kernel."""
    resume_messages: int = 1000
    """Messages that the broadcaster buffers for clients that resume."""
    answer_seconds: float = 5.0
    """Timeout of a request to a kernel, in seconds."""
    update_bytes: int = 1024 * 1024
    """Size of an update; larger ones are dropped."""


class Hub:
    """Connects to kernels as they start and end; merges and publishes their updates.

    Parameters
    ----------
    kernel_manager : KernelManagerAdapter
        The kernels and sessions of the server.
    event_bus : EventBusEmitter
        Emits the seven events for other extensions.
    config : HubConfig
    log : logging.Logger
    """

    def __init__(
        self,
        kernel_manager: KernelManagerAdapter,
        event_bus: EventBusEmitter,
        config: HubConfig,
        log: logging.Logger,
    ) -> None:
        self.config = config
        self.broadcaster = Broadcaster(max_messages=config.resume_messages)
        self.background = BackgroundTasks(log)
        self.kernels: dict[str, KernelStateTracker] = {}
        """The state of each kernel, by id."""
        self._kernel_manager = kernel_manager
        self._event_bus = event_bus
        self._log = log
        self._connections = KernelConnections(
            kernel_manager,
            on_update=self.apply_update,
            on_drop=self._count_dropped,
            max_bytes=config.update_bytes,
            log=log,
        )
        self._viewer_counts = ViewerCountSender(self.count_viewers, self._send_viewer_count)
        self._refreshing: dict[str, asyncio.Task[None]] = {}

    def start(self) -> None:
        """Connect to the running kernels and to each one that starts later."""
        self._kernel_manager.subscribe(self._on_change)
        for kernel_id in self._kernel_manager.ids():
            self._attach(kernel_id)
            # Monitors without viewers may send nothing, so request their state.
            self._refresh(kernel_id)
        self.background.spawn(self._poll())

    async def stop(self) -> None:
        """Disconnect kernels and clients, and end all background tasks."""
        self._kernel_manager.unsubscribe()
        for subscriber in tuple(self.broadcaster.subscribers):
            subscriber.close(1001, "the server is stopping")
        for kernel_id in tuple(self.kernels):
            self._connections.close(kernel_id)
        self.kernels.clear()
        await self.background.stop()

    # State

    def state(self, kernel_id: str) -> KernelState:
        """Return one kernel with the full state of its monitors."""
        kernel = self.kernels[kernel_id]
        return KernelState(
            kernel_id=kernel_id,
            **self._kernel_manager.describe(kernel_id),
            connected=self._connections.is_open(kernel_id),
            unavailable=self._connections.unavailable_reason(kernel_id),
            last_seen=kernel.last_seen,
            monitors=[
                one.full_update(history=True) for one in kernel.monitors.values() if one.latest
            ],
        )

    def states(self, kernel_id: str | None = None) -> list[KernelState]:
        """Return the states of all kernels, or of the one with that id."""
        return [self.state(one) for one in self.kernels if kernel_id in (None, one)]

    def monitors_of_notebook(self, path: str) -> dict[str, MonitorStateTracker]:
        """Return the monitors of a notebook's kernel by name; `path` is that of the notebook."""
        return {
            name: monitor
            for kernel_id, kernel in self.kernels.items()
            if self._kernel_manager.path_of(kernel_id) == path
            for name, monitor in kernel.monitors.items()
        }

    def count_viewers(self, kernel_id: str) -> int:
        """Return the number of viewers of a kernel: connected frontends plus visible clients."""
        return self._kernel_manager.connections(kernel_id) + self.broadcaster.count_viewers(
            kernel_id
        )

    # Requests to kernels

    async def request(self, kernel_id: str, kind: RequestKind, **fields: Any) -> Reply:
        """Send a request to a kernel and return its reply; applies the updates in it.

        Raises
        ------
        UnknownKernelError
            When the server has no kernel of that id.
        KernelTimeoutError
            When the kernel is not connected or does not reply in time.
        KernelReplyError
            When the kernel replies with an error.
        """
        if kernel_id not in self.kernels:
            raise UnknownKernelError(f"no kernel {kernel_id!r} on this server")
        reply = await self._connections.request(
            kernel_id, Request(request=kind, **fields), self.config.answer_seconds
        )
        for update in reply.monitors:
            self.apply_update(kernel_id, update)
        return reply

    async def refresh(self, kernel_ids: list[str], older_than: float = STALE_SECONDS) -> None:
        """Request the state of those kernels that have no viewers and sent no update lately.

        Parameters
        ----------
        kernel_ids : list of str
            The kernels to consider.
        older_than : float
            Seconds since the last update from which a state counts as stale.
        """
        now = time.time()
        refreshing = []
        for kernel_id in kernel_ids:
            kernel = self.kernels.get(kernel_id)
            if kernel is None or not kernel.has_ipyvitals or self.count_viewers(kernel_id):
                continue
            if kernel.last_seen is None or now - kernel.last_seen >= older_than:
                refreshing.append(self._refresh(kernel_id))
        if refreshing:
            await asyncio.wait(refreshing)

    def _refresh(self, kernel_id: str) -> asyncio.Task[None]:
        """Request the whole state of a kernel, unless such a request is pending."""
        if kernel_id not in self._refreshing:
            task = self.background.spawn(self._request_snapshot(kernel_id))
            self._refreshing[kernel_id] = task
            task.add_done_callback(lambda _: self._refreshing.pop(kernel_id, None))
        return self._refreshing[kernel_id]

    async def _request_snapshot(self, kernel_id: str) -> None:
        kernel = self.kernels.get(kernel_id)
        history = kernel is not None and not kernel.has_history
        try:
            await self.request(kernel_id, "snapshot", history=history)
        except (UnknownKernelError, KernelTimeoutError, KernelReplyError) as error:
            # The last state stays, with the time at which it was taken.
            self._log.debug("ipyvitals: no snapshot of kernel %s: %s", kernel_id, error)

    async def _send_viewer_count(self, kernel_id: str, count: int) -> None:
        try:
            await self.request(kernel_id, "viewers", count=count)
        except (UnknownKernelError, KernelReplyError) as error:
            raise KernelTimeoutError(str(error)) from None

    # Updates of kernels

    def apply_update(self, kernel_id: str, update: Update) -> None:
        """Merge an update into the state of its kernel, and publish what changed."""
        kernel = self.kernels.get(kernel_id)
        if kernel is None:
            return
        first = not kernel.has_ipyvitals
        result = kernel.apply(update, time.time())
        if result is None:
            return
        self.broadcaster.publish(
            "update",
            kernel_id,
            partial(UpdateMessage, kernel_id=kernel_id, update=result.update),
        )
        for event in result.events:
            self.broadcaster.publish(
                event.type, kernel_id, partial(event_message, event, kernel_id=kernel_id)
            )
            self._event_bus.emit(event, kernel_id)
        if result.incomplete:
            kernel.dropped["lost"] += 1
            now = time.monotonic()
            # Limits the requests to a kernel that numbers its updates wrongly.
            if now - kernel.resync_requested_at >= RESYNC_SECONDS:
                kernel.resync_requested_at = now
                self._refresh(kernel_id)
        if first:
            self.background.spawn(self._on_first_update(kernel_id))

    async def _on_first_update(self, kernel_id: str) -> None:
        await self.update_sessions()
        await self._viewer_counts.send(kernel_id)

    def _count_dropped(self, kernel_id: str, reason: str) -> None:
        kernel = self.kernels.get(kernel_id)
        if kernel is not None:
            kernel.dropped[reason] += 1

    # Lifecycle of kernels

    def _on_change(self, kernel_id: str, change: LifecycleChange) -> None:
        if change == "added":
            self._attach(kernel_id)
        elif change in ("dead", "removed"):
            self._detach(kernel_id, change)
        elif kernel_id in self.kernels:
            self._on_restart(kernel_id)

    def _attach(self, kernel_id: str) -> None:
        if kernel_id in self.kernels or self._kernel_manager.is_starting(kernel_id):
            return
        self.kernels[kernel_id] = KernelStateTracker(
            kernel_id, max_points=self.config.points, max_events=self.config.events
        )
        self._kernel_manager.watch_restarts(kernel_id)
        self._connections.open(kernel_id)
        self._publish(kernel_id, "added" if self._connections.is_open(kernel_id) else "unavailable")

    def _on_restart(self, kernel_id: str) -> None:
        # An automatic restart is reported twice: when it begins, and when it is done.
        first_report = not self.kernels[kernel_id].is_empty
        self.kernels[kernel_id].clear()
        self._viewer_counts.forget(kernel_id)
        self._connections.open(kernel_id)
        if first_report:
            self._publish(kernel_id, "restarted")

    def _detach(self, kernel_id: str, change: KernelChange) -> None:
        if self.kernels.pop(kernel_id, None) is not None:
            self._viewer_counts.forget(kernel_id)
            self._connections.close(kernel_id)
            self._publish(kernel_id, change)

    def _publish(self, kernel_id: str, change: KernelChange) -> None:
        state = self.state(kernel_id) if kernel_id in self.kernels else None
        self.broadcaster.publish(
            "kernel",
            kernel_id,
            partial(KernelMessage, kernel_id=kernel_id, change=change, kernel=state),
        )

    # Background

    async def _poll(self) -> None:
        discovered_at = 0.0
        while True:
            await asyncio.sleep(VIEWER_POLL_SECONDS)
            for kernel_id, kernel in self.kernels.items():
                if kernel.has_ipyvitals and self._viewer_counts.is_due(kernel_id):
                    self.background.spawn(self._viewer_counts.send(kernel_id))
            if time.monotonic() - discovered_at >= DISCOVERY_SECONDS:
                discovered_at = time.monotonic()
                try:
                    await self._discover()
                # A kernel that cannot be described must not end the polling of all others.
                except Exception:
                    self._log.exception("ipyvitals: cannot compare kernels")

    async def _discover(self) -> None:
        """Find changes that no event announced: kernels that came or went, renamed notebooks.

        Also reconnects to kernels that have viewers but fell silent.
        """
        running = set(self._kernel_manager.ids())
        for kernel_id in running - self.kernels.keys():
            self._attach(kernel_id)
        for kernel_id in self.kernels.keys() - running:
            self._detach(kernel_id, "removed")
        for kernel_id, kernel in self.kernels.items():
            if (
                kernel.has_ipyvitals
                and self.count_viewers(kernel_id)
                and kernel.silence_seconds() > SILENCE_TIMEOUT_SECONDS
            ):
                kernel.mark_active()
                self._connections.open(kernel_id)
                self._refresh(kernel_id)
        if self.broadcaster.subscribers:
            await self.update_sessions()

    async def update_sessions(self) -> None:
        """Update the notebook of each kernel, and publish those that changed."""
        try:
            changed = await self._kernel_manager.update_sessions()
        # A custom session manager may raise anything; without names, the figures stay available.
        except Exception as error:
            self._log.debug("ipyvitals: no list of sessions: %s", error)
            return
        for kernel_id in changed & self.kernels.keys():
            self._publish(kernel_id, "session")
