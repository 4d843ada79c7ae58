"""`Store`: reads the history of all monitors from one file."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ipyvitals.errors import StoreError
from ipyvitals.storage.deletion import delete_stored_run, find_run
from ipyvitals.storage.paths import default_path, store_path
from ipyvitals.storage.reader import Reader
from ipyvitals.storage.settings import store_training_days
from ipyvitals.storage.summaries import StoredModel, StoredMonitor, StoredRun, with_source
from ipyvitals.utils.validation import check_size

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Store", "open_store"]


class Store:
    """Reads the history of all monitors that write one file; made by `open_store`.

    Kernels can write at the same time: each call opens the file, and reads what is there by then.
    Any thread may use it.

    Parameters
    ----------
    path : Path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        """The file."""
        self._reader: Reader | None = Reader(path)

    def history(
        self,
        section: str = "metrics",
        *,
        since: Any = None,
        until: Any = None,
        monitor: str | None = None,
        model_id: str | None = None,
        freq: Any = None,
    ) -> pd.DataFrame:
        """Return a section of the history, of one monitor or of all.

        Parameters
        ----------
        section : {"metrics", "system", "training", "events", "models", "predictions"}
        since, until : datetime, str or float, optional
            Start (inclusive) and end (exclusive): a `datetime`, an ISO 8601 string or Unix
            seconds; local time without a time zone.
        monitor, model_id : str, optional
            Only rows of the monitor or model of this name.
        freq : str or timedelta, optional
            One row per interval of this length, such as ``"1min"``: the mean of each measurement,
            and the last value of each total and state.

        Returns
        -------
        DataFrame
            Indexed by ``time`` in UTC. The columns are those of `Monitor.history`, with
            ``monitor`` and ``session`` in front.

        Raises
        ------
        ArgumentValueError, ArgumentTypeError
            When an argument makes no sense.
        StoreError
            When the file cannot be read.
        """
        return self._open.history(
            section, since=since, until=until, monitor=monitor, model_id=model_id, freq=freq
        )

    def monitors(self) -> list[StoredMonitor]:
        """Return the monitors, the one with the newest heartbeat last."""
        return self._open.monitors()

    def models(self, monitor: str | None = None) -> list[StoredModel]:
        """Return the models of one monitor or of all, the one saved last at the end."""
        return self._open.models(monitor)

    def runs(self, monitor: str | None = None) -> list[StoredRun]:
        """Return the training runs of one monitor or of all, the newest last."""
        return with_source(self._open.runs(monitor), self)

    def curves(self, run_id: str | None = None, *, monitor: str | None = None) -> pd.DataFrame:
        """Return the thinned curves of runs that have ended, one row a bucket of values.

        Parameters
        ----------
        run_id : str, optional
            Only of this run, by its id in `runs` or in a snapshot.
        monitor : str, optional
            Only of the monitors of this name.
        """
        return self._open.curves(run_id, monitor=monitor)

    @property
    def training_days(self) -> float | None:
        """Days for which each value of a training run stays after its end; ``None`` for ever."""
        return self._open.training_days()

    def set_training_days(self, days: float | None) -> None:
        """Set for how many days each value of a training run stays after its end.

        The file holds the setting, so it is valid for all kernels that write the file. Summaries
        and thinned curves stay anyway, until `delete_run`.

        Parameters
        ----------
        days : float, optional
            0 or more; ``None`` for ever. 90 by default.

        Raises
        ------
        ArgumentValueError, ArgumentTypeError
            When `days` is no such number.
        StoreError
            When the file cannot be written.
        """
        checked = None if days is None else check_size("days", days)
        self._open.training_days()  # A store that is closed, or no history, is not written.
        store_training_days(self.path, checked)

    def delete_run(self, run_id: str) -> None:
        """Delete a training run that has ended, with its reports, curves and events.

        Parameters
        ----------
        run_id : str
            Its id in `runs` or in a snapshot.

        Raises
        ------
        ArgumentTypeError, ArgumentValueError
            When there is no such run, or it has not ended.
        StoreError
            When the file cannot be written.
        """
        delete_stored_run(self.path, find_run(self._open.runs(), run_id))

    def close(self) -> None:
        """Refuse further calls."""
        self._reader = None

    @property
    def _open(self) -> Reader:
        if self._reader is None:
            raise StoreError(
                f"{self.path}: expected an open store, got a closed one; open_store()."
            )
        return self._reader

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        closed = ", closed" if self._reader is None else ""
        return f"<Store {str(self.path)!r}{closed}>"


def open_store(path: str | PathLike[str] | None = None) -> Store:
    """Open a file of history for reading.

    Parameters
    ----------
    path : str or path, optional
        The file; the default one, in Jupyter's data folder, when left out.

    Returns
    -------
    Store

    Raises
    ------
    StoreError
        When there is no such file, or it is no history of ipyvitals.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from ipyvitals import Monitor, open_store
    >>> with TemporaryDirectory() as folder:
    ...     path = f"{folder}/history.sqlite"
    ...     with Monitor("churn", interval=None, store=path) as monitor:
    ...         monitor.record(1, 1)
    ...     with open_store(path) as store:
    ...         print(store.history("metrics")["total_predictions"].to_list()[-1])
    1
    """
    found = default_path() if path is None else store_path(path)
    if found is None:
        raise StoreError("expected a file of history, and IPYVITALS_STORE says that there is none.")
    return Store(found)
