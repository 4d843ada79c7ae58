"""The Jupyter server's side: every kernel's vital signs by REST, WebSocket and ``/metrics``.

It knows the contract alone, and never reads the machine of a kernel.
"""

from importlib.util import find_spec

if find_spec("jupyter_server") is None:
    raise ImportError(
        "ipyvitals.server runs inside Jupyter Server, which is not installed here; "
        "run: pip install jupyter-server"
    )
