"""Check the names and docstrings of the package against the rules of CONTRIBUTING.md.

    python scripts/check_words.py [PATH…]     # src/ipyvitals by default; exit 1 on a violation

1. No class name is defined twice.
2. Names and the first sentence of a docstring avoid homely words where the field has a term.
3. The first sentence of a docstring does not start with a pronoun.
4. No ctypes, and no private attribute or name of another library.
5. At most six modules stand outside the rooms.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "ipyvitals"
MAX_LOOSE_MODULES = 6

HOMELY = re.compile(r"\b(told|said|held|kept|whoever|for so long|so many)\b", re.IGNORECASE)
PRONOUN = re.compile(
    r"(it|its|they|their|them|he|she|this|that|these|those|what|whatever|which|who|whose|whoever"
    r"|whether|where|when|how|likewise)\b",
    re.IGNORECASE,
)
PUBLIC_NAMES = {"kept_events"}
"""A setting of the server extension, which users have in their configuration."""
UNDERSCORED_PUBLIC = {"_replace", "_asdict", "_fields", "_make"}
"""Public methods of a named tuple."""

ADAPTERS = {"VitalsCallback"}
"""Names of which each module of a framework has its own class."""

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


class WordChecker:
    """Collects violations over all files."""

    def __init__(self) -> None:
        self.violations: list[str] = []
        self.classes: dict[str, list[str]] = defaultdict(list)
        self.own_names: set[str] = set()
        self._trees: list[tuple[Path, ast.Module]] = []

    def read(self, path: Path) -> None:
        """Parse a file and collect the names that it defines."""
        tree = ast.parse(path.read_text(encoding="utf-8"))
        self._trees.append((path, tree))
        for node in ast.walk(tree):
            self.own_names.update(_defined(node))
            if isinstance(node, ast.ClassDef):
                self.classes[node.name].append(self._place(path, node.lineno))

    def check(self, chosen: list[Path]) -> None:
        """Check the files below `chosen`; class names are compared over all files."""
        for name, places in sorted(self.classes.items()):
            if len(places) > 1 and name not in ADAPTERS:
                self.violations.append(f"{places[0]}: class {name} again in {places[1]}")
        for path, tree in self._trees:
            if any(path.is_relative_to(one) for one in chosen):
                self._check_module(path, tree)

    def _check_module(self, path: Path, tree: ast.Module) -> None:
        self._check_sentence(path, 1, ast.get_docstring(tree))
        for node in ast.walk(tree):
            if isinstance(node, Definition):
                self._check_sentence(path, node.lineno, ast.get_docstring(node))
            for name in _defined(node):
                if HOMELY.search(name.replace("_", " ")) and name not in PUBLIC_NAMES:
                    self._add(path, node, f"name {name!r}: use a term of the field")
            self._check_foreign(path, node)

    def _check_sentence(self, path: Path, line: int, text: str | None) -> None:
        if text is None:
            return
        first = re.split(r"(?<=[.:;])\s", " ".join(text.split()), maxsplit=1)[0]
        place = self._place(path, line)
        if found := HOMELY.search(first):
            self.violations.append(f"{place}: {found[0]!r} in {first!r}")
        if PRONOUN.match(first):
            self.violations.append(f"{place}: starts with a pronoun: {first!r}")

    def _check_foreign(self, path: Path, node: ast.AST) -> None:
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = getattr(node, "module", None) or ""
            for alias in node.names:
                if "ctypes" in (module, alias.name):
                    self._add(path, node, "ctypes is below Python's own interface")
                if _is_private(alias.name) and not module.startswith("ipyvitals"):
                    self._add(path, node, f"{module}.{alias.name} is private")
        elif (
            isinstance(node, ast.Attribute)
            and _is_private(node.attr)
            and node.attr not in self.own_names | UNDERSCORED_PUBLIC
        ):
            self._add(path, node, f"{ast.unparse(node)} is private to another library")

    def _add(self, path: Path, node: ast.AST, message: str) -> None:
        self.violations.append(f"{self._place(path, getattr(node, 'lineno', 1))}: {message}")

    @staticmethod
    def _place(path: Path, line: int) -> str:
        return f"{path.relative_to(ROOT)}:{line}"


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def _defined(node: ast.AST) -> Iterator[str]:
    """Yield the names that a node defines."""
    if isinstance(node, Definition):
        yield node.name
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
        yield node.id if isinstance(node, ast.Name) else node.attr


def main() -> int:
    checker = WordChecker()
    for path in sorted(PACKAGE.rglob("*.py")):
        checker.read(path)
    checker.check([Path(one).resolve() for one in sys.argv[1:]] or [PACKAGE])
    loose = len(list(PACKAGE.glob("*.py")))
    if loose > MAX_LOOSE_MODULES:
        checker.violations.append(f"src/ipyvitals: {loose} loose modules, expected at most six")
    for violation in checker.violations:
        print(violation)
    return 1 if checker.violations else 0


if __name__ == "__main__":
    sys.exit(main())
