"""Render a snapshot without a browser: as HTML, as text, and each number of either.

In come a `Snapshot` and, for the small charts, columns of `Point`; out come strings. Everything is
a pure function of its arguments: the room takes no lock and stores nothing.
"""
