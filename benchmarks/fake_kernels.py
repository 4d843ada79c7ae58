"""A server extension that adds kernels without processes, whose broadcasts the benchmark sends."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import Any

VARIABLE = "IPYVITALS_BENCH_KERNELS"
"""Names a JSON list: the id and the connection info of each kernel."""


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "benchmarks.fake_kernels"}]


def _load_jupyter_server_extension(app: Any) -> None:
    from jupyter_server.services.kernels.kernelmanager import ServerKernelManager

    kernels = app.kernel_manager
    for kernel_id, connection in json.loads(os.environ[VARIABLE]):
        manager = ServerKernelManager(parent=kernels, context=kernels.context)
        manager.load_connection_info(connection)
        manager.execution_state = "busy"
        manager.last_activity = datetime.now(UTC)
        kernels._kernels[kernel_id] = manager
        kernels._kernel_connections[kernel_id] = 0
