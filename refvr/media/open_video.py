"""Opening a stranger's video: FFmpeg sees the bytes of that one file, and can reach nothing else.

Many of its formats are lists of other files or addresses (HLS, DASH, concat, IMF, SDP, image2), may refer to some
(QuickTime, VobSub), or are programs (AviSynth, VapourSynth). Four locks, of which any one would do for most:

    the file is opened here and handed over as an object, so that neither its path nor its folder is known to FFmpeg
    `protocol_whitelist` names no protocol that exists: whatever is opened beside it, by any format, is refused
    `format_whitelist` has all formats but those that are only lists, devices or programs
    the name that FFmpeg guesses formats by is "clip" and the suffix, so that no pattern or URL can be written in it
"""
from __future__ import annotations

import io
from functools import cache
from pathlib import Path

import av

from refvr.media import ffmpeg

# Lists of other files; network; scripts; devices, which are "formats" too where they are built in
LISTS = {"concat", "dash", "hls", "imf", "image2", "rtp", "rtsp", "sap", "sdp", "vobsub", "dvdvideo"}
PROGRAMS = {"avisynth", "vapoursynth", "lavfi"}
DEVICES = {"alsa", "android_camera", "avfoundation", "bktr", "decklink", "dshow", "fbdev", "gdigrab", "iec61883",
           "jack", "kmsgrab", "libcdio", "libdc1394", "openal", "oss", "pulse", "sndio", "v4l2", "vfwcap",
           "video4linux2", "x11grab", "xcbgrab"}
NAMED = {".tga"}  # pictures without a beginning of their own: FFmpeg knows them by name, through image2 or this pipe
BUFFER = 1 << 18  # bytes that are read at once

# What a list begins with, in lower case, after white space -> what it is
BEGINNINGS = {b"#extm3u": "a playlist (HLS or M3U)", b"ffconcat": "a list of files for FFmpeg",
              b"v=0": "a session description (SDP)", b"[playlist]": "a playlist (PLS)",
              b"[reference]": "a list of addresses", b"<asx": "a playlist (ASX)", b"<smil": "a playlist (SMIL)",
              b"<mpd": "a DASH manifest", b"<smoothstreamingmedia": "a Smooth Streaming manifest",
              b"<compositionplaylist": "an IMF playlist", b"<assetmap": "an IMF list of files",
              b"rtsp://": "an address", b"http://": "an address", b"https://": "an address"}


def open_alone(path: Path | str) -> av.container.InputContainer:
    """The container in the file `path`, which can open nothing else; raises what `av.open` raises, or OSError."""
    options = {"protocol_whitelist": "none", "format_whitelist": formats()}
    known = "image2pipe" if Path(path).suffix.lower() in NAMED else None
    return ffmpeg.open_input(_Alone(path), name=known, container_options=options, buffer_size=BUFFER)


class _Alone(io.FileIO):
    """A file without a path. The container that reads it keeps it alive, and it is closed with that."""

    def __init__(self, path: Path | str) -> None:
        super().__init__(path)
        self.name = "clip" + Path(path).suffix

    def __del__(self) -> None:
        self.close()


@cache
def formats() -> str:
    """The formats that are read, separated by commas as FFmpeg wants them.

    One format may have several names, "video4linux2,v4l2": it goes with any of them.
    """
    several = (set(names.split(",")) for names in av.formats_available)
    return ",".join(sorted(set().union(*(names for names in several if not names & (LISTS | PROGRAMS | DEVICES)))))


def listed(head: bytes) -> str:
    """What a file that begins with `head` is a list of others as; "" for other files."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    while text.startswith((b"<?", b"<!--")):  # XML: its declaration and comments
        text = text.partition(b">")[2].lstrip()
    return next((what for beginning, what in BEGINNINGS.items() if text.startswith(beginning)), "")
