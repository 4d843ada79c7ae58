"""The history on a disk, in one SQLite file that several kernels share."""
