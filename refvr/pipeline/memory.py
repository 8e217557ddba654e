"""How much memory a clip may take, what of it is left for the network's values, and which size would fit.

    given, or 3/4 of what is free  =  the process with its weights  +  frames on their way  +  values of the network

The last are laid out before the first frame (refvr/plan); what cannot be laid out in what is left is refused then.
The first two are estimates, kept by measurements of whole runs (tests/pipeline/test_memory.py, `pytest -m long`).
Where it takes no less, values of EDVR lie in files. A writer of images is done with a frame before the next one is
computed, so it and the network may have the same memory in turn.
"""
from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import NamedTuple

from refvr.autodiff.tape import array_of
from refvr.errors import InputError
from refvr.nn.module import Module
from refvr.pipeline.drivers import row_of
from refvr.pipeline.pieces import Piece, nbytes, pieces
from refvr.plan.folding import folded
from refvr.plan.graph import Like, capture, leaves
from refvr.plan.lines import folder
from refvr.plan.memory import TooLarge, fitting, gigabytes, memory
from refvr.plan.run import Order
from refvr.plan.stream import Stream

PROCESS = 336 << 20  # interpreter, NumPy, Numba's library and kernels, and what these need for themselves: half as
# much where all kernels are on the disk already; what the compiler takes for one that is not, it never gives back
ESTIMATING = 64 << 20  # more where motion is estimated: scikit-image and SciPy
DECODING = 3  # frames of the input that reading one takes, and that are gone when it is there
READER = 3  # frames of the input beside the window: the one that came last, what it was decoded from, its copy
WEIGHTS = 4  # times the parameters: as they are, folded, and as the Winograd algorithm wants them
HOLES = 1.08  # times the values: between arrays that come and go memory is lost
LARGE = 4  # frames: a writer that takes more is named where something does not fit
MARGIN = 1 << 30  # bytes of the disk that files for values leave
SHARE = 0.75  # of the free memory that is taken where nothing is said
LEAST = 1 << 20  # bytes that are written without a unit; whoever writes fewer had another unit in mind
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


class Writing(NamedTuple):
    """Frames of the result's size that whoever takes it needs beside it, and keeps while the next one is computed.

    See `held_frames` of media/writer.py's Writer.
    """

    frames: float
    between: float


IMAGES = Writing(0.5, 0.0)  # a file of 8 bits for each image, where it is not known who takes the result


@dataclass(frozen=True)
class Layout:
    """Every piece of a network's driver with its schedule.

    schedules  of each piece
    files      whether values lie in files; disk: the most bytes of them
    peak       bytes of the whole process
    in_turn    whether writer and reader get memory that the network has in between: it must be let go before
    """

    pieces: list[Piece]
    schedules: list[Order | Stream]
    files: bool
    disk: int
    peak: int
    in_turn: bool


def parsed(text: str | int | None) -> int | None:
    """Bytes of "2G", "800M", "1.5GB" or a number; None stays None. Raises InputError.

    A text without a unit are bytes, a megabyte at least.
    """
    if text is None or isinstance(text, int):
        return text
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?", text.strip().lower())
    if not found or not float(found[1]):
        raise InputError(f"memory: got {text!r}, expected a size above 0 such as 800M, 2G or 1.5G")
    if not found[2] and float(found[1]) < LEAST:
        unit = "G" if float(found[1]) <= 1 << 10 else "M" if float(found[1]) <= 1 << 16 else "k"
        raise InputError(f"memory: got {text!r}, which without a unit are bytes; expected a size such as 800M, 2G or "
                         "1.5G", fix=f"was {found[1]}{unit} meant?")
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


def left_for_values(net: Module, h: int, w: int, most: int, writing: Writing = IMAGES) -> int:
    """Bytes for the values of a network, inputs and result among them, when all together may take `most`."""
    return int((most - _around(net, h, w) - writing.between * _result(net, h, w)) / HOLES)


def _around(net: Module, h: int, w: int) -> int:
    """Bytes of process and weights, and of frames that are being read."""
    weights = sum(array_of(x).nbytes for x in net.parameters().values())
    beside = ESTIMATING if getattr(net.config, "motion", False) else 0
    read = READER + ("rate" in row_of(net).takes)  # with a rate that is not whole the next frame is read ahead
    return PROCESS + beside + WEIGHTS * weights + read * 12 * h * w


def _result(net: Module, h: int, w: int) -> int:
    """Bytes of a frame of the result."""
    return 12 * h * w * getattr(net.config, "scale", 1) ** 2


def laid_out(net: Module, h: int, w: int, most: int, writing: Writing = IMAGES, ensemble: bool = False, *,
             lowest: bool = False) -> Layout:
    """How a driver runs frames of (h, w) within `most` bytes; `ensemble`: with that option. Raises TooLarge.

    lowest  by bands as low as possible, to see whether there is a way (see `fitting`)
    """
    try:
        return _laid_out(net, h, w, most, writing, ensemble, files=False, lowest=lowest)
    except TooLarge as error:
        try:
            return _laid_out(net, h, w, most, writing, ensemble, files=True, lowest=lowest)
        except TooLarge as other:
            raise min(error, other, key=lambda refused: refused.needs) from None


def _laid_out(net: Module, h: int, w: int, most: int, writing: Writing, ensemble: bool, *, files: bool, lowest: bool
              ) -> Layout:
    room, found = left_for_values(net, h, w, most, writing), pieces(net, h, w, files=files, ensemble=ensemble)
    fixed, result = int(_around(net, h, w) + writing.between * _result(net, h, w)), _result(net, h, w)
    schedules: list[Order | Stream] = []
    computing, needs = 0.0, 0
    for piece in found:
        try:
            schedule = _schedule(piece, room - piece.held, files, lowest)
        except TooLarge as error:
            needs = max(needs, fixed + int(HOLES * (error.needs + piece.held)))
            continue
        schedules.append(schedule)
        computing = max(computing, HOLES * (piece.held + max(piece.before, schedule.peak)))
    kept = max(piece.held + nbytes(*(x for x in leaves(piece.inputs) if isinstance(x, Like))) for piece in found)
    writes = kept + result * (1 + writing.frames - writing.between)   # no holes: they were given back
    writes = max(writes, *(HOLES * (piece.held + piece.before) for piece in found))
    if needs or fixed + writes > most:
        raise TooLarge(max(needs, fixed + int(writes)), most)
    disk = max(piece.files + (schedule.disk if isinstance(schedule, Stream) else 0)
               for piece, schedule in zip(found, schedules))
    beside = fixed + computing + max(result * (writing.frames - writing.between), DECODING * 12 * h * w)
    in_turn = beside > most
    return Layout(found, schedules, files, disk, int(fixed + max(computing, writes) if in_turn else beside), in_turn)


def _schedule(piece: Piece, most: int, files: bool, lowest: bool) -> Order | Stream:
    return fitting(folded(capture(piece.page, *piece.inputs, **piece.options)), most, files=files,
                   results=files and piece.stores, lowest=lowest)


def largest_size(net: Module, h: int, w: int, most: int, writing: Writing = IMAGES, ensemble: bool = False,
                 needs: float | None = None) -> tuple[int, int] | None:
    """The largest (h, w) of the same shape that fits, in sixteenths of the sides, or where not even one does in
    sixteenths of that, and so on; None: no size at all.

    needs  bytes that (h, w) itself takes, where that is known: what is needed grows with the pixels, or more slowly
    """
    low, high, next_one = 0, 16, int(16 * sqrt(most / needs)) if needs else 8
    while high - low > 1:
        middle = min(max(next_one, low + 1), high - 1)
        try:
            laid_out(net, max(1, h * middle // 16), max(1, w * middle // 16), most, writing, ensemble, lowest=True)
            low, next_one = middle, middle + 1
        except TooLarge as error:
            high, next_one = middle, int(middle * sqrt(most / error.needs))
    if low:
        return max(1, h * low // 16), max(1, w * low // 16)
    small = max(1, h // 16), max(1, w // 16)
    return largest_size(net, *small, most, writing, ensemble) if max(small) > 1 else None


@contextmanager
def kept_to(net: Module, h: int, w: int, given: str | int | None, writing: Writing = IMAGES, ensemble: bool = False
            ) -> Iterator[Layout | None]:
    """Inside, drivers keep frames of (h, w) within the memory that is given, or within a share of what is free.

    Yields how; None where it is not known what is free. Raises InputError where that cannot be, with what would fit.
    """
    most, layout = checked_size(net, h, w, parsed(given), writing, ensemble)
    if layout is None:
        yield None
        return
    with memory(left_for_values(net, h, w, most, writing), files=layout.files):
        yield layout


def checked_size(net: Module, h: int, w: int, given: int | None, writing: Writing = IMAGES, ensemble: bool = False
                 ) -> tuple[int, Layout | None]:
    """The bytes that a clip of (h, w) frames may take, those given or a share of what is free, and how it does.

    Raises InputError, with the largest size that fits, where such frames need more.
    """
    free = available()
    if given is None and free is None:
        return 0, None
    most = given if given is not None else int(SHARE * (free or 0))
    who = f"frames of {w}x{h} by {type(net).__name__}"
    try:
        layout = laid_out(net, h, w, most, writing, ensemble)
    except TooLarge as error:
        size = largest_size(net, h, w, most, writing, ensemble, error.needs)
        where = gigabytes(most) if given is not None else f"{gigabytes(most)}, {SHARE:.0%} of what is free"
        fits = f"{size[1]}x{size[0]} would fit" if size else "no size would fit"
        fits += "; a folder of images takes less than this writer" * (writing.frames > LARGE)
        raise InputError(f"{who} need {gigabytes(error.needs)} at least, expected at most {where}",
                         fix=f"{fits}; --memory states another limit") from None
    there = shutil.disk_usage(folder()).free if layout.disk else 0
    if layout.disk and layout.disk + MARGIN > there:
        raise InputError(f"{who} keep {gigabytes(layout.disk)} in files within {gigabytes(most)} of memory, but "
                         f"{folder()} has {gigabytes(there)} free", fix="more --memory, or another folder in TMPDIR")
    return most, layout
