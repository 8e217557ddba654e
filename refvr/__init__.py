"""refvr: a reference engine for video-restoration networks, NumPy and Numba, no deep-learning framework at run time.

Everything here is loaded when first used, so that `import refvr` costs nothing:

>>> import refvr
>>> "restore" in dir(refvr)
True
"""
from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

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
    "diagnose": "refvr.verify.diagnose.diagnose",
    "compare": "refvr.verify.in_process",
    "keep": "refvr.verify.compare.ports.kept",
    "restore": "refvr.pipeline.restore",
}
__all__ = ["__version__", *sorted(_PUBLIC)]

if TYPE_CHECKING:  # what _PUBLIC says, for those who check the types of their calls
    from refvr import ops as ops
    from refvr.autodiff import Tensor as Tensor
    from refvr.autodiff import backward as backward
    from refvr.autodiff import gradcheck as gradcheck
    from refvr.nn import trace as trace
    from refvr.ops import backend as backend
    from refvr.ops import precision as precision
    from refvr.ops import threads as threads
    from refvr.pipeline.restore import restore as restore
    from refvr.verify.compare.ports.kept import keep as keep
    from refvr.verify.diagnose.diagnose import diagnose as diagnose
    from refvr.verify.in_process import compare as compare
    from refvr.zoo import load as load
else:
    def __getattr__(name: str) -> Any:
        if name not in _PUBLIC:
            if not name.startswith("_") and find_spec(f"refvr.{name}"):   # a room, as for who checks types
                return import_module(f"refvr.{name}")
            raise AttributeError(f"module 'refvr' has no attribute {name!r}")
        module = import_module(_PUBLIC[name])
        return module if module.__name__ == f"refvr.{name}" else getattr(module, name)


def __dir__() -> list[str]:
    return sorted(__all__)
