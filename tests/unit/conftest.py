"""Property tests try the same inputs on every machine; locks are checked; tables of a history."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import settings

from tests.unit import lock_order, tables

settings.register_profile("unit", derandomize=True, deadline=None, max_examples=80)
settings.load_profile("unit")
lock_order.install()
# A shell inside a notebook has the name of that notebook, which monitors would bear.
os.environ.pop("JPY_SESSION_NAME", None)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that starts the tests in the background lets them, and what they start, ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def locks_in_order():
    """Fail a test in which a lock was acquired against the order, or user code ran under one."""
    lock_order.forget()
    yield
    assert not lock_order.violations, lock_order.violations[0]


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
