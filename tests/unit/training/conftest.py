from __future__ import annotations

import pytest

from tests.unit.training.bench import Bench


@pytest.fixture
def bench():
    return Bench()
