"""Connects a monitor to its Jupyter kernel: cells, the live panel, and the Jupyter server.

In: cell events of IPython, snapshots of the engine, requests of the server on the control channel
and of the page on the panel's comm.

Out: comm messages to the page and broadcasts to the server, and calls that end training loops
which a failed cell left.

Locks: none of its own. The publisher calls `show` under its own lock, on one thread at a time.
Requests on the control channel take the lock of the engine with a timeout, since the same thread
also handles interrupts.
"""
