"""Asking a server: where it is, what it may answer, and whom the token is for."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ipyvitals.cli import served
from ipyvitals.cli.entries import ModelEntry
from ipyvitals.cli.served import ServerAddress, ServerError, address_of, served_entries
from ipyvitals.cli.sources import SourceReader

BASE = "http://localhost:8888"


@pytest.mark.parametrize(
    ("url", "token", "address"),
    [
        (BASE, None, ServerAddress(BASE)),
        (f"{BASE}/", "abc", ServerAddress(BASE, "abc")),
        ("localhost:8888", None, ServerAddress(BASE)),
        (f"{BASE}/lab?token=abc", None, ServerAddress(BASE, "abc")),
        (f"{BASE}/?token=abc", "given", ServerAddress(BASE, "given")),
        (f"{BASE}/user/me/lab/tree/a.ipynb", None, ServerAddress(f"{BASE}/user/me")),
        (f"{BASE}/user/tree/tree", None, ServerAddress(f"{BASE}/user")),
        (f"{BASE}/labour", None, ServerAddress(f"{BASE}/labour")),
        (
            "https://hub.example/user/me/notebooks/x#y",
            None,
            ServerAddress("https://hub.example/user/me"),
        ),
    ],
)
def test_any_page_of_a_server_tells_where_it_is(url, token, address):
    assert address_of(url, token) == address


class Server:
    """Answers everything in one way, and remembers what it was asked."""

    def __init__(self):
        self.code, self.body, self.headers = 200, b'{"kernels": []}', {}
        self.asked = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append((self.path, self.headers.get("Authorization")))
                self.send_response(outer.code)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(outer.body)

            def log_message(self, *args):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self):
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@pytest.fixture
def start():
    running = []

    def start_one():
        running.append(Server())
        return running[-1]

    yield start_one
    for one in running:
        one.close()


@pytest.fixture
def server(start):
    return start()


def test_it_is_asked_with_its_token(server):
    assert served_entries(ServerAddress(server.url, "secret")) == []
    assert served_entries(ServerAddress(server.url)) == []
    assert server.asked == [
        ("/ipyvitals/api/kernels", "token secret"),
        ("/ipyvitals/api/kernels", None),
    ]


def test_a_token_goes_to_no_other_server(start):
    first, other = start(), start()
    first.code, first.headers = 302, {"Location": f"{other.url}/login"}

    with pytest.raises(ServerError, match="does not let you in; give its token"):
        served_entries(ServerAddress(first.url, "secret"))
    assert other.asked == []


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (401, "does not let you in"),
        (403, "does not let you in"),
        (404, "has no ipyvitals"),
        (500, "answered with HTTP 500"),
    ],
)
def test_refusals_say_what_to_do(server, code, said):
    server.code = code
    with pytest.raises(ServerError, match=said):
        served_entries(ServerAddress(server.url))


@pytest.mark.parametrize("body", [b"<html>", b'{"kernels": 3}', b"{}", b"\xff"])
def test_an_answer_of_something_else(server, body):
    server.body = body
    with pytest.raises(ServerError, match="its answer is not that of ipyvitals"):
        served_entries(ServerAddress(server.url))


def test_an_endless_answer(server, monkeypatch):
    monkeypatch.setattr(served, "MOST_BYTES", 10)
    with pytest.raises(ServerError, match="too large"):
        served_entries(ServerAddress(server.url))


def kernel(**fields):
    update = {
        "monitor": "default",
        "n": 1,
        "at": 5.0,
        "seq": 0,
        "full": True,
        "model": {"model_id": "churn-1", "name": "churn", "status": "active"},
        **fields,
    }
    return {"kernel_id": "k", "path": "a.ipynb", "last_seen": 7.0, "monitors": [update]}


def answer(*kernels):
    return json.dumps({"kernels": kernels}).encode()


def test_a_model_and_those_beside_it_and_training(server):
    beside = {
        "model_id": "churn-2",
        "name": "churn",
        "version": "2",
        "trained_at": None,
        "deployed_at": None,
        "status": "idle",
        "total_predictions": 3,
        "current_accuracy": 0.5,
        "baseline_accuracy": None,
    }
    server.body = answer(
        kernel(
            models=[
                {**beside, "active": False},
                {**beside, "model_id": "churn-1", "active": True},
            ],
            training={"state": "running", "stage": "Fit", "progress": 41.5},
        )
    )
    front, other = served_entries(ServerAddress(server.url))

    assert (front.model_id, front.active, front.stage, front.progress) == (
        "churn-1",
        True,
        "Fit",
        41.5,
    )
    assert (front.notebook, front.last_at, front.live) == ("a.ipynb", 7.0, True)
    assert (other.model_id, other.active, other.status, other.current_accuracy) == (
        "churn-2",
        False,
        "idle",
        0.5,
    )
    assert other.stage is None


def test_a_closed_monitor_is_not_live(server):
    server.body = answer(kernel(closed=True))

    assert [one.live for one in served_entries(ServerAddress(server.url))] == [False]


def test_what_the_server_tells_is_not_listed_again_from_the_file(server, tmp_path, monkeypatch):
    server.body = answer(kernel(), kernel())
    stored = [
        ModelEntry(source="store", monitor="default", live=True, model_id="churn-1"),
        ModelEntry(source="store", monitor="default", live=True, model_id="churn-1"),
        ModelEntry(source="store", monitor="default", live=True, model_id="churn-1", status="idle"),
        ModelEntry(source="store", monitor="default", live=False, model_id="churn-1"),
    ]
    monkeypatch.setattr("ipyvitals.cli.sources.stored_entries", lambda path: stored)
    found = SourceReader(tmp_path, ServerAddress(server.url), required=True).read()

    assert [one.source for one in found.entries] == ["server", "server", "store", "store"]
    assert [one.live for one in found.entries] == [True, True, True, False]
