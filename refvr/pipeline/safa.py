"""What stands around SAFA: enlarging, padding, pairs of frames, times, quantisation (inference_img.py of its authors).

    frame k, frame k+1  ->  enlarge both x 4 (bicubic), pad to multiples of 32  ->  SAFA at times t  ->  crop

                    default                                    official
    enlarging       in floats, neither rounded nor clipped     of 8-bit frames, rounded and clipped to 8 bits
                    (so the authors trained and evaluated)     (so their script does)
    padding         mirrored at the border                     black
    result          as it is                                   cut to 8 bits: floor(255 y) / 255

A clip goes pair by pair. With `rate` r, result j shows the place j / r, counted in frames: a whole r gives each pair
the times 0, 1/r .. (r-1)/r, and the last one also 1. That is floor(r (n-1)) + 1 frames for n; r may be any rational,
below 1 too. A clip of one frame is a pair of that frame with itself. Features of a frame are computed once, for both of
its pairs. Where one shot is cut to another nothing is made between them: the last frame is repeated.
"""
from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from refvr import ops
from refvr.media.clip import NO_PICTURE, Frame
from refvr.networks.safa import SAFA
from refvr.nn.trace import listening
from refvr.ops.route import Rule
from refvr.pipeline.driver import Driver
from refvr.pipeline.frame_between import frame_between, shown_until, with_last
from refvr.pipeline.frames import checked, truncated_to_8_bits
from refvr.pipeline.motion import estimated
from refvr.pipeline.pad import crop, pad_to_multiple
from refvr.pipeline.rate import Rate, check_rate
from refvr.pipeline.safa_pair import Pair, answered
from refvr.plan.lines import Stored
from refvr.plan.memory import current_limit
from refvr.types import Array, Options

Follows = Callable[[], "Frame | None"]  # once a shot has been read: the first frame of the next one
_LINES, _REACH = 32, 4  # of a frame that are enlarged at a time, and around them; the cubic sees two
MULTIPLE = 32  # of the enlarged sides; the network needs 8, the authors' script takes this


@dataclass
class Seen:
    """A frame on its way through its two pairs.

    image, features  enlarged, (1, h', w', 3), and what the network's head makes of it
    small            (h'/4, w'/4, 3), for networks that begin at an estimated motion
    size             of the enlarged frame without padding
    """

    image: np.ndarray | Stored
    features: Array
    small: np.ndarray | None
    size: tuple[int, int]


def enlarged(frame: np.ndarray, *, official: bool = False) -> np.ndarray:
    """(h, w, 3) in [0, 1] -> (h', w', 3): four times larger, then padded to multiples of 32."""
    if not official:
        return pad_to_multiple(ops.resize_cubic(frame[None], 4)[0], MULTIPLE)
    levels = np.rint(np.clip(frame, 0, 1) * 255).astype(np.uint8)
    # OpenCV rounds ties in the last values of a row differently, and its rows are blue first.
    large = ops.resize_cubic(np.ascontiguousarray(levels[None, ..., ::-1]), 4)[0, ..., ::-1]
    h, w, _ = large.shape
    image = np.zeros((h + -h % MULTIPLE, w + -w % MULTIPLE, 3), frame.dtype)
    image[:h, :w] = large.astype(np.float32) / np.float32(255)
    return image


def enlarged_in_file(frame: np.ndarray, *, official: bool = False) -> Stored:
    """`enlarged` in a file, (1, h', w', 3), made by bands where nothing is padded."""
    h, w = (4 * side for side in frame.shape[:2])
    if official or h % MULTIPLE or w % MULTIPLE:
        large = enlarged(frame, official=official)[None]
        image = Stored(large.shape, large.dtype, 1)
        image.add(0, large)
        return image
    image = Stored((1, h, w, 3), frame.dtype, 1)
    for top in range(0, frame.shape[0], _LINES):
        first = max(0, top - _REACH)
        part = ops.resize_cubic(frame[None, first:top + _LINES + _REACH], 4)
        image.add(4 * top, part[:, 4 * (top - first):4 * (top - first + _LINES)])
    return image


def small(frame: np.ndarray) -> np.ndarray:
    """(h, w, 3) -> a quarter of what `enlarged` gives, padded as that is."""
    return pad_to_multiple(frame, MULTIPLE // 4)


def motion_between(net: SAFA, frame0: np.ndarray | None, frame1: np.ndarray | None) -> np.ndarray | None:
    """(1, h', w', 4) for networks that begin at an estimated motion, of two frames as `small` gives them."""
    if frame0 is None or frame1 is None or not net.config.motion:
        return None
    return estimated(frame0, frame1, 4)[None]


def finished(y: np.ndarray, size: tuple[int, int], *, official: bool = False) -> np.ndarray:
    """What the network answers (h', w', 3), cropped to `size`; `official`: cut to 8 bits."""
    y = crop(y, *size)
    return truncated_to_8_bits(y) if official else y


def interpolate(net: SAFA, frame0: np.ndarray, frame1: np.ndarray, times: Sequence[float], *,
                routing: Rule = "threshold", official: bool = False) -> list[np.ndarray]:
    """Frames (4h, 4w, 3) at any `times` between two frames (h, w, 3): 0 is the first, 1 the second.

    routing  "threshold", "full", "half", "quarter", a random generator, or decisions (times, blocks, 1, 2)
    """
    frames = list(checked((frame0, frame1), net))
    first, second = (enlarged(frame, official=official)[None] for frame in frames)
    motion = motion_between(net, small(frames[0]), small(frames[1]))
    answer = answered(net, first, second, times, routing=routing, motion=motion)
    h, w, _ = frame0.shape
    return [finished(y, (4 * h, 4 * w), official=official) for y in answer.frames[0]]


def restore_safa(net: SAFA, frames: Iterable[np.ndarray], *, rate: Rate = 1, routing: Rule = "threshold",
                 official: bool = False, start: int = 0, at: int = 0, follows: Follows = lambda: None
                 ) -> Iterator[tuple[Fraction, np.ndarray]]:
    """A clip of (h, w, 3) frames, or a shot of one, enlarged and with `rate` times as many frames.

    rate   any rational: result j shows the place j / rate, counted in frames of the clip, up to its last one
    start  results before this number are neither computed nor given
    at     number in its clip of the first of `frames`; places and results count from the clip's beginning
    follows  what begins the next shot: nothing is made between the two, the last frame is shown until then
    Yields (place, frame (4h, 4w, 3)): place k + t lies between frames k and k + 1.
    """
    rate, pair = check_rate(rate), Pair(net)
    number, given = at - 1, max(start, math.ceil(at * rate))
    last: Seen | None = None
    before: Seen | None = None
    if isinstance(routing, np.random.Generator):
        routing.random((given, len(net.blocks), 2))  # what the results before would have drawn
    for number, frame in enumerate(checked(frames, net), at):
        if number + 2 <= start / rate:  # no pair of it is wanted, whatever the clip's length
            continue
        last = None  # its features are large, and another frame takes their place
        now = _seen(pair, frame, official)
        if before is not None:
            times = _places(given, rate, number)
            given += len(times)
            yield from _pair(pair, before, now, number - 1, [at - (number - 1) for at in times], routing, official)
        last, before = before, now
    rest = _places(given, rate, number + 1) if follows() else [Fraction(number)] * (given / rate == number)
    if before is not None and rest:
        since, place = (number, Fraction(0)) if last is None else (number - 1, Fraction(1))
        (_, y), = _pair(pair, before if last is None else last, before, since, [place], routing, official)
        yield from ((place, y) for place in rest)


def _places(given: int, rate: Fraction, end: int) -> list[Fraction]:
    """The places of the results from number `given` on that lie before frame `end`."""
    return [j / rate for j in range(given, math.ceil(end * rate))]


def _seen(pair: Pair, frame: np.ndarray, official: bool) -> Seen:
    files = current_limit().files and not listening()
    image = enlarged_in_file(frame, official=official) if files else enlarged(frame, official=official)[None]
    kept = small(frame) if pair.net.config.motion else None
    return Seen(image, pair.head(image), kept, (4 * frame.shape[0], 4 * frame.shape[1]))


def _pair(pair: Pair, first: Seen, second: Seen, number: int, times: Sequence[Fraction], routing: Rule, official: bool
          ) -> Iterator[tuple[Fraction, np.ndarray]]:
    """The frames of one pair; each time starts from the same features, so the order and number do not matter."""
    if not times:
        return
    heads = first.features, second.features
    feature, motion = pair.fuse(*heads), pair.motion(first.small, second.small)
    for time in times:
        y, _, _ = pair.at((first.image, second.image), heads, feature, np.array([time], np.float32),
                          lambda block: routing, motion, judged=False)
        yield number + time, finished(y[0], first.size, official=official)
        del y   # before the next one is computed


def first_for_safa(net: SAFA, start: int, options: Options) -> int:
    """The first frame that must be seen for the results from `start` on; the results before it are whole in number."""
    if isinstance(options.get("routing"), np.random.Generator):  # then results are counted from the beginning
        return 0
    rate = check_rate(options.get("rate", 1))
    first = max(0, math.floor(start / rate) - 2)
    return first - first % rate.denominator


def restore_safa_clip(net: SAFA, clip: Iterable[Frame], *, start: int = 0, at: int = 0,
                      follows: Follows = lambda: None, **options: Any) -> Iterator[Frame]:
    """`restore_safa` for frames with times, alpha and names.

    New frames lie evenly between the times of their two, so sound stays in sync; the last one stays until the end.
    A new frame between `a` and the next is called `a_1`, `a_2` and so on, in parts of the numerator of `rate`.
    """
    rate = check_rate(options.get("rate", 1))
    waiting: deque[Frame] = deque()
    first = max(at, math.floor(start / rate) - 1)  # of those in `waiting`
    end: tuple[int, Frame] | None = None   # the clip's last frame, where nothing is shown after it

    def pictures() -> Iterator[np.ndarray]:
        nonlocal end
        for number, (frame, is_last) in enumerate(with_last(clip, rate.denominator > 1), at):
            end = (number, replace(frame, rgb=NO_PICTURE)) if is_last and not follows() else None
            if number >= first:  # the network has the picture; a window of times is enough here
                waiting.append(replace(frame, rgb=NO_PICTURE))
            yield frame.rgb
        if waiting and (following := follows()):   # its time alone counts
            waiting.append(replace(waiting[-1], pts=following.pts))

    for place, rgb in restore_safa(net, pictures(), start=start, at=at, follows=follows, **options):
        while first + 1 < int(place):
            waiting.popleft()
            first += 1
        k = min(int(place) - first, len(waiting) - 1)
        frame = frame_between(waiting[k], waiting[min(k + 1, len(waiting) - 1)], place % 1, rate,
                         rgb.astype(np.float32, copy=False))
        if end and place + 1 / rate > end[0]:
            frame.duration = shown_until(end[1], frame) or frame.duration
        yield frame
        del rgb, frame


def _pictures(net: SAFA, frames: Iterable[np.ndarray], **options: Any) -> Iterator[np.ndarray]:
    return (y for _, y in restore_safa(net, frames, **options))


DRIVER = Driver(_pictures, ("rate", "routing", "at_cuts", "official"), clip=restore_safa_clip, first=first_for_safa)
