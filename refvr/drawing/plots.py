"""Pictures by matplotlib (extra "plot"): asked for before the work, imported when something is drawn."""
from __future__ import annotations

from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from refvr.errors import InputError
from refvr.media.atomic import write_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def check_picture(path: str | Path, kind: str = "png") -> None:
    """InputError, before anything is computed, where a picture of this kind cannot be drawn."""
    if Path(path).suffix != f".{kind}":
        raise InputError(f"--{kind}: got {path}, expected a name that ends in .{kind}")
    if not Path(path).absolute().parent.is_dir():
        raise InputError(f"--{kind}: the folder of {path} is not there", fix="make it first")
    pyplot()


def pyplot() -> ModuleType:
    """matplotlib.pyplot, drawing into memory."""
    try:
        import matplotlib
    except ImportError:
        raise InputError("a picture needs matplotlib, which is missing", fix="pip install 'refvr[plot]'") from None
    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot


def save(figure: Figure, path: str | Path, *, dpi: int) -> None:
    """Write a PNG or, if the name says so, an SVG, whole or not at all: same figure, same bytes; and close it."""
    data, kind = BytesIO(), Path(path).suffix.lstrip(".")
    with pyplot().rc_context({"svg.hashsalt": "refvr"}):
        figure.savefig(data, format=kind, dpi=dpi, metadata={"Date": None} if kind == "svg" else None)
    pyplot().close(figure)
    write_bytes(Path(path), data.getvalue())
