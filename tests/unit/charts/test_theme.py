"""The colours of figures follow JupyterLab's theme, unless the user says otherwise."""

from __future__ import annotations

import json

import plotly.io
import pytest

from ipyvitals import FakeClock, Monitor, compare
from ipyvitals.charts.palette import PALETTES, palette_of

LIGHT, DARK = PALETTES["light"].ground, PALETTES["dark"].ground


@pytest.fixture
def lab(monkeypatch, tmp_path):
    """Return a function that writes JupyterLab's settings of a user and of an administrator."""
    users, shared = tmp_path / "users", tmp_path / "shared"
    monkeypatch.setenv("JPY_SESSION_NAME", "/work/train.ipynb")
    monkeypatch.setenv("JUPYTERLAB_SETTINGS_DIR", str(users))
    monkeypatch.setenv("JUPYTER_PATH", str(shared))
    monkeypatch.setattr(plotly.io.templates, "default", "plotly")

    def write(user=None, admin=None):
        if user is not None:
            path = users / "@jupyterlab" / "apputils-extension" / "themes.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(user, encoding="utf-8")
        if admin is not None:
            path = shared / "lab" / "settings" / "overrides.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(admin, encoding="utf-8")

    return write


def ground():
    return palette_of(None).ground


def overrides(theme):
    return json.dumps({"@jupyterlab/apputils-extension:themes": {"theme": theme}})


def test_a_dark_jupyterlab_has_dark_figures(lab, training):
    lab('{\n    // Theme\n    // "theme": "JupyterLab Light",\n    "theme": "JupyterLab Dark"\n}')
    figure = compare(training({"a": {"loss": [3.0, 2.0]}}))
    with Monitor("churn", interval=None, clock=FakeClock()) as monitor:
        history = monitor.plot()
    assert [one.layout.template.layout.paper_bgcolor for one in (figure, history)] == [DARK, DARK]

    lab('{"theme": "JupyterLab Light"}')
    assert ground() == LIGHT


def test_the_users_theme_wins_over_that_of_the_administrator(lab):
    assert ground() == LIGHT
    lab(admin=overrides("JupyterLab Dark High Contrast"))
    assert ground() == DARK
    lab('{"theme": "JupyterLab Light"}')
    assert ground() == LIGHT


@pytest.mark.parametrize(
    "user",
    ["", "{", '{"theme": 3}', '{"theme": "JupyterLab Dark", "adaptive-theme": true}'],
)
def test_without_a_theme_that_is_known_figures_are_light(lab, user):
    lab(user, admin="[1]")
    assert ground() == LIGHT


def test_what_the_user_asks_for_wins(lab, monkeypatch):
    lab('{"theme": "JupyterLab Dark"}')
    assert palette_of("light").ground == LIGHT
    monkeypatch.setattr(plotly.io.templates, "default", "plotly_white")
    assert ground() == LIGHT

    lab('{"theme": "JupyterLab Light"}')
    monkeypatch.setattr(plotly.io.templates, "default", "plotly_dark")
    assert ground() == DARK


def test_a_kernel_that_no_jupyter_server_started_has_light_figures(lab, monkeypatch):
    lab('{"theme": "JupyterLab Dark"}')
    monkeypatch.delenv("JPY_SESSION_NAME")
    assert ground() == LIGHT
