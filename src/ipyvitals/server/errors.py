"""Errors between the server and a kernel.

::

    IpyvitalsError
    ├── KernelReplyError        the kernel replied with an error
    ├── KernelTimeoutError      the kernel did not reply, or is not connected
    └── UnknownKernelError      the server has no kernel of that id
"""

from __future__ import annotations

from ipyvitals.errors import IpyvitalsError

__all__ = ["KernelReplyError", "KernelTimeoutError", "UnknownKernelError"]


class KernelReplyError(IpyvitalsError):
    """The kernel replied with an error."""


class KernelTimeoutError(IpyvitalsError):
    """The kernel did not reply in time, or is not connected."""


class UnknownKernelError(IpyvitalsError):
    """The server has no kernel of that id."""
