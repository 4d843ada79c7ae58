"""What the Jupyter server pays for its kernels and for those who watch them."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from statistics import median, quantiles
from typing import Any

import msgspec
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from benchmarks.jupyter import JupyterServer, SyntheticKernel, jupyter_server
from benchmarks.table import Row
from ipyvitals.schema import (
    MetricsSection,
    ModelInfo,
    ModelMetricsUpdate,
    ModelSection,
    SystemSection,
    TrainingSection,
)
from ipyvitals.schema.protocol import Update

LOADS = ((1, 100), (10, 100), (10, 300), (50, 100))
"""Kernels and clients."""
CPU_BOUND = 60.0
P95_BOUND = 50.0
PEER = "jupyter_resource_usage"
BUSY = """
from ipyvitals import Monitor
monitor = Monitor("bench", interval=1.0)
while True:
    monitor.record(1, 1, latency=0.001)
"""


def server_rows(*, quick: bool) -> list[Row]:
    """Measure the server's CPU and bytes by kernels, then how fast REST answers."""
    seconds = 5 if quick else 15
    rows = [asyncio.run(_load(*load, bound=load == LOADS[-1], seconds=seconds)) for load in LOADS]
    return [*rows, *asyncio.run(_rest(rounds=100 if quick else 400))]


async def _load(number: int, listeners: int, *, bound: bool, seconds: int) -> Row:
    kernels = [SyntheticKernel() for _ in range(number)]
    with jupyter_server(kernels) as server:
        clients = [await _connect(server) for _ in range(listeners)]
        sizes: list[int] = []
        listening = [asyncio.create_task(_listen(client, sizes)) for client in clients]
        n = 1
        # Until the server has found them all, and their questions are given up.
        for _ in range(8):
            await _second(kernels, n)
            n += 1
        sizes.clear()
        cpu, start = server.cpu_seconds(), time.perf_counter()
        for _ in range(seconds):
            await _second(kernels, n)
            n += 1
        share = (server.cpu_seconds() - cpu) / (time.perf_counter() - start)
        memory = server.resident_bytes()
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
        for client in clients:
            client.close()
    for kernel in kernels:
        kernel.close()
    messages = len(sizes) / seconds
    tick = sum(sizes) / seconds / number / listeners
    return Row(
        f"the server's CPU: {number} kernels at 1 update/s, {listeners} WebSocket clients",
        100 * share,
        "{:.1f} % of a core",
        CPU_BOUND if bound else None,
        measured=f"{messages:.0f} messages/s; {tick:.0f} bytes a tick, kernel and client; "
        f"{memory / 1e6:.0f} MB resident",
        data={"messages_per_second": messages, "tick_bytes": tick, "resident_bytes": memory},
    )


async def _connect(server: JupyterServer) -> WebSocketClientConnection:
    url = f"{server.url.replace('http', 'ws', 1)}ipyvitals/api/events"
    return await websocket_connect(HTTPRequest(url, headers=server.headers))


async def _listen(client: WebSocketClientConnection, sizes: list[int]) -> None:
    while (message := await client.read_message()) is not None:
        sizes.append(len(message))


async def _second(kernels: list[SyntheticKernel], n: int) -> None:
    """Send one update of each kernel, spread over a second."""
    start = time.perf_counter()
    for place, kernel in enumerate(kernels):
        await asyncio.sleep(max(0.0, start + place / len(kernels) - time.perf_counter()))
        kernel.send(_update(n))
    await asyncio.sleep(max(0.0, start + 1.0 - time.perf_counter()))


def _update(n: int) -> dict[str, Any]:
    """Return what a kernel at work sends: all at first, then figures, with their event."""
    at = 1_790_000_000.0 + n
    metrics = MetricsSection(
        current_accuracy=0.9,
        predictions_per_minute=60 * n,
        total_predictions=60 * n,
        window_labelled=100,
        latency_p95_seconds=0.01,
    )
    event = ModelMetricsUpdate(
        monitor="default",
        seq=n,
        at=at,
        model_id="m",
        current_accuracy=0.9,
        predictions_per_minute=60 * n,
        total_predictions=60 * n,
        model_health="healthy",
    )
    info = ModelInfo(
        model_id="m",
        name="bench",
        version="1",
        trained_at=None,
        deployed_at=at,
        status="active",
        total_predictions=60 * n,
        current_accuracy=0.9,
        baseline_accuracy=None,
        active=True,
    )
    every: dict[str, Any] = {
        "training": TrainingSection(),
        "system": SystemSection(cpu_percent=20.0, memory_percent=40.0),
        "notices": [],
        "durations": None,
    }
    full = n % 30 == 1 or n < 8
    plain: dict[str, Any] = msgspec.to_builtins(
        Update(
            monitor="default",
            n=n,
            at=at,
            seq=n,
            full=full,
            model=ModelSection(model_id="m", name="bench", total_predictions=60 * n),
            metrics=metrics,
            models=[info],
            events=[event],
            **(every if full else {}),
        )
    )
    return plain


async def _rest(rounds: int) -> list[Row]:
    with jupyter_server([], PEER) as server:
        await _start_busy_kernel(server)
        ours, peer = "api/monitoring/system", "api/metrics/v1"
        times: dict[str, list[float]] = {ours: [], peer: []}
        for _ in range(rounds):
            for path, found in times.items():
                start = time.perf_counter()
                await _ask(server, path)
                found.append(time.perf_counter() - start)
    p95 = {path: 1e3 * quantiles(found, n=20)[-1] for path, found in times.items()}
    middle = {path: 1e3 * median(found) for path, found in times.items()}
    return [
        Row(
            "GET monitoring/system while the kernel is busy, 95 % of the answers within",
            p95[ours],
            "{:.1f} ms",
            P95_BOUND,
            measured=f"median {middle[ours]:.1f} ms",
            data={"seconds": times[ours]},
        ),
        Row(
            "the same of jupyter-resource-usage's metrics/v1",
            p95[peer],
            "{:.1f} ms",
            measured=f"median {middle[peer]:.1f} ms; the machine's figures, none of a model",
            data={"seconds": times[peer]},
        ),
    ]


async def _start_busy_kernel(server: JupyterServer) -> None:
    kernel_id = (await _ask(server, "api/kernels", "POST", {"name": "python3"}))["id"]
    url = f"{server.url.replace('http', 'ws', 1)}api/kernels/{kernel_id}/channels"
    page = await websocket_connect(
        HTTPRequest(f"{url}?session_id={uuid.uuid4().hex}", headers=server.headers)
    )
    header = {
        "msg_id": uuid.uuid4().hex,
        "msg_type": "execute_request",
        "session": "bench",
        "username": "",
        "version": "5.3",
        "date": "2026-01-01T00:00:00Z",
    }
    content = {"code": BUSY, "silent": False, "store_history": False, "allow_stdin": False}
    cell = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
    await page.write_message(json.dumps({**cell, "channel": "shell", "buffers": []}))
    until = time.monotonic() + 60
    while not (await _ask(server, "api/models"))["models"]:
        if time.monotonic() > until:
            raise RuntimeError("the kernel's monitor did not appear")
        await asyncio.sleep(0.2)


async def _ask(server: JupyterServer, path: str, method: str = "GET", body: Any = None) -> Any:
    request = HTTPRequest(
        f"{server.url}{path}",
        method=method,
        headers=server.headers,
        body=None if body is None else json.dumps(body),
    )
    return json.loads((await AsyncHTTPClient().fetch(request)).body)
