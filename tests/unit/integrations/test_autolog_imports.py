"""The finder that waits for imports, beside the hooks of others."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
from importlib.machinery import SourceFileLoader

import pytest

from ipyvitals.integrations.autolog.import_hooks import PostImportFinder
from tests.unit.integrations import tiny_framework


@pytest.fixture
def seen(tmp_path, monkeypatch):
    tiny_framework.write(tmp_path)
    tiny_framework.forget()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    yield []
    tiny_framework.forget()


class ForeignFinder:
    """Wraps loaders as wrapt and MLflow do: by a search of the whole path."""

    def __init__(self, name):
        self.name = name
        self.searching = False
        self.seen = []

    def find_spec(self, fullname, path=None, target=None):
        if fullname != self.name or self.searching:
            return None
        self.searching = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self.searching = False
        spec.loader = ForeignLoader(spec.loader, self.seen)
        return spec


class ForeignLoader:
    def __init__(self, loader, seen):
        self.loader = loader
        self.seen = seen

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        module.__spec__.loader = module.__loader__ = self.loader
        self.loader.exec_module(module)
        self.seen.append(module.__name__)


def test_a_module_is_seen_when_it_is_complete(seen):
    finder = PostImportFinder(
        lambda module: seen.append((module.__name__, hasattr(module, "Base")))
    )
    finder.watch(["tinylearn", "tinylearn.engine"])
    import_module = importlib.import_module
    import_module("unrelated")
    tinylearn = import_module("tinylearn")

    assert seen == [("tinylearn.engine", True), ("tinylearn", True)]
    assert type(tinylearn.__spec__.loader) is type(tinylearn.__loader__) is SourceFileLoader
    importlib.reload(tinylearn)
    assert seen[2:] == [("tinylearn", True)]
    assert type(tinylearn.__spec__.loader) is SourceFileLoader


@pytest.mark.parametrize("ours_first", [True, False])
def test_hooks_of_others_are_called_too(seen, ours_first):
    theirs = ForeignFinder("tinylearn")
    finder = PostImportFinder(lambda module: seen.append(module.__name__))
    if ours_first:
        finder.watch(["tinylearn"])
        sys.meta_path.insert(0, theirs)
    else:
        sys.meta_path.insert(0, theirs)
        finder.watch(["tinylearn"])
    tinylearn = importlib.import_module("tinylearn")

    assert set(seen) == {"tinylearn"}
    assert theirs.seen == ["tinylearn"]
    assert type(tinylearn.__spec__.loader) is SourceFileLoader
    assert tinylearn.Model().predict(1) == 1


def test_a_module_that_is_missing_is_missing(seen):
    finder = PostImportFinder(lambda module: seen.append(module.__name__))
    finder.watch(["no_such_framework"])

    assert importlib.util.find_spec("no_such_framework") is None
    with pytest.raises(ModuleNotFoundError, match="no_such_framework"):
        importlib.import_module("no_such_framework")
    assert seen == []


def test_a_module_that_fails_raises_its_own_error(seen, tmp_path):
    (tmp_path / "unrelated.py").write_text("1 / 0")
    finder = PostImportFinder(lambda module: seen.append(module.__name__))
    finder.watch(["unrelated"])

    with pytest.raises(ZeroDivisionError):
        importlib.import_module("unrelated")
    assert seen == []


def test_a_look_for_a_module_imports_nothing(seen):
    finder = PostImportFinder(lambda module: seen.append(module.__name__))
    finder.watch(["tinylearn"])
    spec = importlib.util.find_spec("tinylearn")

    assert spec.origin.endswith("__init__.py")
    assert spec.loader.is_package("tinylearn")
    assert "tinylearn" not in sys.modules
    assert seen == []


def test_the_finder_goes_with_the_last_name(seen):
    finder = PostImportFinder(lambda module: seen.append(module.__name__))
    before = list(sys.meta_path)
    finder.watch(["tinylearn"])
    finder.watch(["tinylearn", "tinysearch"])
    assert sys.meta_path.count(finder) == 1
    finder.watch([])
    finder.watch([])

    assert sys.meta_path == before


def test_another_module_is_not_looked_for_twice(seen):
    class Counting:
        searched = 0

        def find_spec(self, fullname, path=None, target=None):
            self.searched += fullname == "unrelated"

    counting = Counting()
    finder = PostImportFinder(lambda module: seen.append(module.__name__))
    sys.meta_path.insert(0, counting)
    finder.watch(["tinylearn"])
    importlib.import_module("unrelated")

    assert counting.searched == 1


def test_threads_that_import_at_once_see_the_module_once(seen):
    finder = PostImportFinder(lambda module: seen.append(module.__name__))
    finder.watch(["tinylearn"])
    threads = [
        threading.Thread(target=importlib.import_module, args=("tinylearn",)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert seen == ["tinylearn"]
