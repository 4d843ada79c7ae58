"""The magics of IPython: ``%vitals`` shows a panel, ``%%vitals`` runs a cell as a training run.

A cell that begins with ``%%vitals`` is no cell magic for IPython: its first line becomes a call
that opens the run, and the rest of the cell stays as it is, so that IPython runs it like any other
cell, with ``await``, its last value, and its errors. The run ends with the cell.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from ipyvitals.render.cell_summary import CellSummary

__all__ = ["MonitorAccess", "VitalsMagics", "load_magics", "unload_magics"]

FIRST_LINE = re.compile(r"%%vitals(?:[ \t]+(?P<name>.*?))?[ \t]*\r?\n?\Z")
OPEN = "--open"
"""What the first line of a cell with ``%%vitals`` passes to ``%vitals``, before the name."""
USAGE = "expected %vitals, %vitals stop, %vitals autolog on, or %vitals autolog off"
DEFAULT_STAGE = "Cell"


class MonitorAccess(NamedTuple):
    """Functions of the rooms above this one that the magics call."""

    newest: Callable[[], Any]
    """Returns the newest open monitor of this process, or ``None``."""
    make: Callable[[], Any]
    """Makes a monitor."""
    autolog: Callable[[bool], object]
    """Turns the automatic logging of frameworks on or off."""


class CellRun:
    """A cell that is run as a training run.

    Parameters
    ----------
    monitor : Monitor
    name : str
        Stage of the run.
    """

    def __init__(self, monitor: Any, name: str) -> None:
        self._monitor = monitor
        self._run = monitor.training(stage=name)
        self._began = time.monotonic(), time.process_time()

    def end(self, error: BaseException | None) -> CellSummary | None:
        """End the run, and return what it took."""
        wall, cpu = self._began
        seconds, cpu_seconds = time.monotonic() - wall, time.process_time() - cpu
        # A reading of the machine, since a short cell would have none. It takes time, too.
        self._monitor.tick()
        self._run.__exit__(None if error is None else type(error), error, None)
        for run in self._monitor.snapshot().runs:
            if run.run_id == self._run.run_id:
                return CellSummary(run, seconds, cpu_seconds)
        return None


class VitalsMagics:
    """The magic ``%vitals`` of one shell, and the cells with ``%%vitals``.

    Parameters
    ----------
    shell : IPython.core.interactiveshell.InteractiveShell
    access : MonitorAccess
    """

    def __init__(self, shell: Any, access: MonitorAccess) -> None:
        self._shell = shell
        self._access = access
        self._made: Any = None
        """The monitor that a magic made, to which nothing else refers."""
        self._cells: list[list[CellRun]] = []
        """The runs of each running cell, the outermost cell and run first."""

    def load(self) -> None:
        """Register the magics."""
        shell = self._shell
        shell.register_magic_function(self.vitals, "line_cell", "vitals")
        shell.input_transformers_cleanup.append(self.open_run_in_first_line)
        shell.events.register("pre_run_cell", self._begin_cell)
        shell.events.register("post_run_cell", self._end_cell)

    def unload(self) -> None:
        """Remove the magics; runs of cells that go on are ended with them."""
        shell = self._shell
        for kind in ("line", "cell"):
            shell.magics_manager.magics[kind].pop("vitals", None)
        shell.input_transformers_cleanup.remove(self.open_run_in_first_line)
        shell.events.unregister("pre_run_cell", self._begin_cell)
        shell.events.unregister("post_run_cell", self._end_cell)
        while self._cells:
            for cell_run in reversed(self._cells.pop()):
                cell_run.end(None)

    def vitals(self, line: str, cell: str | None = None) -> None:
        """Show the panel of the newest monitor, or run a cell as a training run.

        ``%vitals`` shows the panel of the newest open monitor, and makes one where there is none.
        ``%vitals stop`` asks its open runs to end. ``%vitals autolog on`` and ``%vitals autolog
        off`` let training in known frameworks report by itself, or not. ``%%vitals [name]`` runs
        the cell as a run of that name, and shows below it what it took.
        """
        if cell is not None:
            # Called as a function: IPython passes no cell here.
            self._shell.run_cell(f"%%vitals {line}\n{cell}").raise_error()
            return
        command, _, rest = line.strip().partition(" ")
        if command == OPEN:
            self._open(rest.strip())
        elif command == "":
            self._display(self._monitor())
        elif command == "stop" and not rest.strip():
            self._stop()
        elif command == "autolog" and rest.strip() in ("on", "off"):
            self._set_autolog(rest.strip() == "on")
        else:
            raise _usage_error(f"%vitals {line.strip()}: {USAGE}.")

    def open_run_in_first_line(self, lines: list[str]) -> list[str]:
        """Return the lines of a cell, in which ``%%vitals`` is replaced by what opens the run."""
        match = FIRST_LINE.match(lines[0]) if lines else None
        if match is None:
            return lines
        argument = f"{OPEN} {match['name'] or ''}".strip()
        call = f"get_ipython().run_line_magic('vitals', {argument!r})\n"
        body = lines[1:]
        if body and body[0].startswith("%%"):
            # Another cell magic, which gets the rest of the cell.
            body = [self._shell.transform_cell("".join(body))]
        return [call, *body]

    def _open(self, name: str) -> None:
        cell_run = CellRun(self._monitor(), name or DEFAULT_STAGE)
        if not self._cells:
            # The cell that loads the magics.
            self._cells.append([])
        self._cells[-1].append(cell_run)

    def _stop(self) -> None:
        monitor = self._access.newest()
        if monitor is None:
            raise _usage_error("%vitals stop: there is no open monitor.")
        count = monitor.stop_training()
        print(f"Asked {count} {'run' if count == 1 else 'runs'} to end.")  # noqa: T201

    def _set_autolog(self, enabled: bool) -> None:
        try:
            self._access.autolog(enabled)
        except ImportError as error:
            raise _usage_error(f"%vitals autolog: {error}") from error

    def _monitor(self) -> Any:
        monitor = self._access.newest()
        if monitor is None:
            monitor = self._made = self._access.make()
        return monitor

    def _begin_cell(self, info: Any) -> None:
        self._cells.append([])

    def _end_cell(self, result: Any) -> None:
        for cell_run in reversed(self._cells.pop() if self._cells else []):
            summary = cell_run.end(result.error_before_exec or result.error_in_exec)
            if summary is not None:
                self._display(summary)

    @staticmethod
    def _display(value: Any) -> None:
        from IPython.display import display

        display(value)  # type: ignore[no-untyped-call]


def load_magics(shell: Any, access: MonitorAccess) -> None:
    """Register the magics in a shell; a second call changes nothing."""
    if _find(shell) is None:
        VitalsMagics(shell, access).load()


def unload_magics(shell: Any) -> None:
    """Remove the magics from a shell."""
    magics = _find(shell)
    if magics is not None:
        magics.unload()


def _find(shell: Any) -> VitalsMagics | None:
    found = shell.magics_manager.magics["line"].get("vitals")
    owner = getattr(found, "__self__", None)
    return owner if isinstance(owner, VitalsMagics) else None


def _usage_error(text: str) -> Exception:
    from IPython.core.error import UsageError

    return UsageError(text)
