"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

# The same examples in every run: a failure seen once is seen again.
settings.register_profile("ipyvitals", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("ipyvitals")
