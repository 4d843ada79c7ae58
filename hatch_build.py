"""Build hook: the front end's assets go into the package before the package is packed."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent / "scripts"))

import frontend


class AssetsHook(BuildHookInterface):  # type: ignore[type-arg]
    def dependencies(self) -> list[str]:
        """Ask for Node where the build needs it and the machine has none."""
        return [] if self._skipped() or frontend.is_fresh() else frontend.requires()

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the assets unless they are there and newer than their sources."""
        if not self._skipped():
            frontend.build_if_stale()

    def _skipped(self) -> bool:
        return os.environ.get("IPYVITALS_SKIP_ASSETS") == "1"
