"""Looks after the background threads of a monitor."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ipyvitals.utils.notices import Notices
from ipyvitals.utils.threads import Worker

__all__ = ["ThreadSupervisor"]


class ThreadSupervisor:
    """Starts background threads again that an error ended, and counts a notice for each.

    The scheduler's thread looks after the others, the sampling thread after the scheduler's, and
    public calls of the user after all.

    Parameters
    ----------
    notices : Notices
        Counts the threads that ended.
    workers : callable
        Returns the workers of the monitor; some of them belong to all monitors of the process.
    """

    def __init__(self, notices: Notices, workers: Callable[[], Iterable[Worker]]) -> None:
        self._notices = notices
        self._workers = workers
        self._seen = {worker: worker.endings for worker in workers()}

    def check(self) -> None:
        """Start each thread again that ended by an error."""
        for worker in self._workers():
            worker.check()
            endings, seen = worker.endings, self._seen.get(worker, 0)
            if endings > seen:
                self._seen[worker] = endings
                self._notices.add("threads.ended", count=endings - seen, thread=worker.name)
