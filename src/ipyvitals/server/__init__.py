"""The Jupyter server's side: every kernel's vital signs by REST, WebSocket and ``/metrics``.

It knows the contract alone, and never reads the machine of a kernel.
"""
