"""Streaming statistics: pure, without clock or I/O; the caller says what time it is."""
