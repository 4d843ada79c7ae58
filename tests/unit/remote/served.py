"""Two small services, one for gunicorn and one for uvicorn, that record each request."""

from __future__ import annotations

from ipyvitals import Monitor

monitor = Monitor("churn", name="m", git=False)


def app(environ, start_response):
    """Answer a request of WSGI."""
    monitor.record(1, 1)
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]


async def asgi(scope, receive, send):
    """Answer a request of ASGI."""
    if scope["type"] != "http":
        return
    monitor.record(1, 1)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})
