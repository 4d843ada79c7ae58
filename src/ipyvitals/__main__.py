"""``python -m ipyvitals``."""

from __future__ import annotations

import sys

from ipyvitals.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
