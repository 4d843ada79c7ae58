"""What one monitor wants kept, and asks back: between its threads and the one that writes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

import msgspec

from ipyvitals.storage.buffer import WriteBuffer
from ipyvitals.storage.ownership import Session
from ipyvitals.storage.repository import Found, SessionRepository
from ipyvitals.storage.rows import StateRow

__all__ = ["Notices", "Request", "RestoreRequest", "SessionQueue"]


class Notices(Protocol):
    """Where what goes wrong is counted."""

    def add(
        self, code: str, text: str | None = None, /, count: int = 1, **args: str | float
    ) -> None:
        """Count something."""
        ...


class Request:
    """Something asked of the writer; whoever asks may wait."""

    def __init__(self) -> None:
        self.done = False
        self._answered = threading.Event()

    def answer(self, *, done: bool) -> None:
        """Let whoever waits go on; not done means: not now."""
        self.done = done
        self._answered.set()

    def wait(self, seconds: float) -> bool:
        """Wait for an answer; return whether it is done."""
        self._answered.wait(seconds)
        return self.done


class RestoreRequest(Request):
    """Asks for what an earlier kernel left of a model, which from then on is this session's."""

    def __init__(self, model_id: str) -> None:
        super().__init__()
        self.model_id = model_id
        self.found: Found | None = None


class SessionQueue:
    """Rows, states and requests of one session.

    The thread that writes holds this, and not the sink, which therefore can be dropped.

    Parameters
    ----------
    session : Session
    backlog : WriteBuffer
        Its rows.
    notices : Notices
    time : callable
        Returns the Unix time in seconds.
    """

    def __init__(
        self, session: Session, backlog: WriteBuffer, notices: Notices, time: Callable[[], float]
    ) -> None:
        self.session = session
        self.backlog = backlog
        self.notices = notices
        self.time = time
        self.closing = False
        """Whether nothing more will come."""
        self.ledger: SessionRepository | None = None
        self.beat_at = 0.0
        """When the file was told last that the session lives, in monotonic seconds."""
        self._states: dict[str, StateRow] = {}
        self._flushes: list[Request] = []
        self._recalls: list[RestoreRequest] = []
        self._lock = threading.RLock()

    @property
    def urgent(self) -> bool:
        """Whether somebody waits."""
        return bool(self._flushes or self._recalls or self.closing)

    @property
    def waiting(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._states or len(self.backlog) or self.urgent)

    def save(self, state: StateRow) -> None:
        """Keep the newest state of a model; of what it leaves out, the newest that waits."""
        with self._lock:
            before = self._states.get(state.model_id)
            if before is not None:
                body = before.body if state.body is None else state.body
                reference = before.reference if state.reference is None else state.reference
                state = msgspec.structs.replace(state, body=body, reference=reference)
            self._states[state.model_id] = state

    def ask(self, request: Request, *, last: bool = False) -> None:
        """Ask the writer for something; `last` says that nothing more will come."""
        with self._lock:
            self.closing = self.closing or last
            if isinstance(request, RestoreRequest):
                self._recalls.append(request)
            else:
                self._flushes.append(request)

    def take_states(self) -> dict[str, StateRow]:
        """Return the states that wait, which wait no more."""
        with self._lock:
            states, self._states = self._states, {}
            return states

    def put_back(self, states: dict[str, StateRow], flushes: list[Request]) -> None:
        """Let what was taken wait again, but states of which there is a newer one."""
        with self._lock:
            newer, self._states = self._states, states
            for state in newer.values():
                self.save(state)
            self._flushes = flushes + self._flushes

    def take_flushes(self) -> tuple[list[Request], bool]:
        """Return the requests for a flush, which are asked no more, and whether they are last."""
        with self._lock:
            flushes, self._flushes = self._flushes, []
            return flushes, self.closing

    def recalls(self) -> list[RestoreRequest]:
        """Return what is to be recalled."""
        with self._lock:
            return list(self._recalls)

    def answer(self, recalls: list[RestoreRequest]) -> None:
        """Answer recalls, which are asked no more."""
        with self._lock:
            self._recalls = [one for one in self._recalls if one not in recalls]
        for one in recalls:
            one.answer(done=True)

    def asked(self) -> list[Request]:
        """Return all requests so far."""
        with self._lock:
            return [*self._flushes, *self._recalls]

    def not_now(self, requests: list[Request]) -> None:
        """Let those who wait for these go on without an answer; recalls stay asked."""
        with self._lock:
            self._flushes = [one for one in self._flushes if one not in requests]
        for request in requests:
            if not request.done:
                request.answer(done=False)
