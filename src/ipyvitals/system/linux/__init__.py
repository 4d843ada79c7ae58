"""Reads files of Linux that psutil does not read: control groups, and single counters.

What comes in: files of ``/proc`` and ``/sys``. What goes out: limits, numbers, and rates made of
counters. The room takes no lock.
"""
