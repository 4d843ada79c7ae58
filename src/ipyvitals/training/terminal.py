"""Writes one line of progress to the standard error, where there is no notebook.

On a terminal the line is redrawn twice a second, and ends with the run. Elsewhere, such as in the
log of a batch job, a run writes a line a minute, and one at its end if it lasted that long.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from math import inf
from shutil import get_terminal_size
from typing import Any

from ipyvitals.render import formatting as fmt
from ipyvitals.schema import TrainingSection

__all__ = ["TerminalLine", "progress_line"]

REDRAW_SECONDS = 0.5
LOG_SECONDS = 60.0
MAX_METRICS = 4
BAR_CHARS = 20


class TerminalLine:
    """Shows the run in front on a stream. Any thread may call it.

    Parameters
    ----------
    monotonic : callable
        Returns seconds.
    stream : callable
        Returns the stream; the standard error by default, as it is at each call.
    """

    def __init__(
        self, monotonic: Callable[[], float], stream: Callable[[], Any] = lambda: sys.stderr
    ) -> None:
        self._monotonic = monotonic
        self._stream = stream
        self._lock = threading.Lock()
        self._run_id: str | None = None
        self._written_at = -inf
        self._has_line = False
        """Whether the cursor stands at the end of a line that is to be redrawn."""

    def show(self, section: TrainingSection, others: int = 0) -> None:
        """Write the line of a run, if one is due.

        Parameters
        ----------
        section : TrainingSection
        others : int
            Number of other open runs at the top.
        """
        if section.run_id is None or not self._lock.acquire(blocking=False):
            return
        try:
            stream = self._stream()
            if stream is not None:
                self._show(stream, section, others)
        except (OSError, ValueError):
            # The stream is closed, or cannot show the text; progress is not worth an error.
            return
        finally:
            self._lock.release()

    def _show(self, stream: Any, section: TrainingSection, others: int) -> None:
        now, ended = self._monotonic(), section.state != "running"
        terminal = bool(getattr(stream, "isatty", bool)())
        if section.run_id != self._run_id:
            self._run_id = section.run_id
            # A job that is over within a minute needs no line in a log.
            self._written_at = -inf if terminal else now
            if self._has_line:
                stream.write("\n")
                self._has_line = False
            if not terminal:
                return
        due = now - self._written_at >= (REDRAW_SECONDS if terminal else LOG_SECONDS)
        long_enough = (section.elapsed_seconds or 0.0) >= LOG_SECONDS
        if not (due or (ended and (terminal or long_enough))):
            return
        text = progress_line(section, others)
        self._written_at = now
        if terminal:
            width = max(10, get_terminal_size().columns - 1)
            stream.write(f"\r{text[:width]:<{width}}" + ("\n" if ended else ""))
        else:
            stream.write(text + "\n")
        self._has_line = terminal and not ended
        stream.flush()


def progress_line(section: TrainingSection, others: int = 0) -> str:
    """Return a run on one line of plain characters.

    Examples
    --------
    >>> progress_line(
    ...     TrainingSection(
    ...         state="running", stage="Fit", progress=25.0, current=5, total=20,
    ...         rate_per_second=0.5, eta_seconds=30.0, elapsed_seconds=10.0, details="",
    ...         metrics={"loss": 0.25},
    ...     )
    ... )
    'Fit:  25% |#####               | 5/20 [00:10<00:30, 2.00 s/step] loss 0.25'
    """
    parts = [f"{section.stage}:"]
    if section.progress is not None and section.total:
        filled = int(BAR_CHARS * section.progress / 100.0)
        parts.append(f"{int(section.progress):3d}% |{'#' * filled:<{BAR_CHARS}}|")
    done = str(section.current or 0)
    parts.append(f"{done}/{section.total}" if section.total else f"{done} steps")
    left = "" if section.eta_seconds is None else f"<{_clock(section.eta_seconds)}"
    pace = _pace(section.rate_per_second)
    parts.append(f"[{_clock(section.elapsed_seconds or 0.0)}{left}{pace}]")
    if section.state not in ("running", "completed"):
        parts.append(section.state)
    shown = list(section.metrics.items())[:MAX_METRICS]
    parts += [f"{name} {'-' if value is None else fmt.metric(value)}" for name, value in shown]
    if others:
        parts.append(f"(+{fmt.plural(others, 'run')})")
    text = " ".join(parts)
    return "".join(char if char.isprintable() and char.isascii() else "?" for char in text)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes:02d}:{rest:02d}"


def _pace(rate: float | None) -> str:
    if not rate:
        return ""
    return f", {rate:.2f} steps/s" if rate >= 1.0 else f", {1.0 / rate:.2f} s/step"
