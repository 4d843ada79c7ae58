"""Reads GPUs: memory, utilization, temperature and power.

What comes in: the vendors' libraries (NVML, AMD SMI), where they are installed and a driver exists,
and the environment variables that choose devices. What goes out: one `Gpu` a device, with a reason
for each unknown figure. Drivers are called on a thread with a timeout; the room takes no lock.
"""
