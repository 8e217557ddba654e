"""Pictures by matplotlib (extra "plot"): asked for before the work, imported when something is drawn."""
from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

from refvr.errors import InputError
from refvr.media.atomic import write_bytes


def check_png(path: str | Path) -> None:
    """InputError, before anything is computed, where a picture cannot be drawn."""
    if Path(path).suffix != ".png":
        raise InputError(f"--png: got {path}, expected a name that ends in .png")
    if not Path(path).absolute().parent.is_dir():
        raise InputError(f"--png: the folder of {path} is not there", fix="make it first")
    pyplot()


def pyplot() -> Any:
    """matplotlib.pyplot, drawing into memory."""
    try:
        import matplotlib
    except ImportError:
        raise InputError("a picture needs matplotlib, which is missing", fix="pip install 'refvr[plot]'") from None
    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot


def save(figure: Any, path: str | Path, *, dpi: int) -> None:
    """Write a PNG, whole or not at all, and close the figure."""
    data = BytesIO()
    figure.savefig(data, format="png", dpi=dpi)
    pyplot().close(figure)
    write_bytes(Path(path), data.getvalue())
