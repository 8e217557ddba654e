"""Times of packets and frames as files have them, and as a player needs them. Numbers only: nothing here reads a file.

All times are seconds as `Fraction`, unless a name says that they count ticks of a time base.
"""
from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from fractions import Fraction

# A clock that goes back by more than this has started again; less is a repeated or a late packet
BACK = Fraction(1, 4)
# In a recorded broadcast a clock that goes forward by more than this is another recording that was joined on
FORWARD = Fraction(10)
# Decoding and presentation time of one packet are no farther apart than this; in a damaged one, one of them is wrong
APART = Fraction(10)
# How far from its place a packet may be to belong to a stretch that another stream began
NEAR = Fraction(1)
# Containers whose clock is that of a broadcast or a live stream: it starts anywhere, and starts again
BROADCAST = {"mpegts", "mpeg", "mpegtsraw", "flv", "live_flv", "rtp", "rtsp", "wtv"}
LATE = 60      # seconds: nobody wants to wait that long for the first picture, in whatever container
FASTEST = 1000   # frames per second that a header may claim; DV in AVI claims 60000


def is_broadcast(format_name: str) -> bool:
    """Whether a container of FFmpeg's name ("mpegts", "mov,mp4,m4a") has a broadcast clock."""
    return any(name in BROADCAST for name in format_name.split(","))


def first_shift(format_name: str, start: Fraction | None) -> Fraction:
    """What is added to every time of a file so that it starts where a player wants it.

    format_name  FFmpeg's name of the container
    start        the earliest time of the file; None where it is unknown
    Broadcast clocks start at 0 then, as does a file that starts more than a minute late; other times are left alone.
    """
    if start is None or (not is_broadcast(format_name) and start <= LATE):
        return Fraction(0)
    return -start


def believable_rate(*rates: Fraction | None) -> Fraction | None:
    """The first of some claimed frame rates that a camera could have had."""
    return next((rate for rate in rates if rate and 0 < rate <= FASTEST), None)


def even_rate(mean: Fraction | None, grid: Fraction | None) -> Fraction | None:
    """The rate for a container that has one constant rate and empty packets.

    mean  of all frames; grid: one of which all times are multiples, if there is any
    Where frames are left out, the mean is lower than the rate of the others, which the grid is.
    """
    if not mean or not grid or not mean < grid < 2 * mean:
        return mean
    return grid if grid / mean > Fraction(101, 100) else mean


@dataclass
class Track:
    """Where one stream is on the clock: its stretch, and the end of its last packet, in output time."""

    stretch: int = 0
    end: Fraction | None = None


@dataclass
class JoinedClock:
    """One output clock for all streams of a file whose own clock starts again where recordings were joined.

    shift    added to all times of the first stretch
    now      added to those of the packet asked for last: for streams that tell no seam themselves (subtitles)
    forward  a leap forward is a seam too

    Every stream finds the seam by itself, since containers deliver the last packets of one stream after the first ones
    of another. The first to find it decides how the new stretch lies; the others join it, so that sound and picture
    keep their distance.
    """

    shift: Fraction = Fraction(0)
    forward: bool = True
    now: Fraction = field(init=False)
    shifts: list[Fraction] = field(init=False)
    tracks: dict[int, Track] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.shifts, self.now = [self.shift], self.shift

    @property
    def restarts(self) -> int:
        """How often the clock started again."""
        return len(self.shifts) - 1

    def shift_of(self, stream: int, time: Fraction, duration: Fraction = Fraction(0)) -> Fraction:
        """What to add to the times of a packet of `stream` with decoding time `time`. Packets come in file order."""
        track = self.tracks.setdefault(stream, Track(len(self.shifts) - 1))
        if track.end is not None and self._jumps(time + self.shifts[track.stretch], track.end):
            track.stretch = self._stretch_for(time, track.end)
        self.now = self.shifts[track.stretch]
        track.end = time + self.now + duration
        return self.now

    def believed(self, stream: int, dts: Fraction, pts: Fraction | None) -> tuple[Fraction, Fraction | None]:
        """Both times of a packet; where they contradict each other, the one nearer to the packet before, twice."""
        if pts is None or abs(pts - dts) <= APART:
            return dts, pts
        track = self.tracks.get(stream)
        before = Fraction(0) if track is None or track.end is None else track.end - self.shifts[track.stretch]
        near = min(dts, pts, key=lambda time: abs(time - before))
        return near, near

    def _jumps(self, time: Fraction, end: Fraction) -> bool:
        return time < end - BACK or (self.forward and time > end + FORWARD)

    def _stretch_for(self, time: Fraction, end: Fraction) -> int:
        """A stretch that another stream found, or the old one after a single wrong time; otherwise a new one."""
        for k in reversed(range(len(self.shifts))):
            if -BACK <= time + self.shifts[k] - end <= NEAR:
                return k
        self.shifts.append(max(track.end for track in self.tracks.values() if track.end is not None) - time)
        return len(self.shifts) - 1


@dataclass
class Increasing:
    """Decoding times of one stream that increase, as muxers demand; in ticks.

    strict   equal times are moved too
    moved    how many packets were moved
    step     from the packet before to the last one: how long a packet is that does not say so
    """

    strict: bool = True
    last: int | None = None
    moved: int = 0
    step: int = 0

    def place(self, dts: int, pts: int | None) -> tuple[int, int | None]:
        """The times of the next packet, moved by as little as possible."""
        least = dts if self.last is None else self.last + (1 if self.strict else 0)
        if dts < least:
            dts, self.moved = least, self.moved + 1
        self.step = 0 if self.last is None else dts - self.last
        self.last = dts
        return dts, pts if pts is None else max(pts, dts)


class EvenSlots:
    """Times of frames in a container that has none: AVI counts packets, and an empty one repeats the frame before.

    The packets that hold a picture occupy slots; the k-th picture to be shown gets the k-th of them, in whatever order
    the decoder returned them (B-frames, and B-frames packed together with their P-frame).
    """

    def __init__(self) -> None:
        self._slots: list[int] = []
        self._last = -1
        self.end = 0   # after the last slot that was filled

    def fill(self, slot: int) -> None:
        """A packet with a picture in it arrives."""
        heapq.heappush(self._slots, slot)
        self.end = max(self.end, slot + 1)

    def take(self) -> int:
        """The slot of the next picture."""
        self._last = heapq.heappop(self._slots) if self._slots else self._last + 1
        return self._last


class Presented:
    """Times of decoded frames where some are missing: the frame before, and a step on. In ticks.

    step  of the nominal rate
    """

    def __init__(self, step: Fraction) -> None:
        self._step = step
        self._next: Fraction | None = None

    def place(self, pts: int | None, duration: int = 0) -> int:
        """The time of the next frame in the order of showing."""
        time = Fraction(pts) if pts is not None else self._next or Fraction(0)
        self._next = time + (duration or self._step)
        return round(time)


def ends_early(promised: Fraction, start: Fraction, end: Fraction, step: Fraction, *, is_end: bool) -> bool:
    """Whether a file holds less than its header promises, by more than muxers differ about the last frame.

    promised  duration of the header; start, end: of what was read; step: of one frame
    is_end    the container's duration is the time of its end (Matroska), not a length; files with either meaning exist
    """
    have = max(end, end - start) if is_end else end - start
    return promised - have > Fraction(1, 2) + 4 * step
