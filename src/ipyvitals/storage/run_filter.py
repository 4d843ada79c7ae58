"""Selects training runs by name, tag, model and time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, TypeAlias

from ipyvitals.errors import ArgumentTypeError
from ipyvitals.storage.summaries import StoredRun
from ipyvitals.utils.datetimes import unix_seconds

__all__ = ["Names", "RunFilter", "run_filter", "trained_one_of"]

Names: TypeAlias = str | Iterable[str] | None


class RunFilter(NamedTuple):
    """Conditions, all of which a run must meet; ``None`` is no condition."""

    names: frozenset[str] | None = None
    tags: frozenset[str] | None = None
    models: frozenset[str] | None = None
    since: float | None = None
    until: float | None = None

    def __bool__(self) -> bool:
        return any(one is not None for one in self)

    def select(self, runs: Iterable[StoredRun]) -> list[StoredRun]:
        """Return the runs that meet the conditions."""
        return [one for one in runs if self._has(one)]

    def _has(self, run: StoredRun) -> bool:
        info = run.info
        name = (info and info.name) or run.stage
        tags = set(info.tags) if info is not None else set()
        model = (info and info.model_id) or ""
        return (
            (self.names is None or name in self.names)
            and (self.tags is None or not self.tags.isdisjoint(tags))
            and (self.models is None or any(_is_of(model, one) for one in self.models))
            and (self.since is None or run.started_at >= self.since)
            and (self.until is None or run.started_at < self.until)
        )


def run_filter(
    *,
    name: Names = None,
    tag: Names = None,
    model: Names = None,
    since: Any = None,
    until: Any = None,
) -> RunFilter:
    """Return the filter of some arguments.

    Parameters
    ----------
    name, tag, model : str or iterable of str, optional
        Any of these names, tags, and ids or names of models. A run without a name has its stage.
    since, until : datetime, str or float, optional
        The run began at or after the first, and before the second.
    """
    return RunFilter(
        _texts("name", name),
        _texts("tag", tag),
        _texts("model", model),
        unix_seconds("since", since),
        unix_seconds("until", until),
    )


def trained_one_of(run: StoredRun, models: Iterable[str]) -> bool:
    """Return whether a run may have trained one of some models, given by id or name.

    A run of which no model is known may have trained any; without models, any run counts.
    """
    model_id = run.info and run.info.model_id
    wanted = list(models)
    return not (model_id and wanted) or any(_is_of(model_id, one) for one in wanted)


def _texts(what: str, given: Names) -> frozenset[str] | None:
    if given is None:
        return None
    texts: list[Any] = [given] if isinstance(given, str) else list(given)
    wrong = next((one for one in texts if not isinstance(one, str)), None)
    if wrong is not None:
        raise ArgumentTypeError(
            f"{what}={given!r:.80}: expected a text or several, got {type(wrong).__name__}."
        )
    return frozenset(texts)


def _is_of(model_id: str, wanted: str) -> bool:
    """Return whether a model has this id, or this name before its version."""
    return model_id == wanted or model_id.startswith(f"{wanted}-")
