"""What `autolog` costs before a framework is imported, and what an import costs after it."""

from __future__ import annotations

from benchmarks.fresh import in_fresh_python
from benchmarks.table import Row
from benchmarks.timing import interleaved, ratio

CALL = """
import json, sys, time
import ipyvitals
before = set(sys.modules)
start = time.perf_counter()
ipyvitals.autolog()
seconds = time.perf_counter() - start
new = {name.partition(".")[0] for name in set(sys.modules) - before}
print(json.dumps([seconds, sorted(new - {"ipyvitals"} - sys.stdlib_module_names)]))
"""
IMPORTS = """
import json, sys, tempfile, time
from pathlib import Path
import ipyvitals
if %s:
    ipyvitals.autolog()
folder = Path(tempfile.mkdtemp())
sys.path.insert(0, str(folder))
for number in range(300):
    (folder / f"module_{number}.py").write_text("")
sys.dont_write_bytecode = True
start = time.perf_counter()
for number in range(300):
    __import__(f"module_{number}")
print(json.dumps(time.perf_counter() - start))
"""


def autolog_rows(*, quick: bool) -> list[Row]:
    """Time the call, its own import included, and imports of modules that it does not watch."""
    imported: set[str] = set()

    def time_call() -> float:
        seconds, found = in_fresh_python(CALL)
        imported.update(found)
        return float(seconds)

    def time_imports(on: bool) -> float:
        return float(in_fresh_python(IMPORTS % on))

    rounds = 5 if quick else 15
    time_call()  # the first one reads from the disk
    calls = [time_call() for _ in range(rounds)]
    times = interleaved(
        {"on": lambda: time_imports(True), "off": lambda: time_imports(False)}, rounds
    )
    us = {name: 1e6 * min(seconds) / 300 for name, seconds in times.items()}
    return [
        Row(
            "`autolog()` when nothing is imported",
            1e3 * min(calls),
            "{:.1f} ms",
            5.0,
            measured=f"{len(imported)} packages imported by it {', '.join(sorted(imported))}",
            data={"ms": [1e3 * seconds for seconds in calls]},
        ),
        Row(
            "import of another module after `autolog()`",
            ratio(times, "on", "off"),
            "{:.2f} × without",
            1.1,
            measured=f"{us['on']:.0f} µs; without {us['off']:.0f} µs",
            data=us,
        ),
    ]
