"""Hears the workers of a Dask cluster: `Monitor.attach` of a ``distributed.Client``.

A plugin makes a recorder in each worker, also in one that joins later. The recorder's reports are
events of a topic, to which the client of the home is subscribed.
"""

from __future__ import annotations

import hashlib
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import new_class
from typing import Any

from ipyvitals.errors import ArgumentTypeError, ArgumentValueError
from ipyvitals.integrations.adapter import import_framework
from ipyvitals.monitor import Monitor
from ipyvitals.monitor.attaching import Attachment
from ipyvitals.monitor.integration_support import add_reports, home_address, worker_recorder
from ipyvitals.remote.inbox import ReportInbox
from ipyvitals.remote.routes import set_route

__all__ = ["connect"]

REQUIRES = "distributed>=2024.5"
LAST_REPORT_SECONDS = 2.0
"""Longest wait of `detach` for the last reports of the workers."""


class ReportPlugin:
    """Has a Dask worker report to a home; the instances are WorkerPlugins of distributed too.

    Parameters
    ----------
    topic : str
        Of the events.
    monitor : str
        Name of the home's monitor.
    address : dict
        As in a pickle of the monitor.
    """

    def __init__(self, topic: str, monitor: str, address: dict[str, Any]) -> None:
        self.topic = topic
        self.monitor = monitor
        self.address = address

    def __reduce__(self) -> tuple[Any, ...]:
        return make_plugin, (self.topic, self.monitor, self.address)

    def setup(self, worker: Any) -> None:
        """Make the recorder of a worker; called by Dask."""

        def send(token: str, data: bytes) -> None:
            # Dask drops it where the worker is not connected; the next report has its counts.
            worker.log_event(self.topic, (token, data))

        self._send = send
        set_route(self._folder, send)
        worker_recorder(self.monitor, self.address, begin=True)

    def teardown(self, worker: Any) -> None:
        """Send the last report; called by Dask when a worker retires, or the home detaches."""
        worker_recorder(self.monitor, self.address, begin=False)
        set_route(self._folder, None)

    @property
    def _folder(self) -> str:
        folder: str = self.address["place"]["folder"]
        return folder


def make_plugin(topic: str, monitor: str, address: dict[str, Any]) -> ReportPlugin:
    """Return a plugin that Dask accepts."""
    return _plugin_class()(topic, monitor, address)


@cache
def _plugin_class() -> type[ReportPlugin]:
    distributed = import_framework("distributed", REQUIRES)
    made: Any = new_class("ReportPlugin", (ReportPlugin, distributed.WorkerPlugin))
    return made  # type: ignore[no-any-return]


def connect(monitor: Monitor, client: Any) -> Attachment:
    """Attach a monitor to the cluster of a client.

    Raises
    ------
    ArgumentTypeError, ArgumentValueError
        When `client` is no synchronous and connected client.
    """
    distributed = import_framework("distributed", REQUIRES)
    if not isinstance(client, distributed.Client):
        raise ArgumentTypeError(
            f"attach({client!r}): expected a distributed.Client, such as Client(cluster)."
        )
    if client.asynchronous:
        raise ArgumentTypeError("attach(): expected a client that was made without asynchronous=.")
    if client.status != "running":
        raise ArgumentValueError(
            f"attach(): the client is {client.status}; connect one to a cluster first."
        )
    return DaskConnection(monitor, client).attach()


class DaskConnection:
    """Connects a monitor with the cluster of a client.

    Parameters
    ----------
    monitor : Monitor
    client : distributed.Client
    """

    def __init__(self, monitor: Monitor, client: Any) -> None:
        self._client = client
        self._address = home_address(monitor)
        self._name = monitor.name
        place = self._address["place"]
        # The folder is that of the same history in the next kernel, on this machine.
        where = f"{place['host_id']}\n{Path(place['folder']).name}"
        self._topic = f"ipyvitals-{hashlib.sha256(where.encode()).hexdigest()[:16]}"
        self._inbox = ReportInbox(time.monotonic)
        self._reports = add_reports(monitor, self._inbox.take)

    def attach(self) -> Attachment:
        """Subscribe, then register the plugin, then read what was reported before."""
        try:
            self._client.subscribe_topic(self._topic, self._on_event)
            self._client.register_plugin(
                make_plugin(self._topic, self._name, self._address), name=self._plugin_name()
            )
            self._read_before()
        except BaseException:
            self._reports.stop()
            raise
        return Attachment(self._client, repr(self._client), self.detach)

    def detach(self) -> None:
        """Let the workers send their last reports, and unsubscribe."""
        try:
            if self._client.status == "running":
                self._client.unregister_worker_plugin(self._plugin_name())
                self._wait_for_last()
                self._client.unsubscribe_topic(self._topic)
        finally:
            self._reports.stop()

    def _on_event(self, event: Any) -> None:
        """Take an event on Dask's own thread: short, and without an exception."""
        with suppress(Exception):
            self._inbox.put(event[1])

    def _read_before(self) -> None:
        """Read the reports from before the subscription, and retire plugins of homes that ended.

        Workers go on while a kernel restarts.
        """
        # An event of this moment tells the scheduler's time.
        self._client.log_event(self._topic, "attached")
        events = self._client.get_events(self._topic)
        if not events:
            return
        now = events[-1][0]
        self._inbox.put_older((message, now - at) for at, message in events)
        for token in self._reports.former_homes():
            with suppress(Exception):
                self._client.unregister_worker_plugin(self._plugin_name(token))

    def _plugin_name(self, token: str | None = None) -> str:
        return f"{self._topic}-{token or self._address['place']['token']}"

    def _wait_for_last(self) -> None:
        end = time.monotonic() + LAST_REPORT_SECONDS
        while self._reports.are_open(self._inbox.writers) and time.monotonic() < end:
            time.sleep(0.02)
