"""Reads the machine, and judges what a user of a model can run out of.

What comes in: `psutil`, files of Linux, control groups, drivers of GPUs, and whether a cell runs.
What goes out: a `SystemSection`; a figure that cannot be read is None, and its failure a notice.
`sampler` composes a reading from sources (`source`); each source spends a budget of CPU (`budget`).
`system_monitor` adds the kernel and the health. Its lock lets one thread at a time take a reading;
the newest reading is guarded by the lock of its owner, the engine.
"""
