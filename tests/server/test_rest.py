"""Answers of the REST handlers."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from ipyvitals import Snapshot
from ipyvitals.schema import WorkerInfo
from ipyvitals.server.schema import (
    CurvesAnswer,
    EventsAnswer,
    KernelsAnswer,
    ModelsAnswer,
    SystemAnswer,
)
from tests.server.fake_kernel import FakeKernel, full
from tests.server.serving import START, started, until

pytestmark = pytest.mark.anyio

BOTH = ["ipyvitals/api/", "api/"]


@pytest.mark.parametrize("prefix", BOTH)
async def test_a_server_without_monitors_says_so(server, prefix):
    assert (await server.ask(f"{prefix}models")).json == {"models": []}
    answer = await server.ask(f"{prefix}monitoring/system")

    assert (answer.code, answer.json) == (404, {"message": "no monitor on this server"})


async def test_the_system_has_the_shape_of_the_specification(server):
    notebook = await started(server)
    for prefix in BOTH:
        answer = await server.ask(f"{prefix}monitoring/system", kernel_id=notebook.kernel_id)

        system = msgspec.json.decode(answer.body, type=SystemAnswer)
        assert system.kernel_id == notebook.kernel_id
        assert system.active_model.name == "churn"
        assert system.real_time_metrics.predictions_per_minute == 10
        assert system.real_time_metrics.live_accuracy == 0.9
        assert system.real_time_metrics.model_uptime.endswith("s")
        assert set(answer.json) == {*Snapshot(monitor="m", seq=0, at=0.0).to_dict(), "kernel_id"}
        assert answer.headers["Cache-Control"] == "no-store"


async def test_models_name_their_kernel_and_monitor(server):
    notebook = await started(server)
    for prefix in BOTH:
        answer = await server.ask(f"{prefix}models")

        (model,) = msgspec.json.decode(answer.body, type=ModelsAnswer).models
        assert (model.kernel_id, model.monitor) == (notebook.kernel_id, "default")
        assert (model.name, model.version, model.total_predictions) == ("churn", "2.1", 10)


async def test_kernels_are_listed_with_notebook_and_charts(server):
    notebook = await started(server, path="deep.ipynb")

    answer = await server.ask("ipyvitals/api/kernels")
    (kernel,) = msgspec.json.decode(answer.body, type=KernelsAnswer).kernels
    assert (kernel.kernel_id, kernel.path) == (notebook.kernel_id, "deep.ipynb")
    assert (kernel.connected, kernel.unavailable, kernel.connections) == (True, None, 1)
    (monitor,) = kernel.monitors
    assert monitor.full
    lengths = {len(column) for column in monitor.history.values()}
    assert len(lengths) == 1
    assert lengths != {0}


async def test_a_kernel_without_monitors_is_listed_too(server):
    notebook = await server.notebook()
    await notebook.run("1")

    (kernel,) = (await server.ask("ipyvitals/api/kernels")).json["kernels"]
    assert (kernel["connected"], kernel["monitors"]) == (True, [])
    missing = await server.ask("ipyvitals/api/monitoring/system", kernel_id=notebook.kernel_id)
    assert missing.code == 404
    assert "no monitor in kernel" in missing.json["message"]


async def test_one_monitor_of_several_is_chosen_by_name(server):
    notebook = await started(server, START + "other = Monitor('fraud', name='second')")
    await until(lambda: "second" in server.hub.kernels[notebook.kernel_id].monitors)

    chosen = await server.ask("api/monitoring/system", monitor="second")
    assert chosen.json["active_model"]["name"] == "fraud"
    nobody = await server.ask("api/monitoring/system", monitor="<b>100%</b>")
    assert nobody.code == 404
    assert nobody.json["message"] == "no monitor '<b>100%</b>' on this server"
    assert nobody.headers["Content-Type"].startswith("application/json")


async def test_the_last_events_are_stored(server):
    notebook = await started(server)
    await notebook.run("monitor.deploy('churn', '2.2');")

    async def deployed():
        answer = await server.ask(f"ipyvitals/api/kernels/{notebook.kernel_id}/events")
        events = msgspec.json.decode(answer.body, type=EventsAnswer).events
        return [one for one in events if one.type == "model_deployed"]

    (event,) = await until(deployed)
    assert event.model_version == "2.2"


async def test_operators_act_while_a_cell_runs(server):
    notebook = await started(server, START + "monitor.record_batch([1] * 100, [0] * 100)")
    monitor = server.hub.kernels[notebook.kernel_id].monitors["default"]
    await until(lambda: monitor.latest.model.status == "degraded")
    await notebook.start(
        "for step in monitor.track(iter(int, 1)): pass\nimport time\nwhile True: time.sleep(1)"
    )
    await until(lambda: monitor.latest.training.state == "running")

    async def act(action):
        path = f"ipyvitals/api/kernels/{notebook.kernel_id}/{action}"
        answer = await server.ask(path, "POST", {"monitor": "default"})
        assert (answer.code, answer.json) == (200, {"done": 1})

    await act("stop_training")
    await until(lambda: monitor.latest.training.state == "stopped")
    await until(lambda: monitor.latest.model.status == "degraded")
    await act("acknowledge")
    await until(lambda: monitor.latest.model.acknowledged_at is not None)
    await act("reset")
    await until(lambda: monitor.latest.metrics.current_accuracy is None)


async def test_a_run_is_stopped_by_its_id_and_its_curve_is_whole(server):
    notebook = await started(server, START)
    monitor = server.hub.kernels[notebook.kernel_id].monitors["default"]
    await notebook.start(
        "import time\n"
        "run = monitor.training(total=100)\n"
        "for step in range(1, 8): run.update(step, loss=1 / step)\n"
        "while not run.should_stop: time.sleep(0.01)\n"
        "run.stop()"
    )
    await until(lambda: monitor.latest.training.state == "running")
    path = f"ipyvitals/api/kernels/{notebook.kernel_id}"

    async def curves():
        answer = await server.ask(f"{path}/curves", monitor="default")
        found = msgspec.json.decode(answer.body, type=CurvesAnswer).curves
        return found if found and len(found[0].step) == 7 else None

    (curve,) = await until(curves)
    assert (curve.metric, curve.start, curve.step[-1]) == ("loss", 0, 7)

    asked = {"run_id": curve.run_id, "metric": "loss", "first_step": 3, "last_step": "4.5"}
    part = await server.ask(f"{path}/curves", **asked)
    assert [one["step"] for one in part.json["curves"]] == [[3, 4]]
    for wrong in ({"run_id": "nobody"}, {"metric": "accuracy"}):
        assert (await server.ask(f"{path}/curves", **wrong)).json == {"curves": []}
    for step in ("x", "nan", "inf"):
        answer = await server.ask(f"{path}/curves", last_step=step)
        assert (answer.code, answer.json["message"]) == (400, "last_step: expected a finite number")

    other = await server.ask(f"{path}/stop_training", "POST", {"run_id": "nobody"})
    assert other.json == {"done": 0}
    stopped = await server.ask(f"{path}/stop_training", "POST", {"run_id": curve.run_id})
    assert stopped.json == {"done": 1}
    await until(lambda: monitor.latest.training.state == "stopped")
    assert (await server.ask("ipyvitals/api/kernels/nobody/curves")).code == 404


async def test_failed_requests_say_why(server):
    notebook = await started(server)
    path = f"ipyvitals/api/kernels/{notebook.kernel_id}"
    unknown = await server.ask("ipyvitals/api/kernels/nobody/reset", "POST")
    assert (unknown.code, unknown.json) == (404, {"message": "no kernel 'nobody' on this server"})
    other = await server.ask(f"{path}/reset", "POST", {"monitor": "other"})
    assert other.code == 404
    assert "no monitor 'other'" in other.json["message"]
    broken = await server.ask(f"{path}/reset", "POST", '{"monitr": 1}')
    assert broken.code == 400
    assert "monitr" in broken.json["message"]
    assert (await server.ask("ipyvitals/api/kernels/nobody/events")).code == 404
    assert (await server.ask("api/monitoring/system", kernel_id="nobody")).code == 404

    wrong = await server.ask(f"{path}/reset")
    assert wrong.code == 405
    assert wrong.json["message"]


async def test_a_kernel_without_ipyvitals_does_not_answer(server):
    notebook = await server.notebook()
    await notebook.run("1")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server.hub, "config", replace(server.hub.config, answer_seconds=0.3))
        answer = await server.ask(f"ipyvitals/api/kernels/{notebook.kernel_id}/reset", "POST")

    assert answer.code == 504
    assert "did not answer within 0.3 s" in answer.json["message"]


async def test_workers_come_by_rest_as_the_kernel_sent_them(server):
    kernel = await FakeKernel(server).start()
    rows = [
        WorkerInfo(worker="a", name="rank 0", host="node-a", rank=0, memory_bytes=7),
        WorkerInfo(worker="b", name="rank 1", state="late", last_heard_seconds=14.0),
    ]
    kernel.send(full(workers=rows))
    await until(lambda: kernel.record.monitors)
    system = await server.ask("ipyvitals/api/monitoring/system", kernel_id=kernel.id)
    kernels = await server.ask("ipyvitals/api/kernels")
    kernel.stop()

    assert msgspec.convert(system.json["workers"], list[WorkerInfo]) == rows
    assert kernels.json["kernels"][0]["monitors"][0]["workers"] == system.json["workers"]
