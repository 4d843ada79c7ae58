"""Exposes the vital signs of all kernels in the Jupyter server's ``/metrics``.

What comes in: the newest snapshot of each monitor, from the server's hubs. What goes out: metric
families of ``prometheus_client``, most of them derived from the metrics that the contract
declares. The room takes no lock.
"""
