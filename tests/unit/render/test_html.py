"""The panel as plain HTML: says all that the panel says, and nothing can run in it."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from ipyvitals import schema as contract
from ipyvitals.render.html import saved_text, static_view
from ipyvitals.render.tones import TONES
from ipyvitals.schema import ModelInfo, ModelSection, Notice, Snapshot, TrainingSection, WorkerInfo

FIXTURES = Path(__file__).parents[2] / "contract" / "fixtures"
STATES = ("degraded", "empty", "failed", "idle", "live", "stopped", "training")
EVIL = "<img src=x onerror=alert(1)>\"'&<script>alert(2)</script>"
VOID = {"br", "img"}
PLAIN = {*VOID, "table", "tbody", "tr", "td", "div", "span", "b"}


class Page(HTMLParser):
    """What a browser would find: text, images and tags; every tag has to be closed."""

    def __init__(self, html):
        super().__init__()
        self.text, self.images, self.tags, self.open = [], [], [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "img":
            self.images.append(dict(attrs))
        elif tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert tag in VOID or self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    @property
    def words(self):
        return re.sub(r"\s+", " ", " ".join(self.text))


def state(name):
    plain = json.loads((FIXTURES / f"panel_{name}.json").read_text(encoding="utf-8"))
    history = plain.pop("history")
    return msgspec.convert({"seq": 0, **plain}, Snapshot), history


@pytest.fixture(params=STATES)
def page(request):
    return Page(static_view(*state(request.param)))


def test_nothing_runs_and_nothing_is_loaded(page):
    assert {tag for tag, _ in page.tags} <= PLAIN
    for _, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")]
        assert "url(" not in attributes.get("style", "")
    assert all(image["src"].startswith("data:image/svg+xml,") for image in page.images)
    assert all(image["alt"] for image in page.images)


def test_every_state_says_when_it_was_and_that_it_is_not_live(page):
    assert "As of 21 Sep 2026, 14:22:00 UTC, not live" in page.words


def test_a_live_model_reads_as_on_the_panel():
    page = Page(static_view(*state("live")))

    for words in (
        "churn 2.1 Live",
        "up 2h 15m",
        "Predictions 1,247 · Labelled 96 % · Errors 0",
        "Ready System ready 100 %",
        "Accuracy 94.2 % 88.0–97.3 %, last 100 labels",
        "Predictions 23 /min last 60 s",
        "Latency p95 12.4 ms p50 4.1 ms · p99 31 ms",
        "System health Healthy container, 4 cores, 8 GiB",
        "CPU 38 % 1.5 of 4 cores",
        "Memory 61 % 4.9 of 8.0 GiB",
        "Disk 44 % 112 GiB free",
        "Connections 3 to this notebook",
    ):
        assert words in page.words
    assert [image["alt"].split(",")[0] for image in page.images] == [
        *("Accuracy", "Predictions per minute", "Latency p95", "CPU", "Memory"),
    ]


def test_a_degraded_model_says_why_and_since_when():
    page = Page(static_view(*state("degraded")))

    assert "churn 2.1 Degraded" in page.words
    assert (
        "Accuracy dropped below threshold: 78.0 % against 85 % since 21 Sep 2026, 14:17 UTC"
        in page.words
    )
    warned = [one["style"] for tag, one in page.tags if TONES["warn"] in one.get("style", "")]
    assert len(warned) >= 3


def test_a_run_says_how_far_it_is():
    page = Page(static_view(*state("training")))

    assert "Epoch 5 of 12 partial_fit, batch 64 41 %" in page.words
    assert "3m 10s left · loss 0.2318 · val_accuracy 0.951" in page.words


def test_what_is_not_known_is_a_dash_and_has_no_chart():
    page = Page(static_view(*state("empty")))

    assert "– no model yet Registered" in page.words
    assert "Accuracy – no labels yet" in page.words
    assert "Latency p95 – no calls" in page.words
    assert "CPU – Memory – Disk – Connections –" in page.words
    assert page.images == []


def test_other_models_and_notices_are_listed_a_few_of_them():
    rows = [
        ModelInfo(
            model_id=f"m{n}",
            name=f"model-{n}",
            version="1",
            trained_at=None,
            deployed_at=None,
            status="degraded",
            total_predictions=9,
            current_accuracy=0.5,
            baseline_accuracy=None,
            active=n == 0,
            predictions_per_minute=7,
        )
        for n in range(12)
    ]
    notices = [Notice(code=f"a.{n}", message=f"trouble {n}", count=n, at=n) for n in range(1, 6)]
    page = Page(static_view(Snapshot(monitor="b", seq=0, at=0.0, models=rows, notices=notices)))

    assert "model-0" not in page.words
    assert "model-1 1 Degraded 50.0 % · 7 /min · p95 –" in page.words
    assert "and 3 more" in page.words
    assert "5 notices, newest first trouble 5 (5 ×) trouble 4 (4 ×)" in page.words
    assert "monitor b" in page.words


def test_components_are_named_in_words():
    system = contract.SystemSection(limiter="gpu_memory", unknown_components=["open_files", "cpu"])
    page = Page(static_view(Snapshot(monitor="default", seq=0, at=0.0, system=system)))
    assert "GPU memory high" in page.words
    assert "open files, CPU not readable" in page.words
    system = contract.SystemSection(limiter="cpu", system_health="degraded")
    page = Page(static_view(Snapshot(monitor="default", seq=0, at=0.0, system=system)))
    assert "waiting for a CPU" in page.words


def test_what_users_write_is_shown_as_text():
    page = Page(
        static_view(
            Snapshot(
                monitor=EVIL,
                seq=0,
                at=0.0,
                model=ModelSection(
                    model_id=EVIL, name=EVIL, version=EVIL, status="failed", reason=EVIL
                ),
                training=TrainingSection(
                    state="failed", stage=EVIL, details=EVIL, metrics={EVIL: 1.0}
                ),
                system=contract.SystemSection(
                    limiter=EVIL, unknown_components=[EVIL], gpus=[contract.Gpu(index=0, name=EVIL)]
                ),
                notices=[Notice(code="a.b", message=EVIL, count=1, at=0.0)],
                models=[
                    ModelInfo(
                        model_id=EVIL,
                        name=None,
                        version=EVIL,
                        trained_at=None,
                        deployed_at=None,
                        status="active",
                        total_predictions=0,
                        current_accuracy=None,
                        baseline_accuracy=None,
                        active=False,
                    )
                ],
            )
        )
    )

    assert page.words.count("alert(2)") == 12
    assert page.images == []
    assert "script" not in {tag for tag, _ in page.tags}


def luminance(colour):
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return sum(weight * one for weight, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("ground", ["#ffffff", "#111111", "#0d1117"])
@pytest.mark.parametrize("tone", TONES)
def test_one_colour_is_read_on_light_and_on_dark_pages(tone, ground):
    light, dark = sorted([luminance(TONES[tone]), luminance(ground)], reverse=True)

    # Large or bold text, and lines, need 3 to 1.
    assert (light + 0.05) / (dark + 0.05) >= 3.9


def test_the_text_says_the_same_for_hosts_without_html():
    text = saved_text(state("live")[0], closed=True)

    assert text.startswith("ipyvitals 'default': churn 2.1, Live, up 2h 15m")
    assert "Closed: these are the last values." in text
    assert text.endswith("As of 21 Sep 2026, 14:22:00 UTC, not live.")


def test_workers_are_one_line_without_the_names_of_machines():
    rows = [
        WorkerInfo(worker="a", name="secret-host:7", host="secret-host"),
        WorkerInfo(worker="b", name="rank 1", state="gone", last_heard_seconds=20.0),
    ]
    html = static_view(Snapshot(monitor="m", seq=0, at=0.0, workers=rows))
    assert "Workers 1 of 2 heard, last 20 s ago" in Page(html).words
    assert "secret-host" not in html
    assert "Workers" not in static_view(Snapshot(monitor="m", seq=0, at=0.0))
