"""Say what a cell took that was run as a training run: one line of text, and a small table."""

from __future__ import annotations

from html import escape

from ipyvitals.render import formatting as fmt
from ipyvitals.render.html_parts import cell, quiet, row, table
from ipyvitals.render.plain import plain_text
from ipyvitals.render.run_summary import run_title
from ipyvitals.schema import RunInfo, format_uptime

__all__ = ["CellSummary"]

SHORT_SECONDS = 60.0
"""Durations below this are shown with their fractions of a second."""


class CellSummary:
    """Shows what a run took: in a notebook as a table, elsewhere as a line; unknown is "–".

    Parameters
    ----------
    run : RunInfo
        A run that has ended.
    seconds : float, optional
        Duration of the code; that of the run by default.
    cpu_seconds : float, optional
        CPU time of this process meanwhile, of all its threads.

    Examples
    --------
    >>> run = RunInfo(run_id="a-1", stage="fit", state="completed", elapsed_seconds=2.0)
    >>> CellSummary(run, cpu_seconds=3.0)
    fit: completed, time 2.00 s, CPU 3.00 s (1.5 cores), peak memory –, GPU –, energy –
    """

    def __init__(
        self, run: RunInfo, seconds: float | None = None, cpu_seconds: float | None = None
    ) -> None:
        self._run = run
        self._facts = _facts(run, run.elapsed_seconds if seconds is None else seconds, cpu_seconds)

    def __repr__(self) -> str:
        run = self._run
        facts = [f"{name} {value}" for name, value in self._facts]
        head = f"{run_title(run)}: {run.state}"
        if run.state == "failed" and run.details:
            head += f" ({run.details})"
        return plain_text(", ".join([head, *facts]))

    def _repr_html_(self) -> str:
        run = self._run
        head = f"<b>{escape(run_title(run))}</b> {escape(run.state)}"
        if run.details:
            head += f" {quiet(escape(run.details))}"
        shown = [(name[:1].upper() + name[1:], value) for name, value in self._facts]
        gpu = "<br>".join(f"{quiet(name)} {escape(value)}" for name, value in shown[3:])
        cells = [cell(f"{quiet(name)}<br>{escape(value)}") for name, value in shown[:3]]
        return table([row(cell(head, span=4), line=False), row(*cells, cell(gpu))])


def _facts(run: RunInfo, seconds: float, cpu_seconds: float | None) -> list[tuple[str, str]]:
    cost = run.cost
    memory = fmt.UNKNOWN if cost is None else fmt.bytes_text(cost.peak_memory_bytes)
    gpu = fmt.UNKNOWN if cost is None else fmt.percent(cost.gpu_utilization_percent)
    watt_hours = None if cost is None else cost.energy_wh
    energy = fmt.UNKNOWN if watt_hours is None else f"{fmt.metric(watt_hours)} Wh"
    return [
        ("time", _duration(seconds)),
        ("CPU", _cpu(cpu_seconds, seconds)),
        ("peak memory", memory),
        ("GPU", gpu),
        ("energy", energy),
    ]


def _duration(seconds: float) -> str:
    return fmt.latency(seconds, 3) if seconds < SHORT_SECONDS else format_uptime(seconds)


def _cpu(cpu_seconds: float | None, seconds: float) -> str:
    if cpu_seconds is None:
        return fmt.UNKNOWN
    text = _duration(cpu_seconds)
    if seconds <= 0.0:
        return text
    return f"{text} ({fmt.cores(round(cpu_seconds / seconds, 1))})"
