"""refvr: a reference engine for video-restoration networks, NumPy and Numba, no deep-learning framework at run time.

Everything here is loaded when first used, so that `import refvr` costs nothing:

>>> import refvr
>>> "restore" in dir(refvr)
True
"""
from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# name -> module that defines it
_PUBLIC = {
    "Tensor": "refvr.autodiff",
    "backward": "refvr.autodiff",
    "gradcheck": "refvr.autodiff",
    "backend": "refvr.ops",
    "precision": "refvr.ops",
    "threads": "refvr.ops",
    "ops": "refvr.ops",
    "load": "refvr.zoo",
    "trace": "refvr.nn",
    "diagnose": "refvr.verify.diagnose.search",
    "compare": "refvr.verify.in_process",
    "keep": "refvr.verify.compare.ports.kept",
    "restore": "refvr.pipeline.restore",
}
__all__ = ["__version__", *sorted(_PUBLIC)]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'refvr' has no attribute {name!r}")
    module = import_module(_PUBLIC[name])
    return module if module.__name__ == f"refvr.{name}" else getattr(module, name)


def __dir__() -> list[str]:
    return sorted(__all__)
