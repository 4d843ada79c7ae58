"""The Jupyter Server extension: its settings, routes, and life."""

from __future__ import annotations

from typing import Any

import prometheus_client
from jupyter_server.extension.application import ExtensionApp
from traitlets import Bool, Float, Integer

from ipyvitals.server.events import EventBus
from ipyvitals.server.hub import Hub, Settings
from ipyvitals.server.kernel_manager import Kernels
from ipyvitals.server.metrics.collector import collector
from ipyvitals.server.rest import (
    ActionHandler,
    KernelEventsHandler,
    KernelsHandler,
    ModelsHandler,
    SystemHandler,
)
from ipyvitals.server.save_hook import SavedPanels
from ipyvitals.server.stream import EventsHandler

__all__ = ["IpyvitalsExtension"]

KERNEL = r"/kernels/(?P<kernel_id>[^/]+)"
ACTION = r"(?P<action>stop_training|acknowledge|reset)"


class IpyvitalsExtension(ExtensionApp):
    """Every kernel's vital signs by REST, WebSocket and ``/metrics``."""

    name = "ipyvitals"
    app_name = "ipyvitals"
    description = "Live vital signs of the models in this server's kernels."
    load_other_extensions = True

    metrics = Bool(
        True,
        help="Whether the server's /metrics carries the vital signs of its kernels.",
    ).tag(config=True)
    history_points = Integer(
        600,
        min=1,
        help="Points kept per monitor for the charts; a point comes with each update, at most "
        "one a second by default.",
    ).tag(config=True)
    kept_events = Integer(200, min=0, help="Events kept per kernel.").tag(config=True)
    resume_messages = Integer(
        1000,
        min=0,
        help="Messages kept for WebSocket clients that come back after a short absence; 0: each "
        "begins anew.",
    ).tag(config=True)
    client_messages = Integer(
        200,
        min=1,
        help="Messages that may wait for one WebSocket client; a slower one is told what it "
        "missed and gets the newest state.",
    ).tag(config=True)
    max_clients = Integer(
        1000, min=1, help="WebSocket clients at a time; more are turned away with code 1013."
    ).tag(config=True)
    answer_seconds = Float(
        5.0,
        min=0.1,
        help="Seconds to wait for a kernel's answer; then REST answers 504, or what is known.",
    ).tag(config=True)
    save_panels = Bool(
        True,
        help="Whether panels are saved with their notebook as they are then, for readers without "
        "a kernel; else as they were when their cell ran.",
    ).tag(config=True)
    max_update_bytes = Integer(
        1024 * 1024, min=1024, help="Bytes of one update of a kernel; larger ones are dropped."
    ).tag(config=True)

    def initialize_settings(self) -> None:
        """Make the hub; it begins with the server's event loop."""
        server: Any = self.serverapp
        kernels = Kernels(server.kernel_manager, server.session_manager, server.event_logger)
        kernels.untrack_questions()
        self.hub = Hub(
            kernels,
            EventBus(server.event_logger),
            Settings(
                points=self.history_points,
                events=self.kept_events,
                resume_messages=self.resume_messages,
                answer_seconds=self.answer_seconds,
                update_bytes=self.max_update_bytes,
            ),
            self.log,
        )
        if self.save_panels:
            server.contents_manager.register_pre_save_hook(SavedPanels(self.hub))
        server.io_loop.add_callback(self._begin)

    def _begin(self) -> None:
        self.hub.start()
        if self.metrics:
            collector.add(self.hub, prometheus_client.REGISTRY)

    def initialize_handlers(self) -> None:
        """Name the routes; those of the specification answer the same as ours."""
        hub = {"hub": self.hub}
        stream = {
            **hub,
            "client_messages": self.client_messages,
            "max_clients": self.max_clients,
        }
        routes: list[tuple[str, type, dict[str, Any]]] = [
            ("/ipyvitals/api/models", ModelsHandler, hub),
            ("/ipyvitals/api/monitoring/system", SystemHandler, hub),
            ("/ipyvitals/api/kernels", KernelsHandler, hub),
            (f"/ipyvitals/api{KERNEL}/events", KernelEventsHandler, hub),
            (f"/ipyvitals/api{KERNEL}/{ACTION}", ActionHandler, hub),
            ("/ipyvitals/api/events", EventsHandler, stream),
            ("/api/models", ModelsHandler, hub),
            ("/api/monitoring/system", SystemHandler, hub),
        ]
        self.handlers.extend(routes)

    async def stop_extension(self) -> None:
        """Let go of kernels and clients."""
        collector.remove(self.hub)
        await self.hub.stop()
