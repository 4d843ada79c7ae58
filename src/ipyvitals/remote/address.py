"""Finds the folder of reports: a home announces it in an environment variable for its children.

The variable has the JSON of a `HomeAddress`, or, where an operator set it, the path of a folder:
then every monitor of the process reports there.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path

import msgspec

from ipyvitals.remote.routes import route_to
from ipyvitals.storage.ownership import Session, SessionOwner, alive, start_of_process

__all__ = [
    "VARIABLE",
    "HomeAddress",
    "Place",
    "announce",
    "home_folder",
    "inherited_place",
    "launched_place",
    "named_folder",
    "withdraw",
]

VARIABLE = "IPYVITALS_REPORTS"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """The process of a home, and the folder of one of its monitors."""

    folder: str
    token: str | None = None
    """Token of the home's session; ``None`` for a folder that an operator named."""
    pid: int = 0
    host_id: str | None = None
    process_start: str | None = None

    @classmethod
    def of(cls, folder: Path, session: Session) -> Place:
        """Return the place of a home in this process."""
        return cls(
            folder=str(folder),
            token=session.token,
            pid=session.pid,
            host_id=session.host_id,
            process_start=session.process_start,
        )

    @property
    def is_here(self) -> bool:
        """True in the process of the home itself."""
        here = Session.here("", 0.0)
        return self.process == (here.pid, here.host_id, here.process_start)

    @property
    def process(self) -> tuple[int, str | None, str | None]:
        """Process id, host and start of the home's process."""
        return self.pid, self.host_id, self.process_start

    def can_be_reached(self) -> bool:
        """Return whether reports can be sent from here: not years later, or from anywhere."""
        return (
            self.host_id is None
            or route_to(self.folder) is not None
            or self.host_id == Session.here("", 0.0).host_id
        )

    def is_alive(self, now: float) -> bool:
        """Return whether the home's process runs; false where that cannot be known."""
        if self.token is None:
            return False
        return alive(
            SessionOwner(self.token, 0.0, None, self.pid, self.host_id, self.process_start), now
        )


class HomeAddress(msgspec.Struct, frozen=True):
    """The monitors of a process, by name."""

    monitors: dict[str, Place] = {}


def home_folder(name: str, store: Path | None, session: Session) -> Path:
    """Return the folder of a monitor's workers; nobody has made it yet.

    A monitor with a history has the same folder in the next kernel, where the workers that are
    still alive report.
    """
    key = session.token if store is None else str(store.resolve())
    digest = hashlib.sha256(f"{key}\n{name}".encode("utf-8", "surrogatepass")).hexdigest()[:16]
    readable = re.sub(r"[^A-Za-z0-9_-]+", "-", name)[:40]
    return _base_folder() / f"{readable}-{digest}"


def _base_folder() -> Path:
    user = os.getuid() if hasattr(os, "getuid") else "user"
    return Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()) / f"ipyvitals-{user}"


def named_folder(path: Path, name: str) -> Path:
    """Return the folder of a monitor inside one that an operator named."""
    return path / re.sub(r"[^A-Za-z0-9_.-]", "-", name)


def launched_place(name: str) -> Place | Path | None:
    """Return where a process of ``torchrun`` or the like reports, or where it receives reports.

    The first process of a machine is the home of the others: it gets a path.
    """
    ranks = [os.environ.get(one, "") for one in ("RANK", "WORLD_SIZE", "LOCAL_RANK")]
    if not all(one.isdecimal() for one in ranks) or int(ranks[1]) < 2:
        return None
    # The launcher is the parent of all; ports and names of runs come again with the next launch.
    parent = os.getppid()
    launch = [os.environ.get(one) for one in ("TORCHELASTIC_RUN_ID", "MASTER_ADDR", "MASTER_PORT")]
    key = f"{launch} {parent} {start_of_process(parent)} {name}"
    folder = _base_folder() / f"launch-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    return folder if int(ranks[2]) == 0 else Place(folder=str(named_folder(folder, name)))


def announce(name: str, place: Place) -> None:
    """Let the children of this process find the folder of a monitor."""
    before = _address()
    if isinstance(before, str):
        return
    own = {} if before is None else {n: p for n, p in before.monitors.items() if p.is_here}
    encoded = msgspec.json.encode(HomeAddress({**own, name: place}))
    os.environ[VARIABLE] = encoded.decode()


def withdraw(name: str, place: Place) -> None:
    """Let the children that are started from now on find the monitor no more: it is closed."""
    before = _address()
    if not isinstance(before, HomeAddress) or before.monitors.get(name) != place:
        return
    left = {n: p for n, p in before.monitors.items() if n != name}
    if left:
        os.environ[VARIABLE] = msgspec.json.encode(HomeAddress(left)).decode()
    else:
        del os.environ[VARIABLE]


def inherited_place(name: str) -> Place | None:
    """Return where a monitor of this process reports; ``None`` for one that is a home itself."""
    address = _address()
    if isinstance(address, str):
        return Place(folder=str(named_folder(Path(address), name)))
    place = None if address is None else address.monitors.get(name)
    return None if place is None or place.is_here else place


def _address() -> HomeAddress | str | None:
    text = os.environ.get(VARIABLE, "")
    if not text.startswith("{"):
        return text or None
    try:
        return msgspec.json.decode(text, type=HomeAddress)
    except msgspec.MsgspecError:
        return None
