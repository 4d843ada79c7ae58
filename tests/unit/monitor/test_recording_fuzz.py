"""Whatever is recorded, with a history and a new kernel after it, harms no other record.

Any call either raises before it records anything, or counts; the totals equal a plain count. No
value of any argument costs another record, a later kernel or a section of the history.
"""

from __future__ import annotations

import itertools
import warnings
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from importlib.util import find_spec
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ipyvitals import Drift, FakeClock, IpyvitalsError, Monitor
from ipyvitals.storage.columns import COLUMNS

HARM = ("intake.", "store.", "ticker.", "views.", "models.")
"""First parts of the codes of notices about more than one value."""


class Color(Enum):
    RED = 1


@dataclass(frozen=True)
class Mute:
    """A value whose texts cannot be read."""

    n: int

    def __repr__(self):
        raise RuntimeError("no text")


PLAIN = st.sampled_from([0, 1, -1, 0.5, True, "stays", "leaves", ""])
ODD = st.sampled_from(
    [
        *("\udc81", "\ud800x", "x\0y", "é" * 3_000, "x" * 5_000, b"\xff" * 2_000, "\u202e"),
        *(1 << 63, -(1 << 63), (1 << 63) - 1, 1 << 200, 10**5_000, -(10**5_000)),
        *(float("inf"), float("-inf"), 1e308, 5e-324, -0.0, 2j, Decimal("1e400"), Fraction(1, 3)),
        *((), ("EU", 3), (("\udc81",), 1 << 80), frozenset({1}), range(3), int, len, Color.RED),
        *(date(2026, 5, 1), datetime(2026, 5, 1, tzinfo=UTC), UUID(int=1 << 127), Mute(1), ...),
        *(np.int64(7), np.float32(0.5), np.bool_(True), np.str_("EU"), np.datetime64("2026-05-01")),
    ]
)
TEXT = st.text(st.characters(), max_size=8)
"""With lone surrogates, control characters and all of Unicode."""
HASHABLE = PLAIN | ODD | TEXT | st.integers() | st.floats(allow_nan=False)
ANY = HASHABLE | st.builds(list, st.lists(PLAIN, max_size=3)) | st.just({"a": 1})
LATENCY = st.sampled_from(
    [
        *(None, 0.0, 0.25, 1, np.float64(0.5), 1e300, -1.0, float("nan"), "fast", 1 << 2_000),
        *(np.array(0.1), np.array([0.1]), np.array([0.1, 0.2]), np.array(["0.1"]), [0.1], pd.NA),
        *(np.datetime64("2026-05-01"), np.timedelta64(1, "s"), Decimal("0.1"), 2j),
    ]
)
MODEL_ID = st.sampled_from([None, None, "churn", "\udc81", "m" * 3_000, "unknown", 7])
IDS = st.none() | HASHABLE | st.just(True)
ROWS = st.integers(0, 4)
ARRAYS = {
    "float": lambda n: np.linspace(-1.0, 1.0, n),
    "nan": lambda n: np.array([np.nan, np.inf, -np.inf, 0.0])[:n],
    "float16": lambda n: np.full(n, 6e4, np.float16),
    "int8": lambda n: np.arange(n, dtype=np.int8),
    "uint64": lambda n: np.full(n, (1 << 64) - 1, np.uint64),
    "bool": lambda n: np.arange(n) % 2 == 0,
    "complex": lambda n: np.full(n, 1 + 2j),
    "text": lambda n: np.array(["a", "é" * 50, "\udc81", ""])[:n],
    "bytes": lambda n: np.array([b"a", b"\xff", b"", b"b"])[:n],
    "object": lambda n: np.array([1, "a", None, ("EU",)], object)[:n],
    "dates": lambda n: np.array(["2026-05-01", "NaT", "1677-10-01", "2262-01-01"], "M8[ns]")[:n],
    "durations": lambda n: np.full(n, np.timedelta64(5, "s")),
    "record": lambda n: np.zeros(n, [("a", int), ("b", float)]),
    "series": lambda n: pd.Series([1.5, None, 2.5, 3.5][:n], index=[7, 7, 9, 11][:n]),
    "category": lambda n: pd.Series(["a", "b", None, "a"][:n], dtype="category"),
    "nullable": lambda n: pd.array([1, None, 3, 4][:n], dtype="Int64"),
    "masked": lambda n: np.ma.array(np.arange(n), mask=np.arange(n) == 1),
}
"""Arrays of up to four rows, by kind."""
KINDS = st.sampled_from(sorted(ARRAYS))


@st.composite
def features(draw, n):
    """Return features of `n` rows, or of one record where `n` is ``None``, or something else."""
    if n is None:
        return draw(st.sampled_from([None, {}, {"x": 1.0}, {"x": None, 7: "a"}, {"\udc81": Mute(1)},
                                     [1.0, 2.0], np.array([1.0, np.nan]), "x", 7,
                                     {"x": np.array([1.0])}, {"x": 10**5_000}]))  # fmt: skip
    kinds = draw(st.lists(KINDS, max_size=3))
    columns = {f"f{number}": ARRAYS[kind](n) for number, kind in enumerate(kinds)}
    shape = draw(st.sampled_from(["none", "mapping", "frame", "matrix", "rows", "short", "odd"]))
    if shape == "frame":
        return pd.DataFrame({name: list(column) for name, column in columns.items()})
    matrix = np.arange(2.0 * n).reshape(n, 2)
    short = {"f": np.arange(n + 1)}
    return {"none": None, "mapping": columns, "matrix": matrix, "rows": matrix.tolist(),
            "short": short, "odd": "features"}[shape]  # fmt: skip


@st.composite
def calls(draw):
    """Return the name of a method, its arguments, and what it counts."""
    which = draw(st.sampled_from(["record", "late", "batch", "arrays", "error", "label", "labels",
                                  "deploy", "training", "tick", "flush"]))  # fmt: skip
    shared = {"latency": draw(LATENCY), "model_id": draw(MODEL_ID)}
    if which == "record":
        segment = draw(st.none() | HASHABLE)
        more = {"segment": segment, "id": draw(IDS), "features": draw(features(None))}
        return "record", (draw(ANY), draw(ANY)), {**shared, **more}, 1
    if which == "late":
        return "record", (draw(ANY),), {**shared, "id": draw(IDS)}, 1
    if which == "batch":
        n = draw(ROWS)
        rows = [draw(ANY) for _ in range(n)]
        ids = draw(st.none() | st.lists(HASHABLE, min_size=n, max_size=n))
        actuals = draw(st.none() | st.lists(ANY, min_size=n, max_size=n))
        segment = draw(st.none() | st.lists(HASHABLE, min_size=n, max_size=n))
        return "record_batch", (rows, actuals), {**shared, "ids": ids, "segment": segment}, n
    if which == "arrays":
        n = draw(ROWS)
        rows, actuals = (ARRAYS[draw(KINDS)](n) for _ in range(2))
        more = {"features": draw(features(n)), "segment": draw(st.none() | KINDS.map(ARRAYS.get))}
        if callable(more["segment"]):
            more["segment"] = more["segment"](n)
        return "record_batch", (rows, draw(st.sampled_from([None, actuals]))), {**shared, **more}, n
    if which == "error":
        error = draw(st.none() | TEXT | st.builds(ValueError, TEXT))
        return "record_error", (error,), shared, 0
    if which == "label":
        return "label", (draw(HASHABLE), draw(ANY)), {}, 0
    if which == "labels":
        n = draw(ROWS)
        pairs = [[draw(HASHABLE) for _ in range(n)] for _ in range(2)]
        return "label_batch", tuple(pairs), {}, 0
    if which == "deploy":
        name = draw(st.sampled_from(["churn", "\udc81", "m" * 3_000]))
        version = draw(st.none() | HASHABLE)
        trained_at = draw(st.sampled_from([None, 1.7e9, 1.7e12, 1e300, "2026-05-01", "\udc81"]))
        return "deploy", (name,), {"version": version, "trained_at": trained_at,
                                   "model_id": name}, 0  # fmt: skip
    if which == "training":
        return "training", (draw(TEXT), draw(TEXT), draw(st.floats())), {}, 0
    return which, (), {}, 0


def call(monitor, name, args, options):
    """Call a method; return whether it accepted its arguments."""
    try:
        if name == "training":
            stage, details, loss = args
            with monitor.training(total=2, stage=stage or "Fit", details=details) as run:
                run.update(1, loss=loss)
        else:
            getattr(monitor, name)(*args, **options)
    except IpyvitalsError:
        return False
    return True


def totals(monitor):
    models = monitor.models()
    return (
        {model.model_id: model.total_predictions for model in models if model.total_predictions},
        {model.model_id: model.total_errors for model in models if model.total_errors},
    )


def shown(model_id):
    return model_id.encode("utf-8", "backslashreplace").decode()


def check_history(monitor, predictions):
    found = {section: monitor.history(section) for section in COLUMNS}
    assert len(found["predictions"]) == predictions
    assert found["metrics"]["model_id"].notna().all()
    notices = monitor.snapshot().notices
    assert [notice for notice in notices if notice.code.startswith(HARM)] == []


HAS_RIVER = find_spec("river") is not None
"""False in the environment of the oldest packages."""
SETTINGS = {
    "classes": {},
    "drift": {"drift": Drift(reference=30, window=30, errors=HAS_RIVER)},
    "regression": {"task": "regression", "tolerance": 0.5},
    "a score of the user": {"score": lambda prediction, actual: 1.0},
    "segments by class": {"segment": "class"},
    "a narrow window": {"accuracy_window": 1, "pending_limit": 1, "label_ttl": 1.0},
}


@pytest.mark.parametrize("options", SETTINGS.values(), ids=SETTINGS)
def test_no_record_harms_another_one_or_a_later_kernel(tmp_path, options):
    numbers = itertools.count()

    @settings(max_examples=8, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])
    @given(steps=st.lists(calls(), max_size=20), name=st.sampled_from(["m", "\udc81"]))
    def run(steps, name):
        path, clock = tmp_path / f"{next(numbers)}.sqlite", FakeClock()

        def kernel():
            return Monitor(
                "churn", name=name, interval=None, clock=clock, store=path,
                store_predictions=True, **options,
            )  # fmt: skip

        monitor, active = kernel(), "churn"
        predictions, errors = Counter(), Counter()
        for method, args, keywords, rows in steps:
            clock.advance(0.5)
            accepted = call(monitor, method, args, keywords)
            if accepted and method == "deploy":
                active = keywords["model_id"]
            elif accepted and method.startswith("record"):
                model_id = shown(keywords["model_id"] or active)
                predictions[model_id] += rows
                errors[model_id] += method == "record_error"
        expected = dict(+predictions), dict(+errors)

        assert totals(monitor) == expected
        assert monitor.flush()
        monitor.close()
        clock.advance(1)
        again = kernel()
        for model_id in ("\udc81", "m" * 3_000, "churn"):
            again.deploy(model_id, model_id=model_id)
        assert totals(again) == expected
        check_history(again, predictions.total())
        again.close()

    with warnings.catch_warnings():
        # Labels of another type than the predictions are warned about, once.
        warnings.simplefilter("ignore")
        run()
