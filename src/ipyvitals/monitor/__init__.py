"""The public class, and the parts that it is made of."""

from __future__ import annotations

from ipyvitals.monitor.monitor import Monitor

__all__ = ["Monitor"]
