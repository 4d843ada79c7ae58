"""Answers questions about a history, from a file, from memory, or from both."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ipyvitals.errors import ArgumentValueError
from ipyvitals.storage.catalog import complete, list_curves, list_models, list_monitors, list_runs
from ipyvitals.storage.columns import COLUMNS, SECTIONS, Column
from ipyvitals.storage.curve_frames import curve_frame
from ipyvitals.storage.database import HistoryDatabase, open_history
from ipyvitals.storage.dataframes import dataframe, micros_of_freq, resample_training
from ipyvitals.storage.downsampling import min_max_per_pixel
from ipyvitals.storage.lost import lost_tokens
from ipyvitals.storage.moments import lowest_stored
from ipyvitals.storage.ownership import Session
from ipyvitals.storage.queries import HistoryQuery, SelfFilter, event_query, sample_query
from ipyvitals.storage.rows import Row
from ipyvitals.storage.settings import TRAINING_DAYS, training_days_of
from ipyvitals.storage.summaries import StoredModel, StoredMonitor, StoredRun
from ipyvitals.utils.datetimes import unix_seconds
from ipyvitals.utils.storable import storable_key

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Reader"]

SAMPLES = ("metrics", "system")
TABLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "training": ("progress", ("run", "stage", "state", "step", "total", "metrics")),
    "events": ("events", ("type", "seq", "model_id", "data")),
    "models": (
        "deployments",
        ("model_id", "name", "version", "trained_at", "deployed_at", "baseline_accuracy"),
    ),
    "predictions": (
        "predictions",
        ("model_id", "key AS id", "prediction", "actual", "labelled", "latency_seconds", "segment"),
    ),
}
OF_MODELS = ("metrics", "events", "models", "predictions")
SOURCE = (Column("monitor", "text"), Column("session", "text"))


class Reader:
    """Reads a file, rows that are in no file yet, or both as one.

    Each call opens the file, fetches its rows and closes the file, so any thread may call, and a
    call that is interrupted blocks nothing.

    Parameters
    ----------
    path : Path, optional
        A file of history.
    session : Session, optional
        The session of `rows`; without one, there are none.
    rows : iterable of Row
        Rows to read as if they were in the file.

    Raises
    ------
    StoreError
        When the file cannot be read.
    """

    def __init__(
        self, path: Path | None = None, session: Session | None = None, rows: Iterable[Row] = ()
    ) -> None:
        self._path = path
        self._session = session
        self._rows = list(rows)
        if path is not None:
            with open_history(path):
                pass

    def history(
        self,
        section: str,
        *,
        since: Any = None,
        until: Any = None,
        monitor: str | None = None,
        model_id: str | None = None,
        freq: Any = None,
        own: SelfFilter | None = None,
        pixels: int | None = None,
    ) -> pd.DataFrame:
        """Return a section of the history; with `own`, that of one monitor alone.

        With `pixels`, many samples are reduced to what a plot of that width shows.
        """
        _check_section(section, model_id, freq)
        query = HistoryQuery(
            lowest_stored(unix_seconds("since", since)),
            lowest_stored(unix_seconds("until", until)),
            _key(monitor),
            _key(model_id),
        )
        micros = None if freq is None else micros_of_freq(freq)
        columns = COLUMNS[section]
        if own is None:
            columns = (*SOURCE, *(column for column in columns if column.name != "monitor"))
        with self._open() as database:
            if own is not None:
                query = query._replace(own=complete(database, own))
            if section in SAMPLES:
                if pixels is not None:
                    reduced = min_max_per_pixel(database, section, query, pixels)
                    if reduced is not None:
                        return dataframe([reduced], section, columns)
                if micros is not None:
                    columns = tuple(column.averaged for column in columns)
                chunks = database.chunks(*sample_query(database, section, query, micros))
                return dataframe(chunks, section, columns)
            lost = lost_tokens(database, time.time()) if section == "training" else ()
            chunks = database.chunks(*event_query(database, *TABLES[section], query, lost))
            found = dataframe(chunks, section, columns)
        return found if micros is None else resample_training(found, micros)

    def monitors(self) -> list[StoredMonitor]:
        """Return the monitors, the one with the newest heartbeat last."""
        with self._open() as database:
            return list_monitors(database)

    def models(self, monitor: str | None = None) -> list[StoredModel]:
        """Return the models of one monitor or of all, the one saved last at the end."""
        with self._open() as database:
            return list_models(database, _key(monitor))

    def runs(self, monitor: str | None = None, *, own: SelfFilter | None = None) -> list[StoredRun]:
        """Return the training runs of one monitor or of all, the newest last.

        With `own`, the runs of other sessions that are alive are left out.
        """
        with self._open() as database:
            return list_runs(database, _key(monitor), own)

    def curves(self, run_id: str | None = None, *, monitor: str | None = None) -> pd.DataFrame:
        """Return the thinned curves of runs that have ended, one row a bucket."""
        with self._open() as database:
            runs = list_runs(database, _key(monitor))
            ended = [one for one in runs if one.state != "running"]
            wanted = {one.run for one in ended if run_id is None or one.has_id(run_id)}
            curves = [(run, curve) for run, curve in list_curves(database) if run in wanted]
        return curve_frame(curves)

    def training_days(self) -> float | None:
        """Return for how many days values of training runs stay; ``None`` for ever."""
        with self._open() as database:
            schema = database.schemas[0]
            there = database.has_table(schema, "settings")
            return training_days_of(database.connection, schema) if there else TRAINING_DAYS

    def _open(self) -> AbstractContextManager[HistoryDatabase]:
        return open_history(self._path, self._session, self._rows)


def _key(name: str | None) -> str | None:
    """Return the name of a monitor or model as the file has it."""
    return storable_key(name) if isinstance(name, str) else name


def _check_section(section: Any, model_id: Any, freq: Any) -> None:
    if section not in SECTIONS:
        raise ArgumentValueError(
            f"history({section!r}): expected one of {', '.join(map(repr, SECTIONS))}."
        )
    if model_id is not None and section not in OF_MODELS:
        raise ArgumentValueError(
            f"history({section!r}, model_id=…): expected no model_id, since that is not about one "
            "model."
        )
    if freq is not None and section not in (*SAMPLES, "training"):
        raise ArgumentValueError(
            f"history({section!r}, freq=…): expected no freq, since this section has one row for "
            "each thing that happened, and no measurements."
        )
