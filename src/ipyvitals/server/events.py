"""Emits the seven events on the server's own event bus, ``/api/events/subscribe``."""

from __future__ import annotations

import logging
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from ipyvitals.schema import EVENT_TYPES, Event

__all__ = ["EventBusEmitter", "schema_path"]

log = logging.getLogger("ipyvitals")
SCHEMAS = Path(str(files("ipyvitals.server"))) / "event_schemas"
VERSION = "v1"


def schema_path(event_type: str) -> Path:
    """Return the path of the schema file of an event type."""
    return SCHEMAS / event_type / f"{VERSION}.yaml"


@cache
def _schema(event_type: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(schema_path(event_type).read_text(encoding="utf-8"))
    return loaded


class EventBusEmitter:
    """Emits events through `jupyter_events`; other extensions subscribe to them there.

    Parameters
    ----------
    logger : jupyter_events.EventLogger
        The event logger of the server.
    """

    def __init__(self, logger: Any) -> None:
        self._logger = logger
        self._failed = False
        for event_type in EVENT_TYPES:
            if _schema(event_type)["$id"] not in logger.schemas:
                logger.register_event_schema(_schema(event_type))

    def emit(self, event: Event, kernel_id: str) -> None:
        """Emit an event; never raises, and logs only the first failure."""
        data = event.to_dict()
        try:
            self._logger.emit(
                schema_id=_schema(event.type)["$id"], data={"kernel_id": kernel_id, **data}
            )
        # Listeners are third-party code and may raise anything.
        except Exception:
            if not self._failed:
                self._failed = True
                log.warning("the server's event bus did not take an event", exc_info=True)
