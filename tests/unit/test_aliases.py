"""Import paths that were public keep working for one release, and name their successor."""

from __future__ import annotations

import importlib
import sys

import pytest

from ipyvitals import StatusPanel, schema


def imported(name):
    sys.modules.pop(name, None)
    with pytest.warns(DeprecationWarning, match="is now ipyvitals"):
        return importlib.import_module(name)


def test_the_panel():
    assert imported("ipyvitals.panel").StatusPanel is StatusPanel


def test_the_contract():
    old = imported("ipyvitals.snapshot")
    assert {name: getattr(old, name) for name in schema.__all__} == {
        name: getattr(schema, name) for name in schema.__all__
    }
