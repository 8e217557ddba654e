"""What becomes of the sound, subtitles, covers, attachments and data of a clip in a new container: a plan, in words.

Nothing here opens a file: `plan` is told what tracks there are, and asks a function whether the target holds one.
`stream_copy.py` carries the plan out.
"""
from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from refvr.errors import InputError

AUDIO_MODES = ("copy", "convert", "none")
ENDINGS = (".mkv", ".mp4", ".mov", ".webm", ".avi")   # in the order in which they are recommended
UNKNOWN = "unknown codec"
WORDS = {"audio": "sound", "subtitle": "subtitles", "video": "video", "cover": "cover picture",
         "attachment": "attachment", "data": "data"}
LOSSLESS = {"flac", "alac", "truehd", "mlp", "wavpack", "tta", "ape", "shorten", "tak"}
TEXT = {"subrip", "srt", "ass", "ssa", "mov_text", "webvtt", "text", "microdvd", "subviewer", "subviewer1", "sami",
        "realtext", "mpl2", "jacosub", "vplayer", "stl", "pjs", "hdmv_text_subtitle", "ttml"}
# What sound becomes where it cannot stay as it is: of what is lossless, of what is not
SOUND = {".mp4": ("aac", "aac"), ".m4v": ("aac", "aac"), ".mov": ("pcm", "aac"), ".mkv": ("flac", "aac"),
         ".webm": ("libopus", "libopus"), ".avi": ("pcm", "libmp3lame")}
SUBTITLES = {".mp4": "mov_text", ".m4v": "mov_text", ".mov": "mov_text", ".mkv": "subrip", ".webm": "webvtt"}
# What FFmpeg would put there although hardly any player takes it out again
UNHEARD = {".mp4": ("pcm_",), ".m4v": ("pcm_",), ".mkv": ("tta",),
           ".avi": ("vorbis", "opus", "flac", "alac", "dts", "aac")}
SHOWS_COVERS = {".mp4", ".m4v", ".mkv"}


@dataclass(frozen=True)
class Track:
    """One stream of the input beside the picture.

    kind     "audio", "subtitle", "video", "cover", "attachment" or "data"
    codec    FFmpeg's name; for data whatever says what it is
    channels of sound
    elsewhere  what this data stream says is kept in another way: chapters, the timecode of the first frame
    """

    index: int
    kind: str
    codec: str
    language: str | None = None
    elsewhere: bool = False
    channels: int = 2

    def __str__(self) -> str:
        language = f", {self.language}" if self.language and self.language != "und" else ""
        return f"{WORDS.get(self.kind, self.kind)} stream {self.index} ({self.codec}{language})"


@dataclass(frozen=True)
class Fate:
    """What becomes of a track: action "copy", "convert" (to `codec`) or "leave"; line: what is said about it."""

    track: Track
    action: str
    codec: str = ""
    line: str = ""


Holds = Callable[[Track, str], bool]


def plan(tracks: Collection[Track], suffix: str, holds: Holds, *, audio: str = "copy",
         wanted: str = "all") -> list[Fate]:
    """Settle each track for an output of that suffix (".mp4").

    holds   (track, suffix) -> whether that container takes the track as it is; asked before anything is computed
    audio   "copy": as it is where the target holds it, otherwise converted; "convert": always; "none": left out
    wanted  "all", "none", or which ones by index or kind, "1,subtitle"
    Raises InputError for words that mean nothing, and for an index that is not there.
    """
    if audio not in AUDIO_MODES:
        raise InputError(f"audio is {audio!r}; expected one of {', '.join(AUDIO_MODES)}", fix="for example copy")
    chosen = _chosen(tracks, wanted)
    return [_fate(track, suffix, holds, audio) for track in tracks
            if track.index in chosen and not (track.kind == "audio" and audio == "none")]


def _chosen(tracks: Collection[Track], wanted: str) -> set[int]:
    if wanted in ("all", "none"):
        return {track.index for track in tracks} if wanted == "all" else set()
    chosen: set[int] = set()
    for word in wanted.replace(" ", "").split(","):
        found = {t.index for t in tracks if word in (str(t.index), t.kind, WORDS.get(t.kind))}
        if not found:
            have = "; ".join(str(track) for track in tracks) or "nothing beside the picture"
            raise InputError(f"streams: {word!r} is not in the input; it has {have}",
                             fix="give all, none, or numbers and kinds such as 1,subtitle")
        chosen |= found
    return chosen


def _fate(track: Track, suffix: str, holds: Holds, audio: str) -> Fate:
    if track.kind == "data":
        return Fate(track, "leave", line="" if track.elsewhere else f"{track} is left out: players show no such data")
    if track.codec == UNKNOWN:
        return Fate(track, "leave", line=f"{track} is left out: FFmpeg does not know its codec")
    if track.kind == "video":
        return Fate(track, "leave", line=f"{track} is left out: one picture is restored at a time")
    takes = _takes(track, suffix, holds)
    if takes and not (track.kind == "audio" and audio == "convert"):
        return Fate(track, "copy")
    to = _conversion(track, suffix)
    if to:
        why = "" if takes else f"; {_keeper(track, suffix, holds)}"
        return Fate(track, "convert", to, f"{track} is converted to {_readable(to)}{why}")
    return Fate(track, "leave", line=f"{track} is left out: {suffix} has no place for it; "
                                     f"{_keeper(track, suffix, holds)}")


def left_out(track: Track, suffix: str, holds: Holds, why: str) -> str:
    """The line for a track whose conversion failed."""
    return f"{track} is left out ({why}); {_keeper(track, suffix, holds)}"


def _takes(track: Track, suffix: str, holds: Holds) -> bool:
    if track.kind == "cover" and suffix not in SHOWS_COVERS:
        return False
    if track.kind == "audio" and track.codec.startswith(UNHEARD.get(suffix, ("-",))):
        return False
    return holds(track, suffix)


def _conversion(track: Track, suffix: str) -> str:
    if track.kind == "audio" and suffix in SOUND:
        to = SOUND[suffix][0 if is_lossless(track.codec) else 1]
        return "ac3" if to == "libmp3lame" and track.channels > 2 else to   # MP3 has two
    return SUBTITLES.get(suffix, "") if track.kind == "subtitle" and track.codec in TEXT else ""


def is_lossless(codec: str) -> bool:
    """Whether a sound codec keeps every sample."""
    return codec in LOSSLESS or codec.startswith("pcm_")


def _keeper(track: Track, suffix: str, holds: Holds) -> str:
    keeps = next((ending for ending in ENDINGS if ending != suffix and _takes(track, ending, holds)), None)
    return f"{keeps} would keep it as it is" if keeps else "no ending that refvr writes would keep it as it is"


def _readable(codec: str) -> str:
    names = {"aac": "AAC", "flac": "FLAC", "libopus": "Opus", "libmp3lame": "MP3", "ac3": "AC-3", "pcm": "PCM"}
    return names.get(codec, codec)


