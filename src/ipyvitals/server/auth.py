"""Authorises requests: names the resource of this extension and checks access to it."""

from __future__ import annotations

from jupyter_core.utils import ensure_async
from jupyter_server.base.handlers import JupyterHandler
from tornado import web

__all__ = ["RESOURCE", "check_may_read"]

RESOURCE = "ipyvitals"
"""The resource that authorizers are asked about, with the action ``read`` or ``write``."""


async def check_may_read(handler: JupyterHandler) -> None:
    """Check that the user of a request may read the vital signs.

    Raises
    ------
    tornado.web.HTTPError
        403 when the server's authorizer denies it.
    """
    allowed = await ensure_async(
        handler.authorizer.is_authorized(handler, handler.current_user, "read", RESOURCE)
    )
    if not allowed:
        raise web.HTTPError(403, f"not authorized to read {RESOURCE}")
