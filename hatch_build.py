"""Build hook: the front end's assets go into the package before the package is packed.

``IPYVITALS_SKIP_ASSETS=1`` leaves them as they are, present or not.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent / "scripts"))

from frontend import Frontend, requires


class AssetsHook(BuildHookInterface):  # type: ignore[type-arg]
    def dependencies(self) -> list[str]:
        """Ask for Node where the build needs it and the machine has none."""
        return [] if self._is_done() else requires()

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the assets unless they are there and newer than their sources."""
        if not self._is_done():
            Frontend(Path(self.root)).build_if_stale()

    def _is_done(self) -> bool:
        skipped = os.environ.get("IPYVITALS_SKIP_ASSETS") == "1"
        return skipped or Frontend(Path(self.root)).is_fresh()
