"""Titles, places, cameras, chapters: what a file says about itself, carried to the new one."""
from __future__ import annotations

import contextlib
from fractions import Fraction
from typing import TYPE_CHECKING

import av
from av.error import FFmpegError

from refvr.media import ffmpeg

if TYPE_CHECKING:
    from av.container.core import Chapter

# What a container writes by itself; copying it would describe the input file, not the output
OWN = {"encoder", "major_brand", "minor_version", "compatible_brands", "duration", "software", "_statistics_tags",
       "vendor_id"}
# Counts of the old file, and what FFmpeg shows a second time under the name of a language ("location-eng")
TWICE = ("_statistics", "number_of_", "bps", "location-")
# Tags that MP4 and MOV have a place for. Any other wants their table of free keys, where other players do not look.
PLAIN = {"title", "artist", "album", "album_artist", "comment", "composer", "copyright", "date", "description", "genre",
         "grouping", "lyrics", "show", "episode_id", "network", "track", "disc", "synopsis", "keywords", "location",
         "creation_time", "timecode", "year", "language", "handler_name", "rotate", "performer", "tool"}
# Languages that FFmpeg writes to MOV under their older names alone (ISO 639-2/B)
QUICKTIME = {"deu": "ger", "fre": "fra", "nld": "dut", "swe": "sve", "ell": "gre", "isl": "ice", "zho": "chi"}
FREE_KEYS = {"mp4", "mov"}   # muxers that can hold any tag


def kept(tags: dict[str, str]) -> dict[str, str]:
    """Those tags that describe the clip and not its old file."""
    return {name: value for name, value in tags.items()
            if name.lower() not in OWN and not name.lower().startswith(TWICE)}


def wants_free_keys(tags: dict[str, str], format_name: str) -> bool:
    """Whether tags (camera, lens, exact place) need `-movflags use_metadata_tags` in that container.

    MP4 has no place for a cover beside such a table.
    """
    return format_name in FREE_KEYS and any(name.lower() not in PLAIN for name in kept(tags))


def muxer_options(tags: dict[str, str], format_name: str) -> dict[str, str]:
    """Options of the muxer that keep the tags of a clip."""
    return {"movflags": "+use_metadata_tags"} if wants_free_keys(tags, format_name) else {}


def copy_stream(source: av.stream.Stream, target: av.stream.Stream) -> None:
    """Tags of one stream, and whether it is the default, forced, a cover, for the deaf ..."""
    target.metadata.update(kept(source.metadata))
    language = target.metadata.get("language", "")
    if target.container.format.name == "mov" and language in QUICKTIME:
        target.metadata["language"] = QUICKTIME[language]
    target.disposition = source.disposition


def copy(source: av.container.InputContainer, picture: av.video.stream.VideoStream,
         target: av.container.OutputContainer, begin: Fraction = Fraction(0)) -> None:   # noqa: B008  a constant
    """Tags of the file and of its picture, and the chapters: what the target has a place for.

    begin  seconds of the source that become 0; chapters that end before are left out
    """
    target.metadata.update(kept(source.metadata))
    copy_stream(picture, target.streams.video[0])
    with contextlib.suppress(FFmpegError, ValueError):   # a chapter without an end is not worth a lost clip
        target.set_chapters(_moved(source.chapters(), begin))


def _moved(chapters: list[Chapter], begin: Fraction) -> list[Chapter]:
    """Chapters on the clock of a part of the source."""
    if not begin:
        return chapters
    found: list[Chapter] = []
    for chapter in chapters:
        moved = round(begin / ffmpeg.unit(chapter["time_base"]))
        if chapter["end"] > moved:
            found.append({**chapter, "start": max(0, chapter["start"] - moved), "end": chapter["end"] - moved})
    return found
