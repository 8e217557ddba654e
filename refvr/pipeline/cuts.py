"""Which cuts a clip is restored by: none, those that are found, those of a file or a list.

They are known before the first frame is restored: the clip is read through once more, to find them or, where they are
given, only to see how long it is. What comes through a pipe is read once: its cuts are found on the way.
"""
from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from refvr.errors import InputError
from refvr.media import open_reader
from refvr.media.clip import DEFAULT_FPS, Frame, Reader
from refvr.media.cut import Place, Span, cut
from refvr.media.pipes import to_pipe
from refvr.shots.files import checked_cuts, read_cuts
from refvr.shots.find import find_shots

Cuts = str | Path | Sequence[int]
SAY_EVERY_S = 10.0
NEVER = 1 << 62


@dataclass(frozen=True)
class Found:
    """The cuts of a clip, or of the part of it that is restored.

    cuts    numbers of the frames that begin shots, in order; None: found while reading
    frames  exact number of frames; None where not counted
    given   whether they were given, and may be wrong
    span    where the part lies in the clip, if it is one
    truncated, warnings   what was noticed while it was read through
    """

    cuts: tuple[int, ...] | None = ()
    frames: int | None = None
    given: bool = False
    span: Span | None = None
    truncated: str | None = None
    warnings: tuple[str, ...] = ()

    def about(self) -> str | None:
        """What makes other frames: a text that other cuts do not have; None without any."""
        if not self.cuts:
            return None
        numbers = ", ".join(map(str, self.cuts))
        short = hashlib.sha256(numbers.encode()).hexdigest()[:8]
        return numbers if len(numbers) < 40 else f"{len(self.cuts)}, from {self.cuts[0]} to {self.cuts[-1]} ({short})"

    def beyond(self, frames: int) -> list[str]:
        """A line where the clip turned out to have only so many frames, and cuts were said after its end."""
        late = [at for at in self.cuts or () if at >= frames]
        return [f"the list of cuts has frame {late[0]}, the clip ended after {frames}"] if self.given and late else []


def cuts_of(source: str | Path, cuts: Cuts, start: Place | None, frames: Place | None, say: Callable[[str], None],
            count: bool = False) -> Found:
    """The cuts by which the part of `source` is restored that `start` and `frames` say; their numbers count in it.

    cuts   "none", "auto", a file (shots/files.py), or numbers of frames of the whole clip
    count  whether the frames are counted without cuts, too
    Raises InputError for a list that is none, or has frames beyond the end.
    """
    if isinstance(cuts, str) and cuts == "none":
        return _within(source, (), start, frames) if count else Found()
    auto = isinstance(cuts, str) and cuts == "auto"
    given = () if auto else _given(source, cuts)
    if to_pipe(source):
        if given and (start is not None or frames is not None):
            raise InputError("got cuts, and a part of a pipe; expected one of the two", fix="store it in a file first")
        return Found(None if auto else given, given=True)
    if auto:
        with _Telling(cut(open_reader(source), start, frames), say) as reader:
            shots = find_shots(reader)
        many = f"{len(shots.cuts)} cut{'s' * (len(shots.cuts) != 1)}"
        say(f"{many} found in {shots.frames} frames" + ("" if shots.cuts else ": one shot"))
        return Found(shots.cuts, shots.frames, False, reader.span, shots.truncated, tuple(reader.warnings))
    return _within(source, given, start, frames)


def _given(source: str | Path, cuts: Cuts) -> tuple[int, ...]:
    if isinstance(cuts, (str, Path)):
        fps = DEFAULT_FPS
        if Path(cuts).is_file() and not to_pipe(source):
            with open_reader(source) as reader:
                fps = reader.info.fps or fps
        return read_cuts(cuts, Fraction(fps))
    return checked_cuts(list(cuts), "the list")


def _within(source: str | Path, given: tuple[int, ...], start: Place | None, frames: Place | None) -> Found:
    """Cuts of a clip that lie in a part of it, counted from its beginning."""
    with cut(open_reader(source), start, frames) as part:
        part.skip = NEVER
        for _ in part:
            pass
        first, count = (part.span.first if part.span else 0), part.decoded
        ended = part.span is None or not part.span.ends
    if ended and given and given[-1] >= first + count:
        raise InputError(f"cuts: got frame {given[-1]}, but {source} has {first + count} frames, from 0 on; expected "
                         "cuts of this clip", fix=f"`refvr shots {source}` finds them")
    cuts = tuple(at - first for at in given if first < at < first + count)
    return Found(cuts, count, True, part.span, part.truncated, tuple(part.warnings))


class _Telling(Reader):
    """A reader that says now and then how far it is."""

    def __init__(self, reader: Reader, say: Callable[[str], None]) -> None:
        super().__init__()
        self._reader, self._say, self.info = reader, say, reader.info
        self.span, self.warnings = reader.span, reader.warnings

    def _frames(self) -> Iterator[Frame]:
        last, total = time.monotonic(), self.info.frames_hint
        for count, frame in enumerate(self._reader, 1):
            yield frame
            if time.monotonic() - last > SAY_EVERY_S:
                last = time.monotonic()
                self._say(f"looking for cuts: {count}{f' of {total}' if total else ''} frames")
        self.truncated = self._reader.truncated

    def close(self) -> None:
        self._reader.close()
