"""Follows bars of tqdm: each bar that is made while a capture is open is a training run.

The hooks are methods of the class `tqdm.std.tqdm`, from which all kinds of bars derive: libraries
have imported that class already, so that only a change of the class itself reaches their bars. A
hook calls the method that it replaces. Hooks are there only while a capture is open; then the
class has its own methods again.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ipyvitals.training.bar_run import BarRun
from ipyvitals.utils.fork import renew_in_child
from ipyvitals.utils.locks import new_lock

if TYPE_CHECKING:
    from ipyvitals.training.tracker import TrainingTracker

__all__ = ["BarCapture"]

FILE_PLACE = 4
"""Place of the argument ``file`` of a bar, among those after the bar itself."""


class BarCapture:
    """Context manager: bars of tqdm that are made inside it, on any thread, are training runs.

    Of captures inside each other, the innermost takes a bar.

    Parameters
    ----------
    tracker : TrainingTracker
        Opens the runs.
    hide : bool
        True draws no bars.
    on_failure : callable
        Called with an exception inside the package, which goes no further.
    """

    def __init__(
        self, tracker: TrainingTracker, *, hide: bool, on_failure: Callable[[Exception], object]
    ) -> None:
        self.hide = hide
        self.bars: dict[int, BarRun] = {}
        """The open bars, by their ``id``, oldest first."""
        self._tracker = tracker
        self._on_failure = on_failure

    def __enter__(self) -> Self:
        _hooks.add(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _hooks.remove(self)
        self.guarded(self._tracker.end_abandoned_loops, error)
        while self.bars:
            _, bar_run = self.bars.popitem()
            self.guarded(bar_run.end, error)

    def guarded(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call a function; an exception in it is reported and goes no further."""
        try:
            return function(*args)
        except Exception as error:
            self._on_failure(error)
            return None

    def open(self, bar: Any) -> None:
        """Follow a bar."""
        former = self.bars.pop(id(bar), None)
        if former is not None:
            # Of a bar that was deleted without being closed.
            former.end(None)
        if not bar.disable:
            self.bars[id(bar)] = BarRun(self._tracker, bar, self.guarded)

    def close(self, bar: Any, bar_run: BarRun) -> None:
        """End the run of a bar; bars inside it that are open still stand beside it from now on."""
        for other in list(self.bars.values()):
            run = other.run
            if run is not None and run.parent is not None and run.parent is bar_run.run:
                self._tracker.move_out(run)
        bar_run.close(bar)


class _BarHooks:
    """Sets hooks on the classes of tqdm while there are captures, and removes them afterwards."""

    def __init__(self) -> None:
        self._captures: list[BarCapture] = []
        self._replaced: list[tuple[type, str, Any, Any]] = []
        """Class, name, method and hook."""
        self._lock = new_lock("bars")
        renew_in_child(self)

    def after_fork(self) -> None:
        """Follow no bars in a forked child, whose runs nothing shows."""
        self._lock = new_lock("bars")
        self._captures = []

    def add(self, capture: BarCapture) -> None:
        """Let a capture take new bars from now on."""
        targets = _targets()
        with self._lock:
            self._captures = [*self._captures, capture]
            if not self._replaced:
                for owner, name, make in targets:
                    method = vars(owner)[name]
                    # A bound method of the class as it is, whatever kind of descriptor that is.
                    hook = functools.wraps(getattr(owner, name))(make(self, method.__get__))
                    setattr(owner, name, hook)
                    self._replaced.append((owner, name, method, hook))

    def remove(self, capture: BarCapture) -> None:
        """Let a capture take no more bars; restore the classes after the last one."""
        with self._lock:
            self._captures = [one for one in self._captures if one is not capture]
            if self._captures:
                return
            for owner, name, method, hook in self._replaced:
                # Another library may have replaced the hook meanwhile, and calls it.
                if vars(owner).get(name) is hook:
                    setattr(owner, name, method)
            self._replaced = []

    @property
    def newest(self) -> BarCapture | None:
        """The capture that takes a new bar."""
        captures = self._captures
        return captures[-1] if captures else None

    def find(self, bar: Any) -> tuple[BarCapture, BarRun] | None:
        """Return the capture and the run of a bar; ``None`` for a bar that is not followed."""
        for capture in self._captures:
            bar_run = capture.bars.get(id(bar))
            if bar_run is not None:
                return capture, bar_run
        return None

    # The hooks

    def init(self, method: Any) -> Any:
        def __init__(bar: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
            capture = self.newest
            hide = capture is not None and capture.hide and len(args) <= FILE_PLACE
            # With ``disable=None`` tqdm decides by the file whether to draw.
            if hide and kwargs.get("disable", False) is not None:
                kwargs["file"] = _NullFile()
            method(bar)(*args, **kwargs)
            if capture is not None:
                capture.guarded(capture.open, bar)

        return __init__

    def init_notebook(self, method: Any) -> Any:
        def __init__(bar: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
            capture = self.newest
            if capture is not None and capture.hide:
                kwargs["display"] = False
            method(bar)(*args, **kwargs)

        return __init__

    def iterate(self, method: Any) -> Any:
        def __iter__(bar: Any) -> Iterator[Any]:  # noqa: N807
            found = self.find(bar)
            items: Iterator[Any] = method(bar)()
            return items if found is None else found[1].iterate(bar, items)  # type: ignore[arg-type]

        return __iter__

    def iterate_async(self, method: Any) -> Any:
        def __aiter__(bar: Any) -> Any:  # noqa: N807
            found = self.find(bar)
            if found is not None:
                capture, bar_run = found
                capture.guarded(bar_run.begin, bar)
            return method(bar)()

        return __aiter__

    def refresh(self, method: Any) -> Any:
        def refresh(bar: Any, *args: Any, **kwargs: Any) -> Any:
            result = method(bar)(*args, **kwargs)
            found = self.find(bar)
            if found is not None:
                capture, bar_run = found
                capture.guarded(bar_run.look, bar)
            return result

        return refresh

    def set_postfix(self, method: Any) -> Any:
        def set_postfix(
            bar: Any, ordered_dict: Any = None, refresh: bool = True, **kwargs: Any
        ) -> None:
            found = self.find(bar)
            if found is not None:
                method(bar)(ordered_dict, False, **kwargs)
                capture, bar_run = found
                capture.guarded(bar_run.take_postfix, bar, {**dict(ordered_dict or {}), **kwargs})
                if refresh:
                    bar.refresh()
            else:
                method(bar)(ordered_dict, refresh, **kwargs)

        return set_postfix

    def close(self, method: Any) -> Any:
        def close(bar: Any) -> None:
            found = self.find(bar)
            if found is not None:
                capture, bar_run = found
                capture.bars.pop(id(bar), None)
                capture.guarded(capture.close, bar, bar_run)
            method(bar)()

        return close


def _targets() -> list[tuple[type, str, Callable[[_BarHooks, Any], Any]]]:
    """Return the methods to hook: class, name, and what makes the hook."""
    try:
        std, asyncio = import_module("tqdm.std").tqdm, import_module("tqdm.asyncio").tqdm_asyncio
    except ImportError as error:
        raise ImportError(
            "capture_tqdm(): expected tqdm, found none; install it: pip install tqdm"
        ) from error
    found: list[tuple[type, str, Callable[[_BarHooks, Any], Any]]] = [
        (std, "__init__", _BarHooks.init),
        (std, "__iter__", _BarHooks.iterate),
        (std, "refresh", _BarHooks.refresh),
        (std, "set_postfix", _BarHooks.set_postfix),
        (std, "close", _BarHooks.close),
        (asyncio, "__aiter__", _BarHooks.iterate_async),
    ]
    if "ipykernel" in sys.modules:
        notebook = import_module("tqdm.notebook").tqdm_notebook
        found.append((notebook, "__init__", _BarHooks.init_notebook))
    return found


class _NullFile:
    """A file that takes everything and stores nothing."""

    encoding = "utf-8"

    def write(self, text: str) -> int:
        """Take a text."""
        return len(text)

    def flush(self) -> None:
        """Do nothing."""


_hooks = _BarHooks()
