"""Run the benchmarks, print one table, and write the figures as JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.fresh import ROOT
from benchmarks.table import Row, markdown

BENCHMARKS = {
    "record": "benchmarks.record:call_rows",
    "fold": "benchmarks.record:cpu_rows",
    "batch": "benchmarks.batch:batch_rows",
    "watch": "benchmarks.watch:watch_rows",
    "rate": "benchmarks.rate:rate_rows",
    "flat": "benchmarks.rate:flat_rows",
    "models": "benchmarks.models:model_rows",
    "labels": "benchmarks.labels:label_rows",
    "drift": "benchmarks.drift:drift_rows",
    "track": "benchmarks.track:track_rows",
    "adapters": "benchmarks.adapters:adapter_rows",
    "loop": "benchmarks.loop:loop_rows",
    "memory": "benchmarks.memory:memory_rows",
    "sample": "benchmarks.sample:sample_rows",
    "paint": "benchmarks.paint:paint_rows",
    "curves": "benchmarks.curves:curves_rows",
    "runs": "benchmarks.runs:runs_rows",
    "size": "benchmarks.size:size_rows",
    "import": "benchmarks.imports:import_rows",
    "autolog": "benchmarks.autolog:autolog_rows",
    "idle": "benchmarks.idle:idle_rows",
    "plot": "benchmarks.plot:plot_rows",
    "server": "benchmarks.server:server_rows",
    "workers": "benchmarks.workers:worker_rows",
    "history": "benchmarks.history:history_rows",
    "keras": "benchmarks.keras_adapter:keras_rows",
}
PEERS = (
    "anywidget",
    "ipykernel",
    "jax",
    "jupyter_resource_usage",
    "jupyter_server",
    "jupyterlab",
    "keras",
    "lightgbm",
    "mlflow_skinny",
    "numpy",
    "prometheus_client",
    "river",
    "tqdm",
    "trackio",
    "wrapt",
    "xgboost-cpu",
)


def main() -> int:
    """Return 1 when --check is given and a bound is missed."""
    options = _options()
    machine = _machine()
    rows: list[Row] = []
    measured: dict[str, list[dict[str, Any]]] = {}
    with TemporaryDirectory(prefix="ipyvitals-bench-", ignore_cleanup_errors=True) as folder:
        # The history of whoever runs this is not that of a benchmark.
        os.environ["JUPYTER_DATA_DIR"] = folder
        for name in options.only or BENCHMARKS:
            print(f"{name} …", file=sys.stderr, flush=True)
            found = _benchmark(name)(quick=options.quick)
            measured[name] = [row.as_dict() for row in found]
            rows += found
    print(markdown(rows))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(
        json.dumps({**machine, "quick": options.quick, "benchmarks": measured}, indent=2) + "\n",
        encoding="utf-8",
    )
    print(f"\nAll figures: {options.json}")
    missed = [row.work for row in rows if row.passed is False]
    if missed:
        print(f"{len(missed)} missed: {'; '.join(missed)}")
    return 1 if missed and options.check else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only", nargs="+", choices=BENCHMARKS, metavar="NAME", help="of: %(choices)s"
    )
    parser.add_argument("--quick", action="store_true", help="fewer rounds: rough figures")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a bound is missed")
    parser.add_argument("--json", type=Path, default=ROOT / "artifacts" / "benchmarks.json")
    return parser.parse_args()


def _benchmark(name: str) -> Callable[..., list[Row]]:
    module, function = BENCHMARKS[name].split(":")
    found: Callable[..., list[Row]] = getattr(import_module(module), function)
    return found


def _machine() -> dict[str, Any]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "load_average": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "versions": {name: version(name) for name in PEERS},
    }


if __name__ == "__main__":
    sys.exit(main())
