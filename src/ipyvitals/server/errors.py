"""What can go wrong between the server and a kernel.

::

    IpyvitalsError
    ├── KernelDeclinedError     it answered, with an error
    ├── KernelSilentError       it did not answer
    └── UnknownKernelError      there is no such kernel
"""

from __future__ import annotations

from ipyvitals.errors import IpyvitalsError

__all__ = ["KernelDeclinedError", "KernelSilentError", "UnknownKernelError"]


class KernelDeclinedError(IpyvitalsError):
    """The kernel answered with an error."""


class KernelSilentError(IpyvitalsError):
    """The kernel did not answer, or cannot be asked."""


class UnknownKernelError(IpyvitalsError):
    """The server has no kernel of that id."""
