"""Answers ``/metrics`` in place of the server's own handler, outside of the event loop."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import prometheus_client
from jupyter_core.utils import ensure_async
from jupyter_server.auth import decorator
from jupyter_server.base.handlers import PrometheusMetricsHandler
from tornado import web

from ipyvitals.server.auth import RESOURCE

__all__ = ["MetricsHandler"]

PREFIX = "ipyvitals_"
# Servers that can demand a user of every handler mark those that check access themselves.
allow_unauthenticated = getattr(decorator, "allow_unauthenticated", lambda method: method)


class MetricsHandler(PrometheusMetricsHandler):
    """``GET metrics``: that of Jupyter Server, collected and written by a thread.

    A user whom the authorizer denies the vital signs receives all other metrics.
    """

    @allow_unauthenticated  # type: ignore[untyped-decorator]
    async def get(self) -> None:
        """Send all metrics of this process in the text format of Prometheus."""
        if self.settings["authenticate_prometheus"] and not self.logged_in:
            raise web.HTTPError(403)
        text = await asyncio.to_thread(_exposition, vitals=await self._may_read())
        self.set_header("Content-Type", prometheus_client.CONTENT_TYPE_LATEST)
        self.finish(text)

    async def _may_read(self) -> bool:
        # Where scrapes need no user, there is nobody to ask the authorizer about.
        if self.current_user is None:
            return True
        return bool(
            await ensure_async(
                self.authorizer.is_authorized(self, self.current_user, "read", RESOURCE)
            )
        )


def _exposition(*, vitals: bool) -> bytes:
    registry: Any = prometheus_client.REGISTRY
    if not vitals:
        others = [one for one in registry.collect() if not one.name.startswith(PREFIX)]
        registry = SimpleNamespace(collect=lambda: others)
    return prometheus_client.generate_latest(registry)
