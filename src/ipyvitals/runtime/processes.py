"""Connects a monitor with other processes: as the home of workers, or as a worker of a home."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from ipyvitals.remote.address import (
    Place,
    announce,
    home_folder,
    inherited_place,
    launched_place,
    named_folder,
)
from ipyvitals.remote.folder import ReportFolder
from ipyvitals.remote.routes import route_to
from ipyvitals.runtime.config import MonitorConfig
from ipyvitals.runtime.engine import Engine
from ipyvitals.runtime.reporting import writer_here
from ipyvitals.storage.ownership import Session

__all__ = ["as_worker", "connect_processes", "receive_here"]


def as_worker(settings: MonitorConfig) -> MonitorConfig:
    """Return the settings of a worker, where this process was started by a home of this name.

    A worker stores nothing: the home does.
    """
    place = settings.reports
    if place is True:
        place = inherited_place(settings.name) or launched_place(settings.name) or True
    if isinstance(place, Path):
        return replace(settings, reports=place)
    if not isinstance(place, Place):
        return settings
    return replace(settings, store=None, terminal=False, reports=place)


def connect_processes(engine: Engine) -> None:
    """Receive the reports of workers, or report to the home that this process was started by."""
    reports, session = engine.settings.reports, engine.persistence.session()
    if isinstance(reports, Place):
        _report(engine, reports, session)
    elif isinstance(reports, Path):
        _receive(engine, named_folder(reports, engine.settings.name), session)
    elif reports:
        folder = home_folder(engine.settings.name, engine.settings.store, session)
        _receive(engine, folder, session)


def _report(engine: Engine, place: Place, session: Session) -> None:
    engine.place = place
    home = None if place.token is None else place
    engine.send_reports(writer_here(session, home), _Delivery(place).send)


class _Delivery:
    """Sends the reports of this process by the route to its home, or through the folder."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._folder = ReportFolder(Path(place.folder))

    def send(self, token: str, data: bytes) -> None:
        """Send one report."""
        send = route_to(self._place.folder)
        if send is not None:
            send(token, data)
        elif self._place.can_be_reached():
            self._folder.write(token, data)


def receive_here(engine: Engine) -> Place | None:
    """Receive reports also where the monitor does not; return the place, ``None`` for a worker."""
    if engine.receiver is None and engine.sender is None:
        session = engine.persistence.session()
        folder = home_folder(engine.settings.name, engine.settings.store, session)
        _receive(engine, folder, session)
    return engine.place if engine.receiver is not None else None


def _receive(engine: Engine, folder: Path, session: Session) -> None:
    engine.place = Place.of(folder, session)
    engine.receive_reports(folder)
    announce(engine.settings.name, engine.place)
