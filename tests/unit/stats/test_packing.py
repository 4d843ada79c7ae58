"""Numbers survive serialisation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyvitals.stats.packing import pack, unpack


@given(st.lists(st.booleans()) | st.lists(st.floats(0, 1)))
def test_what_is_packed_is_unpacked(values):
    numbers = np.array(values, dtype=np.float64)

    assert unpack(pack(numbers)).tolist() == numbers.tolist()


def test_right_and_wrong_take_a_bit_each():
    assert len(pack(np.ones(100_000))) < 12_600


@pytest.mark.parametrize("data", [b"", b"b", b"x123", b"f123"])
def test_other_bytes_are_refused(data):
    with pytest.raises(ValueError, match=r"expected|buffer"):
        unpack(data)
