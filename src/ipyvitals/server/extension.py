"""The Jupyter Server extension: its configuration, routes, start and end."""

from __future__ import annotations

from typing import Any

import prometheus_client
from jupyter_server.extension.application import ExtensionApp
from traitlets import Bool, Float, Integer

from ipyvitals.server.events import EventBusEmitter
from ipyvitals.server.hub import Hub, HubConfig
from ipyvitals.server.kernel_manager import KernelManagerAdapter
from ipyvitals.server.metrics.collector import collector
from ipyvitals.server.metrics.handler import MetricsHandler
from ipyvitals.server.rest import (
    ActionHandler,
    KernelCurvesHandler,
    KernelEventsHandler,
    KernelsHandler,
    ModelsHandler,
    SystemHandler,
)
from ipyvitals.server.save_hook import PanelSaveHook
from ipyvitals.server.stream import EventStreamHandler

__all__ = ["IpyvitalsExtension"]

KERNEL = r"/kernels/(?P<kernel_id>[^/]+)"
ACTION = r"(?P<action>stop_training|acknowledge|reset)"


class IpyvitalsExtension(ExtensionApp):
    """Serves the vital signs of all kernels by REST, WebSocket and ``/metrics``."""

    name = "ipyvitals"
    app_name = "ipyvitals"
    description = "Live vital signs of the models in this server's kernels."
    load_other_extensions = True

    metrics = Bool(
        True,
        help="Whether the server's /metrics includes the vital signs of its kernels.",
    ).tag(config=True)
    metrics_models = Integer(
        200,
        min=0,
        help="Maximum number of models per kernel that have series of their own in /metrics; "
        "the active ones come first, and ipyvitals_omitted_models counts the others.",
    ).tag(config=True)
    history_points = Integer(
        600,
        min=1,
        help="Maximum number of points per monitor for the charts; each update adds a point, by "
        "default at most one per second.",
    ).tag(config=True)
    kept_events = Integer(200, min=0, help="Maximum number of stored events per kernel.").tag(
        config=True
    )
    resume_messages = Integer(
        1000,
        min=0,
        help="Messages buffered for WebSocket clients that reconnect after a short absence; with "
        "0 each receives the whole state.",
    ).tag(config=True)
    client_messages = Integer(
        200,
        min=1,
        help="Maximum number of queued messages per WebSocket client; a slower client receives "
        "the number of messages that it missed, and the newest state.",
    ).tag(config=True)
    max_clients = Integer(
        1000, min=1, help="Maximum number of WebSocket clients; more are refused with code 1013."
    ).tag(config=True)
    answer_seconds = Float(
        5.0,
        min=0.1,
        help="Seconds to wait for a kernel's reply; then REST answers 504, or the last state.",
    ).tag(config=True)
    save_panels = Bool(
        True,
        help="Whether saving a notebook also saves the current state of its panels, for readers "
        "without a kernel; otherwise the state when their cell ran.",
    ).tag(config=True)
    max_update_bytes = Integer(
        1024 * 1024,
        min=1024,
        help="Maximum size of a kernel's update in bytes; larger ones are dropped.",
    ).tag(config=True)

    def initialize_settings(self) -> None:
        """Create the hub, which starts with the server's event loop, and register the save hook."""
        server: Any = self.serverapp
        kernel_manager = KernelManagerAdapter(
            server.kernel_manager, server.session_manager, server.event_logger
        )
        kernel_manager.untrack_requests()
        self.hub = Hub(
            kernel_manager,
            EventBusEmitter(server.event_logger),
            HubConfig(
                points=self.history_points,
                events=self.kept_events,
                resume_messages=self.resume_messages,
                answer_seconds=self.answer_seconds,
                update_bytes=self.max_update_bytes,
            ),
            self.log,
        )
        if self.save_panels:
            server.contents_manager.register_pre_save_hook(PanelSaveHook(self.hub))
        server.io_loop.add_callback(self._on_loop_start)

    def _on_loop_start(self) -> None:
        self.hub.start()
        if self.metrics:
            collector.add(self.hub, prometheus_client.REGISTRY, self.metrics_models)

    def initialize_handlers(self) -> None:
        """Add the routes; those under ``/api`` are aliases that the specification names.

        That of ``/metrics`` comes before the server's own.
        """
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
            (f"/ipyvitals/api{KERNEL}/curves", KernelCurvesHandler, hub),
            (f"/ipyvitals/api{KERNEL}/{ACTION}", ActionHandler, hub),
            ("/ipyvitals/api/events", EventStreamHandler, stream),
            ("/api/models", ModelsHandler, hub),
            ("/api/monitoring/system", SystemHandler, hub),
        ]
        if self.metrics:
            routes.append(("/metrics", MetricsHandler, {}))
        self.handlers.extend(routes)

    async def stop_extension(self) -> None:
        """Disconnect kernels and clients."""
        collector.remove(self.hub)
        await self.hub.stop()
