"""Read the models of a running Jupyter server, by its REST interface."""

from __future__ import annotations

import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Any
from urllib.parse import parse_qs, urlsplit, urlunsplit

import msgspec
from msgspec import UNSET

from ipyvitals.cli.entries import ModelEntry
from ipyvitals.cli.runs import run_fields
from ipyvitals.errors import IpyvitalsError
from ipyvitals.render.worker_summary import heard_of
from ipyvitals.schema import (
    MetricsSection,
    ModelInfo,
    ModelSection,
    RunInfo,
    TrainingSection,
    WorkerInfo,
)
from ipyvitals.schema.protocol import Update

__all__ = ["ServerAddress", "ServerError", "address_of", "served_entries"]

ANSWER_SECONDS = 10.0
MOST_BYTES = 64 * 1024 * 1024
PAGES = ("/lab", "/tree", "/notebooks", "/doc", "/edit", "/consoles")


class ServerError(IpyvitalsError):
    """Raised when a Jupyter server does not answer, or not as expected."""


class ServerAddress(msgspec.Struct, frozen=True):
    """The address of a Jupyter server, and its token."""

    url: str
    """With its base URL, without a slash at the end."""
    token: str | None = None


class _KernelAnswer(msgspec.Struct, frozen=True):
    kernel_id: str
    path: str | None = None
    last_seen: float | None = None
    monitors: list[Update] = []


class _KernelListAnswer(msgspec.Struct, frozen=True):
    """The fields of ``GET kernels`` that the list shows; decoding them needs no Jupyter Server."""

    kernels: list[_KernelAnswer]


def address_of(url: str, token: str | None) -> ServerAddress:
    """Return the address of a server from its base URL, or from that of any of its pages.

    Raises
    ------
    ServerError
        When `url` is no address.

    Examples
    --------
    >>> address_of("http://localhost:8888/user/me/lab/tree/a.ipynb?token=abc", None)
    ServerAddress(url='http://localhost:8888/user/me', token='abc')
    """
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        given = parse_qs(parts.query).get("token", [None])[0]
        known = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        known = False
    if not known:
        raise ServerError(
            f"--server {url}: expected the address of a Jupyter server, such as "
            "http://localhost:8888; `jupyter server list` shows those that run."
        )
    path = f"{parts.path}/"
    ends = [place for page in PAGES if (place := path.find(f"{page}/")) >= 0]
    base = path[: min(ends, default=len(path))].rstrip("/")
    return ServerAddress(urlunsplit((parts.scheme, parts.netloc, base, "", "")), token or given)


def served_entries(address: ServerAddress) -> list[ModelEntry]:
    """Return the models of all kernels of a server.

    Raises
    ------
    ServerError
        When the server does not answer, or not as expected.
    """
    body = _ask(address, "ipyvitals/api/kernels")
    try:
        answer = msgspec.json.decode(body, type=_KernelListAnswer)
    except msgspec.MsgspecError as error:
        raise ServerError(f"{address.url}: its answer is not that of ipyvitals: {error}") from error
    return [
        entry
        for kernel in answer.kernels
        for update in kernel.monitors
        for entry in _entries(kernel, update)
    ]


def _entries(kernel: _KernelAnswer, update: Update) -> list[ModelEntry]:
    model = _known(update.model, ModelSection())
    metrics = _known(update.metrics, MetricsSection())
    run = _known(update.training, TrainingSection())
    common: dict[str, Any] = {
        "source": "server",
        "monitor": update.monitor,
        "live": not update.closed,
        "kernel_id": kernel.kernel_id,
        "notebook": kernel.path,
        "last_at": kernel.last_seen,
    }
    running = run.state == "running"
    tops: list[RunInfo] = [one for one in _known(update.runs, []) if one.parent_id is None]
    workers: list[WorkerInfo] = _known(update.workers, [])
    heard, expected = heard_of(workers)
    front = ModelEntry(
        **common,
        model_id=model.model_id,
        name=model.name,
        version=model.version,
        active=True,
        status=model.status,
        reason=model.reason,
        current_accuracy=metrics.current_accuracy,
        accuracy_low=metrics.accuracy_low,
        accuracy_high=metrics.accuracy_high,
        total_predictions=model.total_predictions,
        predictions_per_minute=metrics.predictions_per_minute,
        latency_p95_seconds=metrics.latency_p95_seconds,
        stage=run.stage if running else None,
        progress=run.progress if running else None,
        workers=expected if workers else None,
        workers_heard=heard if workers else None,
        **(_of_run(tops[0]) if tops else {}),
    )
    others: list[ModelInfo] = _known(update.models, [])
    return [front, *(_beside(one, common) for one in others if not one.active)]


def _of_run(run: RunInfo) -> dict[str, Any]:
    return run_fields(
        name=run.name,
        stage=run.stage,
        state=run.state,
        progress=run.progress,
        metrics=run.metrics,
        best=run.best,
        ended_at=run.ended_at,
    )


def _beside(one: ModelInfo, common: dict[str, Any]) -> ModelEntry:
    shared = [name for name in ModelEntry.__struct_fields__ if name in one.__struct_fields__]
    return ModelEntry(**common, **{name: getattr(one, name) for name in shared})


def _known(value: Any, otherwise: Any) -> Any:
    return otherwise if value is UNSET else value


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any) -> None:
        # The token is for this server alone.
        return None


def _ask(address: ServerAddress, path: str) -> bytes:
    headers = {"Accept": "application/json"}
    if address.token:
        headers["Authorization"] = f"token {address.token}"
    request = urllib.request.Request(f"{address.url}/{path}", headers=headers)
    try:
        with urllib.request.build_opener(_NoRedirects).open(request, timeout=ANSWER_SECONDS) as got:
            body: bytes = got.read(MOST_BYTES + 1)
    except urllib.error.HTTPError as error:
        with error:
            raise ServerError(f"{address.url}: {_why(error.code)}") from None
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise ServerError(f"{address.url} does not answer: {reason}") from None
    if len(body) > MOST_BYTES:
        raise ServerError(f"{address.url}: its answer is too large.")
    return body


def _why(code: int) -> str:
    if code in (401, 403) or 300 <= code < 400:
        return (
            "it does not let you in; give its token by --token or JUPYTER_TOKEN "
            "(`jupyter server list` shows it)."
        )
    if code == 404:
        return "it has no ipyvitals; install it in the server's environment, or check the address."
    return f"it answered with HTTP {code}."
