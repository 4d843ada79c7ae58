"""A row that is both in the file and in the buffer is shown once, with its newest label."""

from __future__ import annotations

import pytest

from ipyvitals.schema import ModelDeployed, SystemSection
from ipyvitals.storage.columns import COLUMNS
from ipyvitals.storage.queries import SelfFilter
from ipyvitals.storage.reader import Reader
from ipyvitals.storage.rows import (
    DeploymentRow,
    LabelRow,
    PredictionRow,
    ProgressRow,
    SystemRow,
)
from tests.unit.storage.conftest import NOON


def event(seq):
    return ModelDeployed(
        monitor="default", seq=seq, at=NOON, model_id="churn", model_name="churn",
        model_version=None, deployment_timestamp=NOON,
    )  # fmt: skip


def prediction(n, actual=None, *, labelled=False):
    return PredictionRow(n, NOON, "churn", "a", n, actual, labelled, None, None)


@pytest.fixture
def rows(figures):
    """Two rows of each kind."""
    return [
        *(figures(second, total_predictions=second) for second in range(2)),
        *(SystemRow(NOON + second, SystemSection()) for second in range(2)),
        *(DeploymentRow(NOON + at, "churn", "churn", None, None, NOON, None) for at in range(2)),
        *(ProgressRow(1, n, NOON, "Fit", "running", n, 2, {}) for n in (1, 2)),
        *(event(seq) for seq in (1, 2)),
        *(prediction(n) for n in (1, 2)),
    ]


@pytest.mark.parametrize("section", COLUMNS)
@pytest.mark.parametrize("own", [True, False], ids=["of its monitor", "of all"])
def test_rows_that_are_being_written_stand_once_in_a_history(path, write, rows, section, own):
    session = write(*rows[::2])

    reader = Reader(path, session, rows)
    found = reader.history(section, own=SelfFilter(session.token, NOON) if own else None)

    assert len(found) == 2


def test_equal_rows_of_another_session_stay(path, write, rows):
    write(*rows)
    session = write()

    reader = Reader(path, session, rows)

    assert [len(reader.history(section)) for section in COLUMNS] == [4] * len(COLUMNS)


def test_a_label_that_waits_is_joined_to_a_prediction_in_the_file(path, write):
    session = write(prediction(1), prediction(2, 7, labelled=True), prediction(3))

    reader = Reader(path, session, [LabelRow(1, "late"), LabelRow(2, "too late"), prediction(3)])
    found = reader.history("predictions").sort_values("prediction")

    assert found["actual"].to_list() == ["late", 7, None]
    assert found["labelled"].to_list() == [True, True, False]


def test_a_prediction_that_was_labelled_while_it_was_read_keeps_the_label(path, write):
    session = write(prediction(1))

    reader = Reader(path, session, [prediction(1, "late", labelled=True)])

    assert reader.history("predictions")["actual"].to_list() == ["late"]
