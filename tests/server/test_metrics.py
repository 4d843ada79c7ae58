"""What a Prometheus server reads from ``/metrics``."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlencode

import msgspec
import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from tornado.httpclient import AsyncHTTPClient, HTTPClientError

from ipyvitals.schema import (
    DriftSection,
    Durations,
    FeatureDrift,
    Gpu,
    ModelInfo,
    Notice,
    RunInfo,
    SystemSection,
    WorkerInfo,
)
from ipyvitals.schema.protocol import Reply
from ipyvitals.server.kernel_state import KernelStateTracker, MonitorStateTracker
from ipyvitals.server.metrics import collector
from ipyvitals.server.metrics.derived import DERIVED_FAMILIES, SERVER_FAMILIES
from ipyvitals.server.metrics.sources import FIELD_FAMILIES, MonitorReading
from tests.server.fake_kernel import SNAPSHOT, FakeKernel, full
from tests.server.serving import free_port, serving, started, until

pytestmark = pytest.mark.anyio

NAME = re.compile(r"ipyvitals_[a-z0-9_]+")


async def scraped(server):
    return (await server.ask("metrics")).body.decode()


def families(text):
    return {
        family.name: family
        for family in text_string_to_metric_families(text)
        if family.name.startswith("ipyvitals_")
    }


def samples(text, name, **labels):
    return [
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    ]


def exposed(update):
    """Return the text of the families of one monitor, without a server."""
    record = MonitorStateTracker(max_points=10)
    record.apply(update)
    reading = MonitorReading("kernel-1", record.snapshot(), last_seen=5.0)
    return generate_latest(SimpleNamespace(collect=lambda: collector.collect([reading]))).decode()


def complete():
    """Return an update in which nothing is unknown."""
    known = {
        name: 1
        for name in SystemSection.__struct_fields__
        if name.endswith(
            ("_percent", "_bytes", "_cores", "_connections", "_seconds", "_kills", "_limit")
        )
        or name in ("process_children", "process_threads", "process_open_files")
    }
    gpu = Gpu(
        index=0,
        utilization_percent=50.0,
        memory_used_bytes=1,
        memory_total_bytes=2,
        process_memory_bytes=1,
        temperature_celsius=60.0,
        power_watts=200.0,
        power_limit_watts=300.0,
        energy_joules=5.0,
    )
    return full(
        model=replaced(SNAPSHOT.model, uptime_seconds=5.0, trained_at=1.0),
        metrics=replaced(
            SNAPSHOT.metrics,
            accuracy_low=0.8,
            accuracy_high=1.0,
            accuracy_threshold=0.85,
            label_coverage=1.0,
        ),
        training=replaced(SNAPSHOT.training, state="running", rate_per_second=2.0, eta_seconds=9.0),
        system=SystemSection(gpus=[gpu], kernel_busy=True, cpu_energy_joules=7.0, **known),
        notices=[Notice(code="labels.unknown", message="", count=2, at=1.0)],
        durations=Durations(bounds_seconds=[0.01, 1.0], counts=[3, 2, 1], sum_seconds=4.5),
        models=[row("churn-2.1")],
        runs=[run(1, name="fold 1", data_wait_ratio=0.25)],
        workers=[worker(1), worker(2), worker(3, "late")],
        drift=DriftSection(
            features=[FeatureDrift(name="age", kind="numeric", psi=0.3, threshold=0.1)]
        ),
    )


def worker(rank, state="alive"):
    return WorkerInfo(worker=f"w{rank}", name=f"rank {rank}", state=state)


def row(model_id, **fields):
    """Return a model of which nothing is unknown."""
    known = {
        "name": "churn",
        "version": "2.1",
        "trained_at": 1.0,
        "deployed_at": 2.0,
        "status": "active",
        "total_predictions": 10,
        "current_accuracy": 0.9,
        "baseline_accuracy": 0.95,
        "active": True,
        "accuracy_low": 0.8,
        "accuracy_high": 1.0,
        "accuracy_threshold": 0.85,
        "label_coverage": 1.0,
        "mae": 0.5,
        "rmse": 0.7,
        "duration_counts": [3, 2, 1],
        "duration_sum_seconds": 4.5,
    }
    return ModelInfo(model_id=model_id, **(known | fields))


def run(number, **fields):
    known = {"stage": "Fit", "progress": 50.0, "steps": 20, "state": "running"}
    return RunInfo(run_id=f"a-{number}", started_at=1.0, **(known | fields))


def replaced(section, **fields):
    return type(section)(**{**section.to_dict(), **fields})


async def test_a_real_kernel_is_there_with_its_labels(server):
    notebook = await started(server)
    text = await scraped(server)

    of = {"kernel": notebook.kernel_id, "monitor": "default", "model": "churn", "version": "2.1"}
    assert samples(text, "ipyvitals_predictions_total", **of) == [10]
    assert samples(text, "ipyvitals_window_accuracy_ratio", **of) == [0.9]
    assert samples(text, "ipyvitals_prediction_duration_seconds_count", **of) == [1]
    assert samples(text, "ipyvitals_prediction_duration_seconds_sum", **of) == [0.004]
    states = samples(text, "ipyvitals_model_status", **of)
    assert (len(states), sum(states)) == (8, 1)
    active = {"ipyvitals_model_status": "active"}
    assert samples(text, "ipyvitals_model_status", **of, **active) == [1]


async def test_every_metric_is_exposed_and_lints(server):
    kernel = await FakeKernel(server).start()
    kernel.send(complete())
    await until(lambda: kernel.record.monitors)
    kernel.send_raw(b"broken")
    await until(lambda: kernel.record.dropped)
    text = await scraped(server)
    kernel.stop()

    found = families(text)
    declared = [family for family, _ in FIELD_FAMILIES]
    every = (*declared, *DERIVED_FAMILIES, *SERVER_FAMILIES)
    assert {one.name for one in every} == found.keys()
    for name, family in found.items():
        assert family.documentation.endswith("."), name
        assert family.type in ("counter", "gauge", "histogram"), name
        assert not (family.type == "gauge" and name.endswith("_total")), name
        for sample in family.samples:
            assert sample.value == sample.value, sample
    buckets = [
        (sample.labels["le"], sample.value)
        for sample in found["ipyvitals_prediction_duration_seconds"].samples
        if sample.name.endswith("_bucket")
    ]
    assert buckets == [("0.01", 3), ("1.0", 5), ("+Inf", 6)]
    await lint(text)


def test_names_types_helps_and_values_stay_as_they_were():
    text = exposed(complete())

    expected = Path(__file__).with_name("expected_metrics.txt").read_text(encoding="utf-8")
    assert sorted(text.split("# HELP ")) == sorted(expected.split("# HELP "))


def test_of_a_run_that_is_over_only_the_state_is_exposed():
    over = replaced(SNAPSHOT.training, state="completed", rate_per_second=2.0, progress=100.0)
    text = exposed(full(training=over))

    assert samples(text, "ipyvitals_training_state", ipyvitals_training_state="completed") == [1]
    assert "ipyvitals_training_progress_ratio" not in text
    assert "ipyvitals_training_steps_per_second" not in text


def test_workers_are_counted_by_state_and_have_no_series_of_their_own():
    text = exposed(full(workers=[worker(1), worker(2), worker(3, "gone")]))
    states = {
        state: samples(text, "ipyvitals_workers", state=state)
        for state in ("alive", "late", "ended", "gone")
    }
    assert states == {"alive": [2], "late": [0], "ended": [0], "gone": [1]}
    assert "rank" not in text
    assert "ipyvitals_workers" not in exposed(full())


def test_each_open_run_has_series_under_its_name():
    text = exposed(
        full(
            runs=[
                run(1, name="fold"),
                run(2, name="fold", progress=None, steps=7),
                run(3),
                run(4, name="over", state="completed"),
            ]
        )
    )
    assert samples(text, "ipyvitals_run_steps_total", run="fold") == [20]
    assert samples(text, "ipyvitals_run_steps_total", run="fold #2") == [7]
    assert samples(text, "ipyvitals_run_steps_total", run="Fit") == [20]
    assert samples(text, "ipyvitals_run_progress_ratio") == [0.5, 0.5]
    assert samples(text, "ipyvitals_run_data_wait_ratio") == []
    assert 'run="over"' not in text


def test_thirty_two_runs_of_a_kernel_have_series():
    record = KernelStateTracker("kernel-1")
    for name in ("first", "second"):
        record.apply(full(name, runs=[run(number) for number in range(20)]), now=1.0)
    readings = collector.readings_of(record, max_models=10)
    assert [len(one.runs) for one in readings] == [20, 12]


async def test_each_model_has_series_of_its_own_also_under_one_name(server):
    kernel = await FakeKernel(server).start()
    rows = [
        row("champion"),
        row("challenger", version="2.2", total_predictions=7, active=False),
        row("copy", total_predictions=3, active=False),
    ]
    kernel.send(full(models=rows))
    await until(lambda: kernel.record.monitors)
    text = await scraped(server)
    kernel.stop()

    def predictions(**of):
        return samples(text, "ipyvitals_predictions_total", **of)

    assert predictions(model="churn", version="2.1") == [10]
    assert predictions(model="churn", version="2.2") == [7]
    assert predictions(model="copy", version="2.1") == [3]
    assert samples(text, "ipyvitals_active_model") == [1, 0, 0]


async def lint(text):
    """Ask promtool, where it is installed, about the series that are ours."""
    program = shutil.which("promtool")
    if program is None:
        # The parser above refused nothing; these are the rules of promtool that it has not.
        for name in NAME.findall(text):
            assert not name.endswith(("_seconds_total_total", "_percent", "_milliseconds"))
        return
    ours = [
        line
        for line in text.splitlines()
        if NAME.match(line.removeprefix("# HELP ").removeprefix("# TYPE "))
    ]
    process = await asyncio.create_subprocess_exec(
        program,
        "check",
        "metrics",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    said, _ = await process.communicate("\n".join([*ours, ""]).encode())
    assert (process.returncode, said.decode()) == (0, "")


async def test_threads_may_scrape_while_kernels_come_and_go(server):
    passing, *staying = fakes = [await FakeKernel(server).start() for _ in range(3)]
    stopped = threading.Event()

    def scrape():
        done = 0
        while not stopped.is_set():
            list(collector.collector.collect())
            done += 1
        return done

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        scraping = [asyncio.create_task(asyncio.to_thread(scrape)) for _ in range(2)]
        for n in range(1, 100):
            for fake in staying:
                server.hub.apply_update(fake.id, full(f"monitor {n % 40}", closed=n % 3 == 0))
                fake.record.dropped[f"reason {n}"] += 1
            server.hub._on_change(passing.id, "removed" if n % 2 else "added")
            await asyncio.sleep(0)
    finally:
        stopped.set()
        sys.setswitchinterval(interval)
        scrapes = await asyncio.gather(*scraping, return_exceptions=True)
        for fake in fakes:
            fake.stop()

    assert all(isinstance(one, int) and one > 0 for one in scrapes), scrapes


async def test_the_server_answers_during_a_scrape(server, monkeypatch):
    scraping, answered = threading.Event(), threading.Event()

    def slow():
        scraping.set()
        assert answered.wait(30)
        yield from ()

    monkeypatch.setattr(collector.collector, "collect", slow)
    scrape = asyncio.create_task(server.ask("metrics"))
    await until(scraping.is_set)
    assert (await server.ask("api/models")).code == 200
    answered.set()

    assert (await scrape).code == 200


async def test_a_monitor_that_cannot_be_collected_leaves_the_others(server):
    kernel = await FakeKernel(server).start()
    kernel.send(full("sound"))
    kernel.send(full("broken"))
    await until(lambda: len(kernel.record.monitors) == 2)
    broken = replaced(SNAPSHOT.models[0])
    msgspec.structs.force_setattr(broken, "total_predictions", 10**400)
    server.hub.apply_update(kernel.id, full("broken", n=2, models=[broken]))
    text = await scraped(server)
    kernel.stop()

    assert samples(text, "ipyvitals_active_model", kernel=kernel.id, monitor="sound") == [1]
    assert samples(text, "ipyvitals_active_model", kernel=kernel.id, monitor="broken") == []


async def test_series_of_kernels_that_are_gone_vanish(server):
    notebook = await started(server)
    assert notebook.kernel_id in await scraped(server)
    await server.ask(f"api/kernels/{notebook.kernel_id}", "DELETE")
    await until(lambda: not server.hub.kernels)

    assert notebook.kernel_id not in await scraped(server)


async def test_what_is_not_known_is_not_exposed(server):
    kernel = await FakeKernel(server).start()
    (model,) = SNAPSHOT.models
    kernel.send(full(system=SystemSection(), models=[replaced(model, current_accuracy=None)]))
    await until(lambda: kernel.record.monitors)
    text = await scraped(server)
    kernel.stop()

    assert samples(text, "ipyvitals_window_accuracy_ratio") == []
    assert samples(text, "ipyvitals_cpu_usage_ratio") == []
    assert samples(text, "ipyvitals_predictions_total") == [0]


async def test_a_scrape_refreshes_quiet_kernels_for_the_next_one(server, monkeypatch):
    kernel = await FakeKernel(server).start()
    kernel.send(full())
    await until(lambda: kernel.record.monitors)
    newer = replaced(SNAPSHOT.models[0], total_predictions=77)
    kernel.reply = Reply(monitors=[full(n=2, models=[newer])])
    await scraped(server)
    await until(lambda: any(one["request"] == "viewers" for one in kernel.requests))
    assert not any(one["request"] == "snapshot" for one in kernel.requests)

    kernel.record.last_seen -= collector.QUIET_SECONDS
    await scraped(server)
    await until(lambda: any(one["request"] == "snapshot" for one in kernel.requests))
    await until(lambda: kernel.record.monitors["default"].latest.models == [newer])
    kernel.stop()


async def test_metrics_can_be_left_out(tmp_path):
    config = {"IpyvitalsExtension": {"metrics": False}}
    async with serving(tmp_path, config) as server:
        notebook = await started(server)
        text = await scraped(server)

    assert "http_request_duration_seconds" in text
    assert notebook.kernel_id not in text


async def test_a_prometheus_server_scrapes(server, tmp_path):
    notebook = await started(server)
    program = shutil.which("prometheus")
    if program is None:
        # Without one, what it would read is read by the parser of its Python client.
        text = await scraped(server)
        assert samples(text, "ipyvitals_predictions_total", kernel=notebook.kernel_id) == [10]
        return
    port = free_port()
    (tmp_path / "collector.yml").write_text(
        json.dumps(
            {
                "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
                "scrape_configs": [
                    {
                        "job_name": "jupyter",
                        "metrics_path": f"{server.app.base_url}metrics",
                        "authorization": {"type": "token", "credentials": server.token},
                        "static_configs": [{"targets": [f"127.0.0.1:{server.app.port}"]}],
                    }
                ],
            }
        )
    )
    process = await asyncio.create_subprocess_exec(
        program,
        f"--config.file={tmp_path / 'collector.yml'}",
        f"--storage.tsdb.path={tmp_path / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    async def query(text):
        try:
            answer = await AsyncHTTPClient().fetch(
                f"http://127.0.0.1:{port}/api/v1/query",
                method="POST",
                body=urlencode({"query": text}),
            )
        except (HTTPClientError, OSError):
            # It is still starting.
            return []
        return json.loads(answer.body)["data"]["result"]

    async def predictions():
        return await query("ipyvitals_predictions_total")

    try:
        (result,) = await until(predictions)
        assert result["value"][1] == "10"
        assert result["metric"]["kernel"] == notebook.kernel_id
        (status,) = await query('ipyvitals_model_status{ipyvitals_model_status="active"}')
        assert status["value"][1] == "1"
        (quantile,) = await query(
            "histogram_quantile(0.95,ipyvitals_prediction_duration_seconds_bucket)"
        )
        assert quantile["metric"]["model"] == "churn"
    finally:
        process.terminate()
        await process.wait()
