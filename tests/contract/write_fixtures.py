"""Write tests/contract/fixtures: what Python sends today, for TypeScript to decode.

    python tests/contract/write_fixtures.py

The panel's files hold the traits of its widget in one state each.
"""

from __future__ import annotations

import json
from math import sin
from pathlib import Path
from typing import Any

import msgspec

from ipyvitals.schema import (
    BestValue,
    CurveChunk,
    DriftSection,
    Durations,
    ErrorDrift,
    Event,
    FeatureDrift,
    Gpu,
    GpuCost,
    LabelsSection,
    MetricsSection,
    ModelDeployed,
    ModelInfo,
    ModelMetricsUpdate,
    ModelSection,
    ModelStatusChange,
    Notice,
    ProcessUse,
    RunAlert,
    RunCost,
    RunEnvironment,
    RunInfo,
    Segment,
    Snapshot,
    SystemMetrics,
    SystemSection,
    TrainingAlert,
    TrainingCompleted,
    TrainingProgress,
    TrainingSection,
    WorkerInfo,
    messages,
)

FOLDER = Path(__file__).parent / "fixtures"
AT = 1_790_000_520.0
GIB = 2**30

MODEL = ModelSection(
    model_id="churn-1",
    name="churn",
    version="2.1",
    trained_at=AT - 7_500,
    status="active",
    total_predictions=1_247,
    deployed_at=AT - 8_100,
    status_since=AT - 8_090,
    health="healthy",
    uptime_seconds=8_100.0,
)
METRICS = MetricsSection(
    current_accuracy=0.942,
    predictions_per_minute=23,
    total_predictions=1_247,
    model_health="healthy",
    accuracy_low=0.880,
    accuracy_high=0.973,
    accuracy_threshold=0.85,
    window_labelled=100,
    total_labelled=1_197,
    label_coverage=0.96,
    warming=False,
    calls_per_minute=23,
    latency_p50_seconds=0.0041,
    latency_p95_seconds=0.0124,
    latency_p99_seconds=0.031,
)
SYSTEM = SystemSection(
    cpu_percent=38.0,
    memory_percent=61.0,
    disk_percent=44.0,
    active_connections=3,
    system_health="healthy",
    components=dict.fromkeys(("cpu", "memory", "disk", "shared_memory", "open_files"), "healthy"),
    scope="container",
    memory_used_bytes=int(4.9 * GIB),
    memory_cache_bytes=int(1.8 * GIB),
    memory_peak_bytes=int(5.6 * GIB),
    memory_limit_bytes=8 * GIB,
    cpu_limit_cores=4.0,
    disk_path="/",
    disk_free_bytes=112 * GIB,
    process_cpu_percent=12.0,
    process_memory_bytes=410 * 2**20,
    process_memory_peak_bytes=512 * 2**20,
    kernel_busy=True,
    cpu_scope="container",
    memory_scope="container",
    cpu_throttled_percent=0.0,
    cpu_throttled_seconds=1.2,
    cpu_wait_percent=2.0,
    cpu_delay_percent=1.0,
    pressure_scope="container",
    cpu_pressure_percent=6.0,
    memory_pressure_percent=0.0,
    io_pressure_percent=1.0,
    oom_kills=0,
    shared_memory_percent=4.0,
    shared_memory_free_bytes=61 * 2**20,
    shared_memory_limit_bytes=64 * 2**20,
    disk_io_scope="container",
    disk_read_bytes_per_second=1_200_000.0,
    disk_written_bytes_per_second=300_000.0,
    disk_read_bytes=9_000_000_000,
    disk_written_bytes=800_000_000,
    network_received_bytes_per_second=14_000.0,
    network_sent_bytes_per_second=90_000.0,
    network_received_bytes=31_000_000,
    network_sent_bytes=120_000_000,
    process_memory_kind="pss",
    process_children=2,
    process_threads=31,
    process_open_files=88,
    open_files_percent=5.6,
    open_files_limit=1_024,
    top_processes=[
        ProcessUse(
            pid=41, name="ipykernel_launcher", memory_bytes=290 * 2**20, cpu_percent=9.0, own=True
        ),
        ProcessUse(pid=77, name="pt_data_worker", memory_bytes=60 * 2**20, cpu_percent=1.5),
        ProcessUse(pid=78, name="pt_data_worker", memory_bytes=60 * 2**20, cpu_percent=1.5),
    ],
    gpus_reason="no_device",
    kernel_busy_since=AT - 252,
    kernel_busy_seconds=252.0,
    kernel_lag_seconds=0.006,
    gil_starved=False,
)
RUNNING = TrainingSection(
    state="running",
    stage="Epoch 5 of 12",
    progress=41.0,
    details="partial_fit, batch 64",
    current=246,
    total=600,
    rate_per_second=182.0,
    eta_seconds=190.0,
    elapsed_seconds=132.0,
    metrics={"loss": 0.2318, "val_accuracy": 0.951},
    run_id="5b1e22c0-3",
)
RUN = RunInfo(
    run_id="5b1e22c0-3",
    name="baseline",
    place=0,
    stage=RUNNING.stage,
    details=RUNNING.details,
    unit="epoch",
    current=246,
    total=600,
    progress=41.0,
    steps=246,
    rate_per_second=182.0,
    eta_seconds=190.0,
    elapsed_seconds=132.0,
    started_at=AT - 132,
    metrics=RUNNING.metrics,
    best={
        "loss": BestValue(value=0.2251, step=240, goal="min"),
        "val_accuracy": BestValue(value=0.953, step=236, goal="max"),
    },
    data_wait_ratio=0.38,
    data_wait_ratio_total=0.21,
    model_id="digits-sgd-0.3",
    config={"lr": 0.05, "optimizer": "sgd", "nesterov": True, "schedule": None},
    tags=["digits", "sgd"],
    environment=RunEnvironment(
        notebook="train.ipynb",
        git_commit="9f31c2ab5d",
        git_dirty=True,
        host="jupyter-1",
        python="3.11.9",
        libraries={"numpy": "2.1.0", "scikit-learn": "1.9.1"},
    ),
)
NOT_FINITE = messages.message(
    "run.not_finite", metric="loss", step="1,204", what="NaN", value="2.314"
)
STALLED = messages.message("run.stalled_body", seconds=94, usual=0.31)
PARALLEL_RUNS = [
    RUN,
    RunInfo(
        run_id="5b1e22c0-4",
        parent_id=RUN.run_id,
        stage="Batches",
        current=31,
        total=64,
        progress=48.4375,
        lap=5,
        steps=287,
        rate_per_second=182.0,
        eta_seconds=0.2,
        elapsed_seconds=131.0,
        started_at=AT - 131,
        data_wait_ratio=0.38,
        data_wait_ratio_total=0.21,
    ),
    RunInfo(
        run_id="5b1e22c0-5",
        place=1,
        stage="Wide",
        current=1_310,
        steps=1_310,
        rate_per_second=10.5,
        elapsed_seconds=124.0,
        started_at=AT - 124,
        metrics={"loss": None},
        best={"loss": BestValue(value=2.314, step=1_203, goal="min")},
        alert=RunAlert(
            kind="not_finite",
            metric="loss",
            value=2.314,
            step=1_204,
            at=AT - 12,
            reason=NOT_FINITE.text,
            reason_code=NOT_FINITE.code,
            reason_args=NOT_FINITE.args,
            not_finite_kind="nan",
        ),
    ),
    RunInfo(
        run_id="5b1e22c0-6",
        place=2,
        stage="Deep",
        current=60,
        total=600,
        progress=10.0,
        steps=60,
        rate_per_second=0.4,
        elapsed_seconds=120.0,
        started_at=AT - 120,
        alert=RunAlert(
            kind="stalled",
            metric=None,
            value=0.31,
            step=60,
            at=AT - 64,
            reason=STALLED.text,
            reason_code=STALLED.code,
            reason_args=STALLED.args,
        ),
    ),
    RunInfo(
        run_id="5b1e22c0-2",
        place=7,
        stage="Fit",
        state="stopped",
        end="requested",
        reason=messages.message("run.requested").text,
        reason_code="run.requested",
        current=119,
        total=300,
        progress=39.666666666666664,
        steps=119,
        rate_per_second=4.6,
        elapsed_seconds=26.0,
        started_at=AT - 400,
        ended_at=AT - 374,
        metrics={"loss": 0.31},
        best={"loss": BestValue(value=0.3, step=117, goal="min")},
        cost=RunCost(
            duration_seconds=26.0,
            steps=119,
            data_wait_seconds=4.2,
            peak_memory_bytes=2 * GIB,
            peak_memory_step=80,
            gpu_utilization_percent=61.0,
            gpu_idle_ratio=0.12,
            energy_wh=1.9,
            gpus=[
                GpuCost(
                    index=0,
                    name="GPU",
                    peak_memory_bytes=9 * GIB,
                    peak_memory_step=80,
                    utilization_percent=61.0,
                    idle_ratio=0.12,
                    energy_wh=1.9,
                )
            ],
        ),
    ),
]
CURVES = [
    CurveChunk(
        run_id=RUN.run_id,
        metric="loss",
        start=0,
        first_step=[1, 62, 124, 186],
        step=[61, 123, 185, 246],
        seconds=[32.1, 65.9, 99.5, 131.9],
        mean=[1.12, 0.61, 0.34, 0.2412],
        low=[0.82, 0.41, 0.28, 0.2251],
        high=[2.31, 0.83, 0.45, 0.29],
        count=[61, 62, 62, 61],
    ),
    CurveChunk(
        run_id="5b1e22c0-5",
        metric="loss",
        start=0,
        step=[1, 2, 3, 4],
        seconds=[0.1, 0.2, 0.3, 0.4],
        mean=[2.4, 2.314, None, None],
        not_finite=[0, 0, 1, 1],
        not_finite_kind=["", "", "nan", "nan"],
    ),
]
FAILED_RUN = TrainingSection(
    state="failed",
    stage="Epoch 3 of 12",
    progress=22.0,
    details="ValueError: Input X contains NaN.",
    current=132,
    total=600,
    elapsed_seconds=71.0,
    metrics={"loss": None},
)
UNKNOWN_ID = messages.message("labels.unknown", id="'c-4711'")
WORKERS = [
    WorkerInfo(
        worker=f"3f0c{rank}",
        name=f"rank {rank}",
        host="node-a" if rank < 4 else "node-b",
        pid=4_100 + rank,
        rank=rank,
        last_heard_seconds=0.4,
        stage="Step",
        current=5_204 - 3 * (rank == 5),
        total=10_000,
        rate_per_second=16.6 if rank == 5 else 20.8,
        memory_bytes=int((11.2 + rank / 10) * GIB),
        cpu_percent=96.0 + rank,
    )
    for rank in range(8)
]
WORKERS[7] = msgspec.structs.replace(
    WORKERS[7],
    state="late",
    last_heard_seconds=14.0,
    current=5_174,
    rate_per_second=None,
    memory_bytes=None,
    cpu_percent=None,
)
NOTICE = Notice(
    code="labels.unknown", message=UNKNOWN_ID.text, count=12, at=AT - 90, args=UNKNOWN_ID.args
)
DEPLOYED = ModelInfo(
    model_id="churn-1",
    name="churn",
    version="2.1",
    trained_at=AT - 7_500,
    deployed_at=AT - 8_100,
    status="active",
    total_predictions=1_247,
    current_accuracy=0.942,
    baseline_accuracy=None,
    active=True,
)
CHAMPION = msgspec.structs.replace(
    DEPLOYED,
    accuracy_low=0.880,
    accuracy_high=0.973,
    accuracy_threshold=0.85,
    health="healthy",
    status_since=AT - 8_090,
    window_labelled=100,
    total_labelled=1_197,
    label_coverage=0.96,
    labels_pending=50,
    predictions_per_minute=207,
    latency_p50_seconds=0.0041,
    latency_p95_seconds=0.0124,
    latency_p99_seconds=0.031,
)
CHALLENGER = ModelInfo(
    model_id="churn-2.2",
    name="churn",
    version="2.2",
    trained_at=AT - 3_700,
    deployed_at=AT - 3_000,
    status="degraded",
    total_predictions=131,
    current_accuracy=0.81,
    baseline_accuracy=0.95,
    active=False,
    health="degraded",
    status_since=AT - 130,
    reason="Accuracy dropped too far below its baseline",
    reason_code="baseline.raised",
    reason_rule="baseline",
    reason_value=0.81,
    reason_threshold=0.85,
    reason_n=100,
    accuracy_low=0.722,
    accuracy_high=0.875,
    accuracy_threshold=0.85,
    window_labelled=100,
    total_labelled=121,
    label_coverage=0.92,
    labels_pending=6,
    predictions_per_minute=23,
    total_errors=2,
    latency_p50_seconds=0.0062,
    latency_p95_seconds=0.0191,
    latency_p99_seconds=0.044,
)
RETIRED = ModelInfo(
    model_id="churn-1.9",
    name="churn",
    version="1.9",
    trained_at=AT - 900_000,
    deployed_at=AT - 400_000,
    status="stopped",
    total_predictions=48_211,
    current_accuracy=None,
    baseline_accuracy=None,
    active=False,
)
SEGMENTS = [
    Segment(
        name=name,
        total_labelled=total,
        window_labelled=min(100, total),
        current_accuracy=accuracy,
        accuracy_low=low,
        accuracy_high=high,
    )
    for name, total, accuracy, low, high in (
        ("EU", 640, 0.96, 0.902, 0.984),
        ("US", 402, 0.93, 0.863, 0.966),
        ("APAC", 78, 0.718, 0.610, 0.806),
        ("LATAM", 12, None, None, None),
        ("", 65, 0.892, 0.794, 0.947),
    )
]
LABELS = LabelsSection(
    pending=56, pending_limit=10_000, evicted=0, expired=3, unknown=2, duplicate=1, early=4
)
DRIFTED = DriftSection(
    state="drifted",
    reference_rows=1_000,
    reference_size=1_000,
    window_rows=500,
    window_size=500,
    watched=12,
    features=[
        FeatureDrift(name="age", kind="numeric", psi=0.31, threshold=0.042, drifted=True),
        FeatureDrift(name="plan", kind="categorical", psi=0.052, threshold=0.031, drifted=True),
        FeatureDrift(name="", kind="categorical", psi=0.018, threshold=0.027),
        FeatureDrift(name="tenure", kind="numeric", psi=0.011, threshold=0.042),
    ],
    errors=ErrorDrift(error_rate=0.062, window_labelled=412, changes=2, rising=True),
)


def told(event: Any, seq: int, section: Any = None, **others: Any) -> Any:
    """Return an event with what it has in common with `section`."""
    common = {
        name: getattr(section, name)
        for name in event.__struct_fields__
        if name not in others and hasattr(section, name)
    }
    return event(monitor="default", seq=seq, at=AT, **common, **others)


EVENTS: tuple[Event, ...] = (
    told(SystemMetrics, 1, SYSTEM, active_connections=None),
    told(ModelMetricsUpdate, 2, METRICS, model_id="churn-1"),
    told(
        ModelStatusChange,
        3,
        model_id="churn-1",
        old_status="active",
        new_status="degraded",
        reason="Accuracy dropped below threshold",
        reason_code="accuracy.raised",
        rule="accuracy",
        value=0.78,
        threshold=0.85,
        n=100,
    ),
    told(
        ModelDeployed,
        4,
        model_id="churn-2",
        model_name="churn",
        model_version="2.2",
        deployment_timestamp=AT,
    ),
    told(TrainingProgress, 5, RUNNING, progress=None, total=None, eta_seconds=None),
    told(TrainingCompleted, 6, FAILED_RUN),
    told(
        TrainingAlert,
        7,
        run_id="5b1e22c0-5",
        kind="not_finite",
        metric="loss",
        value=2.314,
        step=1_204,
        reason=NOT_FINITE.text,
        reason_code=NOT_FINITE.code,
        reason_args=NOT_FINITE.args,
        not_finite_kind="nan",
    ),
)


def history(drop: float = 0.0, *, served: bool = True) -> dict[str, list[float | None]]:
    """Return five minutes of the charts' columns; accuracy falls by `drop` in the last two."""
    rows = range(61)

    def column(value: Any) -> list[float | None]:
        return [round(value(row), 4) for row in rows]

    unknown: list[float | None] = [None] * len(rows)
    fall = [drop * max(0, row - 36) / 24 for row in rows]
    return {
        "at": [AT - 5 * (60 - row) for row in rows],
        "current_accuracy": column(lambda i: 0.942 + 0.012 * sin(i / 4) * sin(i / 9) - fall[i])
        if served
        else unknown,
        "predictions_per_minute": column(lambda i: round(18 + i / 9 + 4 * sin(i / 3) * sin(i / 7)))
        if served
        else column(lambda i: 0),
        "latency_p95_seconds": column(
            lambda i: 0.0119 + 0.0009 * sin(i / 2) + (0.009 if i in (24, 25) else 0)
        )
        if served
        else unknown,
        "cpu_percent": column(lambda i: 37 + 12 * sin(i / 5) * sin(i / 2) + 4 * sin(i)),
        "memory_percent": column(lambda i: 52 + i * 0.15 + 0.6 * sin(i / 2)),
        "gpu_percent": unknown,
        "gpu_memory_percent": unknown,
        "disk_read_bytes_per_second": column(lambda i: round(1.2e6 * (1 + sin(i / 6)))),
        "disk_written_bytes_per_second": column(lambda i: round(3e5 * (1 + sin(i / 4)))),
        "network_received_bytes_per_second": column(lambda i: round(14e3 * (1 + sin(i / 8)))),
        "network_sent_bytes_per_second": column(lambda i: round(9e4 * (1 + sin(i / 7)))),
    }


def panel(**traits: Any) -> dict[str, Any]:
    """Return the traits of a panel, with those of a live one where none is given."""
    state = {
        "monitor": "default",
        "at": AT,
        "interval": 1.0,
        "model": MODEL,
        "training": TrainingSection(),
        "metrics": METRICS,
        "system": SYSTEM,
        "notices": [],
        "models": [DEPLOYED],
        "labels": LabelsSection(),
        "drift": DriftSection(),
        "runs": [],
        "workers": [],
        "curves": [],
        "history": history(),
        "closed": False,
    }
    return {**state, **traits}


def panels() -> dict[str, dict[str, Any]]:
    """Return the traits of each state that a panel can be in."""
    change = msgspec.structs.replace
    nobody = MetricsSection(total_predictions=0)
    first = {name: [] for name in history()}
    return {
        "empty": panel(
            model=ModelSection(),
            metrics=nobody,
            system=SystemSection(),
            models=[],
            history=first,
        ),
        "training": panel(
            model=change(
                MODEL,
                name="digits-sgd",
                version="0.3",
                trained_at=None,
                status="training",
                health="unknown",
                total_predictions=0,
                uptime_seconds=360.0,
            ),
            training=RUNNING,
            metrics=change(nobody, warming=False),
            system=change(
                SYSTEM,
                cpu_percent=92.0,
                memory_percent=33.0,
                disk_percent=71.0,
                active_connections=0,
                scope="host",
                cpu_scope="host",
                memory_scope="host",
                disk_io_scope="host",
                cpu_throttled_percent=None,
                cpu_throttled_seconds=None,
                cpu_limit_cores=16.0,
                memory_used_bytes=21 * GIB,
                memory_limit_bytes=64 * GIB,
                disk_free_bytes=64 * GIB,
                gpus=[
                    Gpu(
                        index=0,
                        name="GPU",
                        utilization_percent=97.0,
                        memory_used_bytes=10 * GIB,
                        memory_total_bytes=24 * GIB,
                        temperature_celsius=71.0,
                        power_watts=262.0,
                        power_limit_watts=300.0,
                        process_memory_bytes=9 * GIB,
                        uuid="GPU-6ff1b4d0-93a1-4f3e-9a0c-2f3c3b1e4a55",
                    ),
                    Gpu(
                        index=1,
                        name="GPU",
                        memory_used_bytes=2 * GIB,
                        memory_total_bytes=5 * GIB,
                        uuid="MIG-0d3f1f0e-54f5-5f0d-9a0c-77e1a2b3c4d5",
                        mig=True,
                        reasons={
                            "utilization_percent": "mig",
                            "temperature_celsius": "not_supported",
                            "power_watts": "not_supported",
                            "power_limit_watts": "not_supported",
                            "process_memory_bytes": "pid_namespace",
                        },
                    ),
                ],
                gpu_percent=97.0,
                gpu_memory_percent=41.7,
                gpus_reason=None,
            ),
            runs=[RUN],
            curves=CURVES[:1],
            history=history(served=False),
        ),
        "runs": panel(
            model=change(MODEL, status="training", health="unknown", total_predictions=0),
            training=RUNNING,
            metrics=change(nobody, warming=False),
            runs=PARALLEL_RUNS,
            curves=CURVES,
            history=history(served=False),
        ),
        "workers": panel(
            model=change(MODEL, name="llama-tune", version="7", status="training"),
            training=change(
                RUNNING,
                stage="Step",
                details="8 workers",
                progress=52.04,
                current=5_204,
                total=10_000,
                rate_per_second=2.1,
                eta_seconds=2_280.0,
                metrics={"loss": 1.843},
            ),
            metrics=change(nobody, warming=False),
            workers=WORKERS,
            history=history(served=False),
        ),
        "live": panel(),
        "degraded": panel(
            model=change(
                MODEL,
                status="degraded",
                health="degraded",
                total_predictions=1_702,
                status_since=AT - 245,
                reason="Accuracy dropped below threshold",
                reason_code="accuracy.raised",
                reason_rule="accuracy",
                reason_value=0.78,
                reason_threshold=0.85,
                reason_n=100,
                uptime_seconds=9_100.0,
            ),
            metrics=change(
                METRICS,
                current_accuracy=0.78,
                accuracy_low=0.689,
                accuracy_high=0.850,
                model_health="degraded",
                predictions_per_minute=31,
                total_predictions=1_702,
                label_coverage=0.94,
                total_errors=3,
                errors_per_minute=1,
                latency_p95_seconds=0.013,
            ),
            system=change(
                SYSTEM,
                memory_percent=98.2,
                memory_used_bytes=int(7.86 * GIB),
                memory_full_seconds=240.0,
                oom_kills=1,
                oom_kill_at=AT - 400,
                system_health="unhealthy",
                limiter="memory",
                components={**SYSTEM.components, "memory": "unhealthy"},
                active_connections=5,
            ),
            notices=[NOTICE],
            history=history(0.16),
        ),
        "idle": panel(
            model=change(
                MODEL,
                status="idle",
                status_since=AT - 720,
                reason="No prediction for 300 s",
                reason_code="silence.raised",
                reason_args={"seconds": 300.0},
                reason_rule="silence",
                reason_value=720.0,
                reason_threshold=300.0,
                reason_n=1_247,
            ),
            metrics=change(
                METRICS,
                predictions_per_minute=0,
                calls_per_minute=0,
                latency_p50_seconds=None,
                latency_p95_seconds=None,
                latency_p99_seconds=None,
            ),
            training=TrainingSection(
                state="completed",
                stage="Training",
                progress=100.0,
                details="12 epochs",
                current=600,
                total=600,
                elapsed_seconds=192.0,
                metrics={"loss": 0.1042, "val_accuracy": 0.968},
            ),
            system=change(
                SYSTEM,
                kernel_busy=False,
                kernel_busy_since=None,
                kernel_busy_seconds=None,
                cpu_percent=2.0,
            ),
        ),
        "failed": panel(
            model=change(
                MODEL,
                status="failed",
                status_since=AT - 12,
                reason="ValueError: Input X contains NaN.",
                trained_at=None,
                total_predictions=0,
            ),
            training=FAILED_RUN,
            metrics=change(nobody, warming=False),
            history=history(served=False),
        ),
        "compared": panel(
            metrics=change(
                METRICS,
                predictions_per_minute=207,
                calls_per_minute=207,
                labels_pending=50,
                median_label_delay_seconds=185.0,
                segments=SEGMENTS,
            ),
            models=[RETIRED, CHAMPION, CHALLENGER],
            labels=LABELS,
            drift=DRIFTED,
        ),
        "regression": panel(
            model=change(MODEL, model_id="demand-5", name="demand", version="5"),
            metrics=change(METRICS, task="regression", tolerance=0.5, mae=0.2134, rmse=0.3407),
            models=[
                change(
                    CHAMPION,
                    model_id=model_id,
                    name=name,
                    version=version,
                    active=active,
                    labels_pending=0,
                    predictions_per_minute=rate,
                    mae=mae,
                    rmse=rmse,
                )
                for model_id, name, version, active, rate, mae, rmse in (
                    ("demand-5", "demand", "5", True, 23, 0.2134, 0.3407),
                    ("demand-6", "demand", "6", False, 20, 0.1987, 0.3316),
                )
            ],
            drift=change(
                DRIFTED,
                state="watching",
                features=[change(one, psi=0.012, drifted=False) for one in DRIFTED.features],
                errors=None,
            ),
        ),
        "stopped": panel(
            model=change(MODEL, status="stopped", status_since=AT - 30),
            training=change(FAILED_RUN, state="stopped", details="Interrupted", metrics={}),
            closed=True,
        ),
    }


def fixtures() -> dict[str, Any]:
    """Return each file's name and content."""
    shared: dict[str, Any] = {"model": MODEL, "metrics": METRICS, "system": SYSTEM}
    full = Snapshot(
        monitor="default",
        seq=7,
        at=AT,
        training=RUNNING,
        notices=[NOTICE],
        models=[DEPLOYED],
        runs=[RUN],
        workers=WORKERS[6:],
        durations=Durations(bounds_seconds=[0.005, 0.05], counts=[800, 440, 7], sum_seconds=6.2),
        **shared,
    )
    files: dict[str, Any] = {
        "snapshot": full,
        "snapshot_empty": Snapshot(monitor="default", seq=0, at=AT),
        "events": list(EVENTS),
        **{f"panel_{state}": traits for state, traits in panels().items()},
    }
    return {name: msgspec.to_builtins(content) for name, content in files.items()}


def text_of(content: Any) -> str:
    """Return a fixture as it is stored: a line for each field, a column on one line."""
    text = json.dumps(content, indent=1, ensure_ascii=False)
    columns = content.get("history", {}) if isinstance(content, dict) else {}
    for column in columns.values():
        spread = json.dumps(column, indent=1).replace("\n", "\n  ")
        text = text.replace(spread, json.dumps(column))
    return text + "\n"


def main() -> None:
    """Write the files."""
    FOLDER.mkdir(exist_ok=True)
    for name, content in fixtures().items():
        (FOLDER / f"{name}.json").write_text(text_of(content), encoding="utf-8")


if __name__ == "__main__":
    main()
