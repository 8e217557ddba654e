"""Lists of cuts in files: what `refvr shots` prints, as JSON or as an edit decision list (CMX 3600)."""
from __future__ import annotations

import json
import re
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from refvr.errors import InputError

MOST = 1 << 24   # bytes; a film has thousands of cuts
_CODE = r"(\d\d):(\d\d):(\d\d)[:;](\d\d)"
_EVENT = re.compile(r"\d+\s+\S+\s+(\S+)\s+(C|[DWK]\S*)\b.*?\s" + r"\s+".join([_CODE] * 4) + r"\s*")
_FIX = "`refvr shots CLIP` prints such a file"


def read_cuts(path: str | Path, fps: Fraction) -> tuple[int, ...]:
    """The numbers of the frames that begin shots, from 1 on, in order. Raises InputError.

    JSON    a list of numbers, or an object with such a list as "cuts"
    EDL     events of the picture track that begin with a cut; their times in the film are taken, at the nearest whole
            rate to `fps`, from the first event on
    """
    try:
        with Path(path).open("rb") as file:
            text = file.read(MOST + 1).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise InputError(f"cuts: {path} cannot be read ({reason}); expected auto, none, or a file of cuts",
                         fix=_FIX) from None
    if len(text) > MOST:
        raise InputError(f"cuts: {path} is larger than {MOST >> 20} MB; expected a list of cuts", fix=_FIX)
    events = [found for line in text.splitlines() if (found := _EVENT.fullmatch(line.strip()))]
    return checked_cuts(_of_events(events, text, path, fps) if events else _of_json(text, path), path)


def _of_json(text: str, path: str | Path) -> object:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise InputError(f"cuts: {path} is neither JSON nor an EDL; expected one of them", fix=_FIX) from None
    return found.get("cuts") if isinstance(found, dict) else found


def _of_events(events: list[re.Match[str]], text: str, path: str | Path, fps: Fraction) -> list[int]:
    if re.search(r"^FCM:\s*DROP", text, re.MULTILINE) or any(";" in event[0] for event in events):
        raise InputError(f"cuts: {path} has time codes of drop frames; expected those without", fix=_FIX)
    rate = max(1, round(fps))
    pictures = [event for event in events if "V" in event[1] or event[1] in ("B", "NONE")]
    begins = [(event[2] == "C", _frame(event, rate)) for event in pictures]
    first = min((frame for _, frame in begins), default=0)
    return sorted({frame - first for cut, frame in begins if cut and frame > first})


def _frame(event: re.Match[str], rate: int) -> int:
    """Where an event begins in the film: the third of its four time codes."""
    hours, minutes, seconds, frames = map(int, event.groups()[10:14])
    return ((hours * 60 + minutes) * 60 + seconds) * rate + frames


def checked_cuts(cuts: object, what: object) -> tuple[int, ...]:
    """A list of whole numbers from 1 on that grow. Raises InputError."""
    if not isinstance(cuts, (list, tuple)):
        raise InputError(f"cuts: {what} has no list of cuts; expected one, or an object with it as \"cuts\"", fix=_FIX)
    for cut in cuts:
        if isinstance(cut, bool) or not isinstance(cut, int) or cut < 1:
            raise InputError(f"cuts: {what} has {repr(cut)[:40]}; expected numbers of frames from 1 on, frame 0 being "
                             "the first", fix=_FIX)
    for before, after in pairwise(cuts):
        if after <= before:
            raise InputError(f"cuts: {what} has {after} after {before}; expected numbers that grow", fix=_FIX)
    return tuple(cuts)
