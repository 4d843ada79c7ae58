"""Hears the workers of a Ray cluster: `Monitor.attach` of the module ``ray``.

One actor of the home collects the newest report of each worker; the home asks it once a second.
Workers find the actor by its name, which a pickled monitor has.
"""

from __future__ import annotations

import atexit
import sys
import time
from contextlib import suppress
from importlib import import_module
from typing import Any

from ipyvitals.errors import ArgumentValueError
from ipyvitals.monitor import Monitor
from ipyvitals.monitor.attaching import Attachment
from ipyvitals.monitor.integration_support import add_reports, home_address
from ipyvitals.remote.inbox import MAX_MESSAGES, message_of
from ipyvitals.remote.routes import set_route

__all__ = ["ReportCollector", "connect"]

NAMESPACE = "ipyvitals"
ANSWER_SECONDS = 0.1
"""Longest wait for the actor's answer; a later one is read a second later."""
SEND_SECONDS = 1.0
"""Longest wait of a worker for the actor; the next report has the counts of one that was late."""
LAST_REPORT_SECONDS = 1.5
"""Wait of `detach`, in which each worker that counts reports once more."""


class ReportCollector:
    """Collects the newest report of each worker; runs as an actor."""

    def __init__(self) -> None:
        self._reports: dict[str, tuple[int, float, bytes]] = {}
        """By token, the one that reported longest ago in front."""
        self._number = 0

    def put(self, token: str, data: bytes) -> None:
        """Store a report of a worker."""
        found = message_of((token, data))
        if found is None:
            return
        self._reports.pop(found.token, None)
        if len(self._reports) >= MAX_MESSAGES:
            del self._reports[next(iter(self._reports))]
        self._number += 1
        self._reports[found.token] = self._number, time.monotonic(), found.data

    def newer(self, number: int) -> tuple[int, list[tuple[bytes, float]]]:
        """Return the number of the newest report, and those after `number` with their ages."""
        now = time.monotonic()
        found = [(data, now - at) for one, at, data in list(self._reports.values()) if one > number]
        return self._number, found


class RayWay:
    """Has a worker of Ray report to the actor of a home; travels with a pickled monitor.

    Parameters
    ----------
    actor : str
        Name of the actor.
    """

    def __init__(self, actor: str) -> None:
        self.actor = actor

    def open(self, folder: str) -> None:
        """Set the route to the home of a folder, where this process is a worker of Ray."""
        # A process that is one has loaded the module.
        ray = sys.modules.get("ray")
        with suppress(Exception):
            if ray is not None and ray.is_initialized():
                put = ray.get_actor(self.actor, namespace=NAMESPACE).put

                def send(token: str, data: bytes) -> None:
                    # Waited for, on a thread of the recorder: where the actor is gone, it raises.
                    ray.get(put.remote(token, data), timeout=SEND_SECONDS)

                set_route(folder, send)
                # As an interpreter exits, before the last report of the recorder, which the
                # module of this import sends: Ray sends nothing more then, and raises nothing.
                # On the machine of the home that report goes into the folder.
                import_module("multiprocessing.util")
                atexit.register(set_route, folder, None)


def connect(monitor: Monitor, ray: Any) -> Attachment:
    """Attach a monitor to the cluster that ``ray.init()`` connected this process with.

    Raises
    ------
    ArgumentValueError
        When Ray is not initialized.
    """
    if not ray.is_initialized():
        raise ArgumentValueError("attach(ray): Ray is not initialized; call ray.init() first.")
    connection = RayConnection(monitor, ray)
    return Attachment(ray, "Ray", connection.detach, RayWay(connection.actor_name))


class RayConnection:
    """Connects a monitor with the cluster of Ray.

    Parameters
    ----------
    monitor : Monitor
    ray : module
    """

    def __init__(self, monitor: Monitor, ray: Any) -> None:
        self._ray = ray
        self.actor_name = f"ipyvitals-{home_address(monitor)['place']['token']}"
        options = {"num_cpus": 0, "max_restarts": -1, "max_task_retries": 0}
        self._actor = (
            ray.remote(ReportCollector)
            .options(name=self.actor_name, namespace=NAMESPACE, get_if_exists=True, **options)
            .remote()
        )
        self._answer: Any = None
        self._number = 0
        # Until the actor runs, workers do not find it.
        ray.get(self._actor.newer.remote(0))
        self._reports = add_reports(monitor, self._poll)

    def detach(self) -> None:
        """Take the reports of one more second, and end the actor."""
        try:
            if self._ray.is_initialized():
                time.sleep(LAST_REPORT_SECONDS)
        finally:
            self._reports.stop()
            with suppress(Exception):
                self._ray.kill(self._actor)

    def _poll(self) -> list[tuple[bytes, float]]:
        """Return the reports that are new; waits for no actor that does not answer."""
        ray = self._ray
        if not ray.is_initialized():
            return []
        if self._answer is None:
            self._answer = self._actor.newer.remote(self._number)
        if not ray.wait([self._answer], timeout=ANSWER_SECONDS)[0]:
            return []
        answer, self._answer = self._answer, None
        number, found = ray.get(answer)
        # An actor that was started again counts anew.
        self._number = number
        return [(data, age) for data, age in found]
