"""Property tests try the same inputs on every machine, however slow it is; tables of a history."""

from __future__ import annotations

import pytest
from hypothesis import settings

from tests.unit import tables

settings.register_profile("unit", derandomize=True, deadline=None, max_examples=80)
settings.load_profile("unit")


@pytest.fixture
def metrics():
    """Return a function that makes figures of models, as a history gives them."""
    return tables.metrics


@pytest.fixture
def system():
    """Return a function that makes readings of the machine."""
    return tables.system


@pytest.fixture
def models():
    """Return a function that makes deployments."""
    return tables.models


@pytest.fixture
def training():
    """Return a function that makes the steps of runs."""
    return tables.training
