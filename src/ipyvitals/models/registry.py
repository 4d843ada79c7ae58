"""The models that a monitor knows, each with its own figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ipyvitals.errors import UnknownModelError
from ipyvitals.models.model_state import ModelState
from ipyvitals.utils.notices import Notices
from ipyvitals.utils.storable import without_surrogates

__all__ = ["Registry"]

MAX_MODELS = 1_000


class Registry:
    """Bounded set of models, one of them active.

    Parameters
    ----------
    default_id : str
        Of the nameless model that predictions belong to before any model is named.
    make : callable
        Takes an id, the monotonic and the Unix time, and returns a new model.
    notices : Notices
        Where models that had to make room are counted.
    now, at : float
        Monotonic and Unix seconds.
    """

    def __init__(
        self,
        default_id: str,
        make: Callable[[str, float, float], ModelState],
        notices: Notices,
        *,
        now: float,
        at: float,
    ) -> None:
        self.make = make
        self._notices = notices
        self.active = make(default_id, now, at)
        self._models = {default_id: self.active}

    def __iter__(self) -> Iterator[ModelState]:
        return iter(list(self._models.values()))

    def __contains__(self, model_id: object) -> bool:
        return isinstance(model_id, str) and model_id in self._models

    def get(self, model_id: str | None) -> ModelState:
        """Return a model; ``None`` is the active one.

        Raises
        ------
        UnknownModelError
            When no model has that id.
        """
        if model_id is None:
            return self.active
        found = self.find(model_id)
        if found is None:
            raise unknown_model(model_id, list(self._models))
        return found

    def find(self, model_id: object) -> ModelState | None:
        """Return a model, unless it made room for newer ones meanwhile."""
        if not isinstance(model_id, str):
            return None
        found = self._models.get(model_id)
        # `deploy` escapes what no encoding can hold; callers may pass the id as they wrote it.
        return self._models.get(without_surrogates(model_id)) if found is None else found

    def add(self, model_id: str, now: float, at: float) -> ModelState:
        """Return the model of this id, made if it is new, and active from here on."""
        model = self._models.get(model_id)
        if model is None:
            replaced = self.active
            if not replaced.known:
                del self._models[replaced.model_id]
            model = self._models[model_id] = self.make(model_id, now, at)
            self._make_room(model)
        else:
            model.deploy(now, at)
        self.active = model
        return model

    def ensure(self, model_id: str, now: float, at: float) -> ModelState:
        """Return the model of this id, made if it is new; the active model stays."""
        model = self.find(model_id)
        if model is None:
            model = self._models[model_id] = self.make(model_id, now, at)
            self._make_room(model)
        return model

    def _make_room(self, newest: ModelState) -> None:
        if len(self._models) <= MAX_MODELS:
            return
        oldest = min(
            (model for model in self if model is not newest),
            key=lambda model: model.last_prediction,
        )
        del self._models[oldest.model_id]
        self._notices.add("models.evicted", limit=f"{MAX_MODELS:,}", model=repr(oldest.model_id))


def unknown_model(model_id: object, known: list[str]) -> UnknownModelError:
    """Return the error that names the models there are."""
    listed = ", ".join(repr(one) for one in known[-5:])
    return UnknownModelError(
        f"model_id={model_id!r}: expected a model of this monitor (such as {listed}); "
        "deploy it first, or leave model_id out for the active one."
    )
