"""What `import ipyvitals` costs."""

from __future__ import annotations

from benchmarks.fresh import in_fresh_python
from benchmarks.table import Row
from benchmarks.timing import interleaved, ratio

CODE = """
import json, sys, time
start = time.perf_counter()
import {module}
seconds = time.perf_counter() - start
print(json.dumps([seconds, [name for name in ("pandas", "plotly") if name in sys.modules]]))
"""


def import_rows(*, quick: bool) -> list[Row]:
    """Time the import alone, in a fresh Python each."""
    heavy: set[str] = set()

    def time_import(module: str) -> float:
        seconds, found = in_fresh_python(CODE.format(module=module))
        if module == "ipyvitals":
            heavy.update(found)
        return float(seconds)

    work = {name: lambda name=name: time_import(name) for name in ("ipyvitals", "anywidget")}
    interleaved(work, 1)  # the first ones read from the disk
    times = interleaved(work, 5 if quick else 15)
    ms = {name: 1e3 * min(seconds) for name, seconds in times.items()}
    return [
        Row(
            "`import ipyvitals`",
            ratio(times, "ipyvitals", "anywidget"),
            "{:.2f} × import anywidget",
            1.3,
            measured=f"{ms['ipyvitals']:.0f} ms; anywidget {ms['anywidget']:.0f} ms",
            data=ms,
        ),
        Row(
            "heavy libraries that it imports",
            len(heavy),
            "{:.0f} of pandas, plotly",
            0,
            measured=", ".join(sorted(heavy)),
        ),
    ]
