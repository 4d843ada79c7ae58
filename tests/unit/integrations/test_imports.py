"""Importing an adapter imports no framework, and nothing else that is large."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import ipyvitals.integrations

MODULES = sorted(
    f"ipyvitals.integrations.{file.stem}"
    for file in Path(ipyvitals.integrations.__file__).parent.glob("[a-z]*.py")
)
LARGE = (
    *("accelerate", "catboost", "fastai", "jax", "keras", "lightgbm", "lightning", "optuna"),
    *("pandas", "plotly", "pytorch_lightning", "river", "scipy", "sklearn", "skorch"),
    *("tensorflow", "torch", "transformers", "xgboost"),
)
PROGRAM = f"""
import importlib, sys
for module in {MODULES!r}:
    importlib.import_module(module)
    print(module, *(name for name in {LARGE!r} if name in sys.modules))
"""


def test_in_a_fresh_interpreter_no_framework_is_imported():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True
    )

    assert "ipyvitals.integrations.keras" in MODULES
    assert done.stdout.split("\n") == [*MODULES, ""]
