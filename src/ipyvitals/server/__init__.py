"""Serves the state of all kernels from the Jupyter server: REST, WebSocket and ``/metrics``.

In: updates that kernels broadcast on IOPub, replies on their control channel, and the lifecycle
events of the server's kernel and session managers. The extension never reads the machine of a
kernel; the only shared code is ``ipyvitals.schema``.

Out: REST answers, one numbered message stream for WebSocket clients, Prometheus metrics, events
on the server's event bus, and renewed panels in saved notebooks.

Locks: none. Everything runs on the server's event loop. Only ``/metrics`` may be collected on
another thread; it reads, and schedules work on the loop with ``call_soon_threadsafe``.
"""

from importlib.util import find_spec

if find_spec("jupyter_server") is None:
    raise ImportError(
        "ipyvitals.server runs inside Jupyter Server, which is not installed here; "
        "run: pip install jupyter-server"
    )
