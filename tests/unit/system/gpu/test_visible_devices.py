"""Which devices a setting leaves."""

from __future__ import annotations

import pytest

from ipyvitals.system.gpu.visible_devices import VisibleDevice, visible

UUIDS = ["GPU-aa01", "GPU-aa02", "GPU-bb03"]


@pytest.mark.parametrize(
    ("setting", "devices"),
    [
        (None, [0, 1, 2]),
        ("0", [0]),
        ("2,0", [2, 0]),
        (" 1 , 2 ", [1, 2]),
        ("", []),
        ("-1", []),
        ("0,-1,2", [0]),
        ("0,7,1", [0]),
        ("NoDevFiles", []),
        ("GPU-bb03", [2]),
        ("GPU-b,GPU-aa02", [2, 1]),
        ("GPU-aa", []),  # of two of them
        ("1,1,0", [1, 0]),
        ("0,,1", [0]),
    ],
)
def test_whole_devices(setting, devices):
    assert visible(setting, UUIDS) == [VisibleDevice(device) for device in devices]


@pytest.mark.parametrize(
    ("setting", "chosen"),
    [
        (None, [(0, None), (1, 0), (1, 1), (2, None)]),
        ("1", [(1, 0)]),  # CUDA takes the first instance
        ("MIG-2", [(1, 1)]),
        ("MIG-1,GPU-bb03", [(1, 0), (2, None)]),
        ("MIG-GPU-aa02/3/0", []),
    ],
)
def test_instances_of_a_divided_device(setting, chosen):
    parts = [[], ["MIG-1", "MIG-2"], []]
    assert visible(setting, UUIDS, parts) == [VisibleDevice(*one) for one in chosen]


def test_instances_by_their_older_names():
    parts = [["MIG-GPU-aa01/3/0", "MIG-GPU-aa01/5/0"]]
    assert visible("MIG-GPU-aa01/5/0", UUIDS[:1], parts) == [VisibleDevice(0, 1)]
