"""Which models there are."""

from __future__ import annotations

import numpy as np
import pytest

from ipyvitals.errors import UnknownModelError
from ipyvitals.health import Thresholds
from ipyvitals.models.model_state import ModelState
from ipyvitals.models.registry import MAX_MODELS, Registry
from ipyvitals.models.scored_labels import ScoredLabels
from ipyvitals.utils.notices import Notices


def make_model(model_id, now, at):
    return ModelState(model_id, window_size=100, thresholds=Thresholds(), now=now, at=at)


@pytest.fixture
def notices():
    return Notices(lambda: 0.0)


@pytest.fixture
def registry(notices):
    return Registry("default", make_model, notices, now=0.0, at=100.0)


def add(registry, model_id, now=1.0):
    model = registry.add(model_id, now, 100.0 + now)
    model.name = model_id
    return model


class TestRegistry:
    def test_predictions_have_a_model_from_the_start(self, registry):
        assert registry.active.model_id == "default"
        assert registry.get(None) is registry.get("default") is registry.active
        assert [model.model_id for model in registry] == ["default"]

    def test_a_nameless_model_that_did_nothing_makes_way(self, registry):
        churn = add(registry, "churn")
        assert list(registry) == [churn]
        assert registry.active is churn
        assert "default" not in registry

    @pytest.mark.parametrize("did", ["add_calls", "add_errors"])
    def test_a_nameless_model_that_did_something_stays(self, registry, did):
        getattr(registry.active, did)(np.array([1.0]))
        add(registry, "churn")
        assert [model.model_id for model in registry] == ["default", "churn"]

    def test_the_newest_is_active_and_the_others_are_still_there(self, registry):
        old, new = add(registry, "churn-1"), add(registry, "churn-2")
        assert registry.active is new
        assert registry.get("churn-1") is old
        assert "churn-1" in registry

    def test_the_same_id_is_the_same_model_deployed_anew(self, registry):
        first = add(registry, "churn")
        first.add_calls(np.array([2.0]))
        first.add_labels(ScoredLabels(np.zeros(50, dtype=bool)))
        add(registry, "other")
        again = add(registry, "churn", now=30.0)
        assert again is first is registry.active
        assert (again.total_predictions, again.window.count) == (1, 0)
        assert (again.deployed_monotonic, again.deployed_at) == (30.0, 130.0)
        assert [model.model_id for model in registry] == ["churn", "other"]

    @pytest.mark.parametrize("model_id", ["chrun", 7, ["churn"]])
    def test_an_unknown_id_is_an_error_that_names_what_there_is(self, registry, model_id):
        add(registry, "churn")
        with pytest.raises(UnknownModelError, match=r"expected a model of .* \(such as 'churn'\)"):
            registry.get(model_id)

    def test_a_model_that_is_gone_is_not_found(self, registry):
        churn = add(registry, "churn")
        assert registry.find("default") is None
        assert registry.find("churn") is churn

    def test_there_is_an_end_to_models_and_the_longest_silent_leaves(self, registry, notices):
        for number in range(MAX_MODELS):
            add(registry, f"m{number}", now=float(number))
        registry.get("m0").add_calls(np.array([1_000.0]))
        add(registry, "one more", now=500.0)
        assert len(list(registry)) == MAX_MODELS
        assert "m0" in registry
        assert "m1" not in registry
        assert registry.active.model_id == "one more"
        (notice,) = notices.get()
        assert (notice.code, notice.count) == ("models.evicted", 1)
        assert "'m1'" in notice.message

    def test_models_may_come_while_others_are_looked_through(self, registry):
        add(registry, "a")
        for model in registry:
            add(registry, f"{model.model_id}+")
        assert [model.model_id for model in registry] == ["a", "a+"]
