"""A framework of a few lines, its adapter, and the table by which autolog knows it."""

from __future__ import annotations

import sys
import textwrap

from ipyvitals.integrations.adapter import Adapter, import_framework, never_raises
from ipyvitals.integrations.autolog.frameworks import Framework, TrainingFunction
from ipyvitals.integrations.autolog.insertion import ArgumentInserter

ENGINE = """
class Callback:
    pass

def train(params, rounds=3, *, callbacks=None, error=None, inside=None):
    "Train."
    callbacks = callbacks or []
    if rounds < 0:
        raise ValueError("rounds")
    for callback in callbacks:
        callback.on_begin()
    for step in range(rounds):
        if step == 1 and error is not None:
            raise error
        if inside is not None:
            inside()
        for callback in callbacks:
            callback.on_step(step)
    for callback in callbacks:
        callback.on_end()
    return params, rounds

class Base:
    def fit(self, x, callbacks=None, inside=None):
        self.fitted = train({}, x, callbacks=callbacks, inside=inside)
        return self

    def predict(self, x):
        return x

class Model(Base):
    pass
"""

INIT = """
from .engine import Base, Callback, Model, train
from . import wrapper
"""

WRAPPER = """
from .engine import train

class Regressor:
    def fit(self, rounds):
        train({}, rounds)
        return self
"""

SEARCH = """
def search(objective, trials, callbacks=None):
    for callback in callbacks or ():
        callback.on_begin()
    for step in range(trials):
        objective()
        for callback in callbacks or ():
            callback.on_step(step)
    for callback in callbacks or ():
        callback.on_end()
"""

FILES = {
    "tinylearn/__init__.py": INIT,
    "tinylearn/engine.py": ENGINE,
    "tinylearn/wrapper.py": WRAPPER,
    "tinysearch.py": SEARCH,
    "unrelated.py": "",
}


def write(folder):
    """Write the packages ``tinylearn`` and ``tinysearch``."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(text))


def forget():
    """Let the packages be imported anew."""
    for name in list(sys.modules):
        if name.partition(".")[0] in ("tinylearn", "tinysearch", "unrelated"):
            del sys.modules[name]


class VitalsCallback(Adapter):
    """Adapter of both packages."""

    framework = "tinylearn"
    requires = "tinylearn>=1"
    fails_in = None
    """Name of the method that raises."""

    def __init__(self, monitor=None, *, total=None, **options):
        if self.fails_in == "__init__":
            raise ValueError("broken")
        super().__init__(monitor, **options)
        self.total = total

    @classmethod
    def framework_classes(cls):
        return (import_framework("tinylearn", cls.requires).Callback,)

    @never_raises(None)
    def on_begin(self):
        self.run = self.open_run(self.total, model="Tiny")

    @never_raises(None)
    def on_step(self, step):
        self.run.update(step + 1)

    @never_raises(None)
    def on_end(self):
        self.end_run(self.run)

    def after_call(self, error=None, *, everywhere=True):
        super().after_call(error, everywhere=everywhere)
        if self.fails_in == "after_call":
            raise ValueError("broken")


FRAMEWORKS = (
    Framework(
        "tinylearn",
        __name__,
        (
            TrainingFunction(
                ("tinylearn.engine:train", "tinylearn:train", "tinylearn.wrapper:train"),
                ArgumentInserter(total="rounds", first=True),
            ),
            TrainingFunction(("tinylearn:Model.fit",), ArgumentInserter(total="x")),
        ),
        ("tinylearn",),
    ),
    Framework(
        "tinysearch",
        __name__,
        (TrainingFunction(("tinysearch:search",), ArgumentInserter(total="trials")),),
        ("tinysearch",),
        contains=True,
    ),
)
