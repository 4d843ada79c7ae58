"""Compute streaming statistics: windows, rates, quantiles, drift tests, trends.

In: NumPy arrays or lists of values and, where time matters, the time that the caller passes.
Out: numbers, flags and their serialised forms. Every class here is pure: it reads no clock, does
no I/O, takes no lock and is not thread-safe; the caller serialises access.
"""
