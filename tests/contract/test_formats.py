"""The page and Python write the same text for any number, not only for those of the cases."""

from __future__ import annotations

import json
import random
import runpy
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.unit.render.test_formatting import written

ROOT = Path(__file__).parents[2]
JS = ROOT / "js"
FRONTEND: dict[str, Any] = runpy.run_path(str(ROOT / "scripts" / "frontend.py"))

RATIOS = ("ratio", "ratio_whole", "ratio_plain")
PERCENTS = ("tenths", "percent", "progress")
SIGNED = ("count", "short_count", "metric")
POSITIVE = ("error_size", "psi", "bytes", "capacity", "cores", "duration", "roughly")

PAGE = """
import { readFileSync } from "node:fs";
import { written } from "./testing/written";
const asked = JSON.parse(readFileSync(0, "utf-8"));
console.log(JSON.stringify(asked.map(([kind, values]) => written(kind, values))));
"""
RUN = """
const page = require("esbuild").buildSync({
  stdin: { contents: %s, resolveDir: "src", loader: "ts" },
  bundle: true, write: false, platform: "node", format: "cjs",
});
new Function("require", page.outputFiles[0].text)(require);
"""


def numbers(draw: random.Random) -> list[float]:
    """Return numbers of all magnitudes, and those that lie half-way between two texts."""
    found = [0.0, 1.0, 1e-300, 1e300]
    for _ in range(200):
        found.append(draw.uniform(1, 10) * 10.0 ** draw.randint(-9, 17))
        places = draw.randint(0, 6)
        half = float(f"{draw.randrange(100_000)}5e-{places}")
        found += [half, half * (1 - 2**-52), half * (1 + 2**-52)]
    return found


def shares(draw: random.Random) -> list[float]:
    """Return fractions of small numbers, as an accuracy is one, and numbers close to 0 and 1."""
    found = [right / of for of in (7, 30, 80, 160, 400) for right in range(of + 1)]
    found += [one for power in range(1, 16) for one in (10.0**-power, 1 - 10.0**-power)]
    return [*found, *(draw.random() for _ in range(200))]


def questions() -> list[tuple[str, list[float]]]:
    draw = random.Random(20)
    many, few = numbers(draw), shares(draw)
    asked = [(kind, [one]) for kind in RATIOS for one in few]
    asked += [(kind, [100 * one]) for kind in PERCENTS for one in few]
    asked += [(kind, [one]) for kind in POSITIVE for one in many if one < 1e15]
    asked += [(kind, [sign * one]) for kind in SIGNED for one in many for sign in (1, -1)]
    asked += [("latency", [one, digits]) for one in many if one < 1e9 for digits in (2, 3)]
    asked += [("cores_used", [100 * one, draw.choice([1, 1.5, 4, 128])]) for one in few]
    sizes = [one for one in many if 1 <= one < 1e15]
    return asked + [("bytes_of", [one * draw.random(), one]) for one in sizes]


def test_both_languages_write_the_same_text() -> None:
    if not (JS / "node_modules" / "esbuild").is_dir():
        pytest.skip("what js/ needs is not installed: python scripts/frontend.py install")
    asked = questions()
    done = subprocess.run(
        [FRONTEND["find_node"]().program, "-e", RUN % json.dumps(PAGE)],
        cwd=JS,
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    texts = json.loads(done.stdout)

    assert len(texts) == len(asked) > 10_000
    differ = [
        (kind, values, text, ours)
        for (kind, values), text in zip(asked, texts, strict=True)
        if (ours := written(kind, *values)) != text
    ]
    assert differ == []
