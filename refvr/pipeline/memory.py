"""How much memory a clip may take, what of it is left for the network's values, and which size would fit.

    given, or 3/4 of what is free  =  the process with its weights  +  frames on their way  +  values of the network

The last are laid out before the first frame (refvr/plan); what cannot be laid out in what is left is refused then.
The first two are estimates, kept by measurements of whole runs (tests/test_memory.py, `python -m pytest -m long`).
"""
from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from refvr.autodiff.tape import array_of
from refvr.errors import InputError
from refvr.pipeline.pieces import Piece, pieces
from refvr.plan.graph import capture
from refvr.plan.memory import TooLarge, fitting, gigabytes, memory
from refvr.plan.run import Order
from refvr.plan.stream import Stream

PROCESS = 224 << 20  # interpreter, NumPy, Numba's library and kernels, and what these need for themselves
WEIGHTS = 4  # times the parameters: as they are, folded, and as Winograd's way wants them
HOLES = 1.08  # times the values: between arrays that come and go memory is lost
LARGE = 4  # frames: a writer that takes more is named where something does not fit
WRITER = 1.0  # frames that are taken for whoever takes the result, where that is not known: an image file of 8 bits
SHARE = 0.75  # of the free memory that is taken where nothing is said
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def parsed(text: str | int | None) -> int | None:
    """Bytes of "2G", "800M", "1.5GB" or a number; None stays None. Raises InputError."""
    if text is None or isinstance(text, int):
        return text
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?", text.strip().lower())
    if not found or not float(found[1]):
        raise InputError(f"memory: got {text!r}, expected a size above 0 such as 800M, 2G or 1.5G")
    return int(float(found[1]) * _UNITS[found[2]])


def available() -> int | None:
    """Bytes that the system could still give, under the limit of a container too; None where it does not say."""
    found = []
    try:
        fields = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        found.append(int(fields["MemAvailable"].split()[0]) * 1024)
        most, used = (Path(f"/sys/fs/cgroup/memory.{name}").read_text().strip() for name in ("max", "current"))
        found += [] if most == "max" else [int(most) - int(used)]
    except (OSError, KeyError, ValueError):
        pass
    return max(0, min(found)) if found else None


def left_for_values(net: Any, h: int, w: int, most: int, writer: float = WRITER) -> int:
    """Bytes for the values of a network, inputs and result among them, when all together may take `most`.

    writer  frames of the result's size that whoever takes it needs beside it: `Writer.held_frames`
    """
    weights = sum(array_of(x).nbytes for x in net.parameters().values())
    frames = int(4 * h * w * 3 * (_waiting(net) + writer * getattr(net._config, "scale", 1) ** 2))
    return int((most - PROCESS - WEIGHTS * weights - frames) / HOLES)


def _waiting(net: Any) -> int:
    """Frames that a driver keeps beside its window."""
    return getattr(net._config, "frames", 1) // 2 + 2


def laid_out(net: Any, h: int, w: int, most: int, writer: float = WRITER) -> list[tuple[Piece, Order | Stream | None]]:
    """Every piece of the network's driver with its schedule, for frames of (h, w). Raises TooLarge.

    The schedule is None where the page goes the way that its network has made for it, in `Piece.whole` bytes.
    """
    room, found = left_for_values(net, h, w, most, writer), []
    for piece in pieces(net, h, w):
        try:
            found.append((piece, _schedule(piece, room - piece.held)))
        except TooLarge as error:
            needs = int(HOLES * (error.needs + piece.held)) + most - int(HOLES * room)
            raise TooLarge(needs, most) from None
    return found


def _schedule(piece: Piece, most: int) -> Order | Stream | None:
    if piece.whole is not None and piece.whole <= most:
        return None
    if not piece.streams:
        raise TooLarge(piece.whole, most)
    return fitting(capture(piece.page, *piece.inputs, **piece.options), most)


def largest_size(net: Any, h: int, w: int, most: int, writer: float = WRITER) -> tuple[int, int] | None:
    """The largest (h, w) of the same shape that fits, in sixteenths of the sides; None: not even one sixteenth."""
    low, high = 0, 16
    while high - low > 1:
        middle = (low + high) // 2
        try:
            laid_out(net, max(1, h * middle // 16), max(1, w * middle // 16), most, writer)
            low = middle
        except TooLarge:
            high = middle
    return (h * low // 16, w * low // 16) if low else None


@contextmanager
def kept_to(net: Any, h: int, w: int, given: str | int | None, writer: float = WRITER) -> Iterator[None]:
    """Inside, drivers keep frames of (h, w) within the memory that is given, or within a share of what is free.

    writer  as for `left_for_values`

    Raises InputError where that cannot be, with what would fit.
    """
    most = checked_size(net, h, w, parsed(given), writer)
    with memory(None if most is None else left_for_values(net, h, w, most, writer)):
        yield


def checked_size(net: Any, h: int, w: int, given: int | None, writer: float = WRITER) -> int | None:
    """The bytes that a clip of (h, w) frames may take: those given, or a share of what is free; None: nobody knows.

    Raises InputError, with the largest size that fits, where such frames need more.
    """
    free = available()
    if given is None and free is None:
        return None
    most = given if given is not None else int(SHARE * free)
    try:
        laid_out(net, h, w, most, writer)
    except TooLarge as error:
        size = largest_size(net, h, w, most, writer)
        where = gigabytes(most) if given is not None else f"{gigabytes(most)}, {SHARE:.0%} of what is free"
        fits = f"{size[1]}x{size[0]} would fit" if size else "no size would fit"
        fits += "; a folder of images takes less than this writer" * (writer > LARGE)
        raise InputError(f"frames of {w}x{h} by {type(net).__name__} need {gigabytes(error.needs)} at least, "
                         f"expected at most {where}", fix=f"{fits}; --memory states another limit") from None
    return most
