"""Reads numbers from the memory of a GPU, on another thread than the caller's."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["DeviceValue", "is_on_device"]

HOST_DEVICES = (1, 3, 11, 13)
"""Types of DLPack for memory that the CPU reads: CPU, CUDA and ROCm host, CUDA managed."""
DEVICE_WORDS = ("cuda", "gpu", "rocm", "hip", "mps", "xpu", "tpu", "npu", "hpu")


def is_on_device(value: Any) -> bool:
    """Return whether a value is a tensor in the memory of a GPU or another accelerator.

    Only public attributes count: ``is_cuda`` and ``device`` (PyTorch, JAX, TensorFlow), and the
    ``__dlpack_device__`` of the array API standard.

    Examples
    --------
    >>> is_on_device(np.zeros(3)), is_on_device("cuda")
    (False, False)
    """
    try:
        if not any(callable(getattr(value, read, None)) for read in ("item", "__float__")):
            return False
        if getattr(value, "is_cuda", False) is True:
            return True
        device = getattr(value, "device", None)
        if isinstance(device, str):
            return any(word in device.lower() for word in DEVICE_WORDS)
        for name in ("type", "platform"):
            kind = getattr(device, name, None)
            if isinstance(kind, str):
                return kind.lower() not in ("cpu", "meta")
        dlpack = getattr(value, "__dlpack_device__", None)
        return dlpack is not None and int(dlpack()[0]) not in HOST_DEVICES
    except Exception:
        return False


class DeviceValue:
    """Refer to a tensor on a GPU until somebody reads it; then only its value remains.

    Making one neither reads the tensor nor waits for the GPU. The gradient's graph is not
    referred to.

    Parameters
    ----------
    tensor : object
        A tensor for which `is_on_device` is true.
    copy : bool
        True copies the tensor on its device, without waiting for it: later changes in place do
        not count, and memory of which the tensor is a part is not retained.
    """

    __slots__ = ("_tensor", "_value")

    def __init__(self, tensor: Any, *, copy: bool = False) -> None:
        tensor = _call(tensor, "detach")
        if copy:
            name = "clone" if callable(getattr(tensor, "clone", None)) else "copy"
            tensor = _call(tensor, name)
        self._tensor = tensor
        self._value: Any = None

    def read(self) -> Any:
        """Return the value: a number, or an array of several; waits for the GPU at first."""
        tensor = self._tensor
        if tensor is not None:
            self._value = _read(tensor)
            self._tensor = None
        return self._value


def _call(tensor: Any, name: str) -> Any:
    method = getattr(tensor, name, None)
    return method() if callable(method) else tensor


def _read(tensor: Any) -> Any:
    try:
        item = getattr(tensor, "item", None)
        return item() if callable(item) else float(tensor)
    except (ValueError, RuntimeError, TypeError):
        # More than one element.
        return np.array(tensor.tolist())
