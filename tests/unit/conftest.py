"""Property tests try the same inputs on every machine, however slow it is."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("unit", derandomize=True, deadline=None, max_examples=80)
settings.load_profile("unit")
