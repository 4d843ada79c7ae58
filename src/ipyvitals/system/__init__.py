"""Readings of the machine: what the user of a model can run out of."""

from ipyvitals.system.sampler import SystemSampler

__all__ = ["SystemSampler"]
