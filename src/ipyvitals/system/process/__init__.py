"""Reads the kernel's process and its descendants.

What comes in: processes, through `psutil`. What goes out: CPU, memory, threads and open files of
them all, and the largest of them by name. Budgets of CPU decide which processes are read each time;
a total may rest on older readings of some. The room takes no lock.
"""
