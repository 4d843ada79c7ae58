"""`Thresholds`: where good ends, and how long a verdict takes."""

from __future__ import annotations

from math import inf, isfinite
from numbers import Real
from typing import Any, Literal, TypeAlias

import msgspec

from ipyvitals.errors import ArgumentTypeError, ArgumentValueError

__all__ = ["Policy", "Thresholds"]

Policy: TypeAlias = Literal["threshold", "confident"]

POLICIES = ("threshold", "confident")
TOPS = {
    **dict.fromkeys(("accuracy", "baseline_drop", "error_rate", "recovery_margin"), 1.0),
    **dict.fromkeys(("cpu", "memory", "disk", "critical"), 100.0),
    **dict.fromkeys(("gpu_memory", "shared_memory", "open_files"), 100.0),
}
COUNTS = ("min_labels", "label_hold", "min_calls", "look_hold")
NEVER_OFF = ("recovery_margin", *COUNTS)


class Thresholds(msgspec.Struct, frozen=True, kw_only=True):
    """Where good ends. ``None`` turns a rule off.

    Parameters
    ----------
    accuracy : float, optional
        Ratio in [0, 1]. A model is degraded below it, and has recovered `recovery_margin` above.
    baseline_drop : float, optional
        How far below the ``baseline_accuracy`` of its deployment a model is degraded, in [0, 1].
    error_rate : float, optional
        Failed calls of all calls in the last 60 s, ratio in [0, 1].
    latency_p95 : float, optional
        Seconds; 95 % of the calls of the last 60 s should be faster.
    drift : bool
        Whether a model is degraded while what it sees or says has drifted; only where the
        monitor watches for drift at all.
    idle : float, optional
        Seconds without a prediction after which a model is idle.
    policy : {"threshold", "confident"}
        When the accuracy counts as low: when it is below the threshold, or only when its whole
        95 % interval is.
    min_labels : int
        Labels in the window before the accuracy is judged.
    label_hold : int
        Labels in a row after which a verdict about the accuracy turns.
    recovery_margin : float
        How far above its threshold the accuracy must be to have recovered, in [0, 1].
    min_calls : int
        Calls in the last 60 s before error rate and latency are judged.
    look_hold : int
        Looks in a row after which a verdict about calls, drift or the machine turns.
    cpu, memory, disk : float, optional
        Percent at which the system is degraded.
    gpu_memory, shared_memory, open_files : float, optional
        Likewise of the fullest GPU, of ``/dev/shm``, and of the files that the kernel may open.
    critical : float, optional
        Percent at which memory, disk, shared memory or open files make the system unhealthy:
        what then comes is no slower program but one that ends.

    Raises
    ------
    ArgumentTypeError, ArgumentValueError
        When a threshold is no number, or outside its range.

    Examples
    --------
    >>> Thresholds(accuracy=0.85, policy="confident").accuracy
    0.85
    """

    accuracy: float | None = 0.8
    baseline_drop: float | None = 0.1
    error_rate: float | None = 0.05
    latency_p95: float | None = None
    drift: bool = True
    idle: float | None = 300.0
    policy: Policy = "threshold"
    min_labels: int = 30
    label_hold: int = 20
    recovery_margin: float = 0.02
    min_calls: int = 30
    look_hold: int = 3
    cpu: float | None = 95.0
    memory: float | None = 90.0
    disk: float | None = 90.0
    gpu_memory: float | None = 95.0
    shared_memory: float | None = 90.0
    open_files: float | None = 90.0
    critical: float | None = 97.0

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value: Any = getattr(self, name)
            if name == "policy":
                if value not in POLICIES:
                    raise ArgumentValueError(
                        f"Thresholds(policy={value!r}): expected 'threshold' or 'confident'."
                    )
            elif name == "drift":
                if not isinstance(value, bool):
                    raise ArgumentTypeError(
                        f"Thresholds(drift=…): expected True or False, got {value!r}; how "
                        "sensitive it is, Monitor(drift=Drift(alpha=…)) says."
                    )
            elif value is not None or name in NEVER_OFF:
                # A NumPy number is no number to msgspec: no event that bore it could be sent.
                msgspec.structs.force_setattr(self, name, _checked_number(name, value))


def _checked_number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        wanted = "a number" if name in NEVER_OFF else "a number or None"
        raise ArgumentTypeError(f"Thresholds({name}=…): expected {wanted}, got {value!r}.")
    number, top = float(value), TOPS.get(name, inf)
    if name in COUNTS:
        if not (number >= 1 and number.is_integer()):
            raise ArgumentValueError(
                f"Thresholds({name}=…): expected a whole number, 1 or more, got {value!r}."
            )
        return int(number)
    if not (isfinite(number) and 0 <= number <= top):
        hint = f" Do you mean {number / 100:g}?" if top == 1 and 1 < number <= 100 else ""
        raise ArgumentValueError(
            f"Thresholds({name}=…): expected a value from 0 to {top:g}, got {value!r}.{hint}"
        )
    return number
