"""How much the page has to load."""

from __future__ import annotations

import gzip
from importlib.resources import files

from benchmarks.table import Row

ASSETS = ("widget.js", "widget.css")


def size_rows(*, quick: bool) -> list[Row]:
    """Weigh the assets as they are, and as a server that compresses sends them."""
    del quick
    folder = files("ipyvitals") / "static"
    contents = {name: (folder / name).read_bytes() for name in ASSETS}
    plain = {name: len(content) for name, content in contents.items()}
    zipped = {name: len(gzip.compress(content)) for name, content in contents.items()}
    data = {"bytes": plain, "gzipped_bytes": zipped}
    return [
        Row(
            "widget ESM + CSS",
            sum(plain.values()) / 1e3,
            "{:.1f} kB",
            170,
            measured=_parts(plain),
            data=data,
        ),
        Row(
            "the same, gzipped",
            sum(zipped.values()) / 1e3,
            "{:.1f} kB",
            62,
            measured=_parts(zipped),
            data=data,
        ),
    ]


def _parts(sizes: dict[str, int]) -> str:
    return " + ".join(f"{name} {size / 1e3:.1f} kB" for name, size in sizes.items())
