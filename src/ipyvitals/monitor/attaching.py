"""Attaches a monitor to a cluster: the method of `Monitor` that hears the cluster's workers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from types import ModuleType, TracebackType
from typing import Any, Self

from ipyvitals.errors import ArgumentTypeError, ArgumentValueError
from ipyvitals.monitor.base import MonitorBase
from ipyvitals.monitor.identity import Way
from ipyvitals.runtime.processes import receive_here

__all__ = ["AttachingMixin", "Attachment"]

CLUSTERS = {
    "distributed": "ipyvitals.integrations.dask",
    "ray": "ipyvitals.integrations.ray",
}
"""By package of what `attach` is called with: the module whose `connect` attaches it."""


class Attachment:
    """A monitor that hears the workers of a cluster; returned by `Monitor.attach`.

    Parameters
    ----------
    cluster : object
        What `attach` was called with.
    name : str
        Describes the cluster.
    detach : callable
        Ends the connection.
    way : Way, optional
        Travels with pickled monitors.
    """

    def __init__(
        self, cluster: Any, name: str, detach: Callable[[], None], way: Way | None = None
    ) -> None:
        self.cluster = cluster
        self._name = name
        self._detach = detach
        self.way = way
        self.detached = False
        """True after `detach`."""

    def detach(self) -> None:
        """Hear the workers no longer; what they counted so far is counted.

        Examples
        --------
        >>> Attachment("client", "a cluster", lambda: None).detach()
        """
        if not self.detached:
            self.detached = True
            self._detach()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.detach()

    def __repr__(self) -> str:
        state = "detached from" if self.detached else "attached to"
        return f"<Attachment {state} {self._name}>"


class AttachingMixin(MonitorBase):
    """Hears the workers of clusters."""

    _attachments: tuple[Attachment, ...] = ()
    _home_model: dict[str, Any] | None = None
    """In a recorder: the model that the newest pickle of the home had."""

    def attach(self, cluster: Any) -> Attachment:
        """Hear the workers of a cluster of Dask or Ray, also those that join later.

        In a task, `record`, `track` and `log` of this monitor count in the worker, which reports
        once a second. Attach before the tasks are submitted.

        Parameters
        ----------
        cluster : distributed.Client or module
            A client of Dask, or the module ``ray`` after ``ray.init()``.

        Returns
        -------
        Attachment
            Its `detach` ends it; `close` does so too.

        Raises
        ------
        ArgumentTypeError, ArgumentValueError
            When `cluster` is something else, or is not connected, or the monitor is closed.
        """
        package = cluster.__name__ if isinstance(cluster, ModuleType) else type(cluster).__module__
        module = CLUSTERS.get(package.partition(".")[0])
        if module is None:
            raise ArgumentTypeError(
                f"attach({cluster!r}): expected a distributed.Client, or the module ray."
            )
        if self._engine.closed:
            raise ArgumentValueError(
                f"attach(): the monitor {self._engine.settings.name!r} is closed; make a Monitor, "
                "and attach that."
            )
        for one in self._attachments:
            if one.cluster is cluster and not one.detached:
                return one
        if receive_here(self._engine) is None:
            raise ArgumentValueError(
                "attach(): this monitor reports to another process; attach the monitor there."
            )
        # By name: the integrations are built on the monitor.
        attachment: Attachment = import_module(module).connect(self, cluster)
        open_ones = [one for one in self._attachments if not one.detached]
        self._attachments = (*open_ones, attachment)
        return attachment

    @property
    def _ways(self) -> list[Way]:
        """Ways home that travel with a pickle of this monitor."""
        ones = self._attachments
        return [one.way for one in ones if one.way is not None and not one.detached]

    def _detach_all(self) -> None:
        for one in self._attachments:
            # The cluster may be gone.
            with suppress(Exception):
                one.detach()
        self._attachments = ()
