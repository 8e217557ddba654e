"""Which stream of a file is the picture, and what goes along with it; streams are made by hand."""
from enum import Flag, auto
from pathlib import Path
from types import SimpleNamespace

import pytest

from refvr.errors import InputError
from refvr.media import tracks
from refvr.media.tracks import muxer_of, side_tracks, video_stream


class Disposition(Flag):
    """As PyAV has it."""

    none = 0
    default = auto()
    attached_pic = auto()


class Audio(SimpleNamespace):
    """Sound, which alone has channels."""


def stream(index, kind="video", size=(4, 4), disposition=Disposition.none, codec="h264", **more):
    context = codec and SimpleNamespace(width=size[0], height=size[1], codec=SimpleNamespace(canonical_name=codec),
                                        layout=SimpleNamespace(nb_channels=6))
    return (Audio if kind == "audio" else SimpleNamespace)(**{"index": index, "type": kind, "disposition": disposition,
                                                              "codec_context": context, "metadata": {}, "frames": 0,
                                                              "language": None, "name": None} | more)


def container(*streams, chapters=()):
    listed = type("Streams", (list,), {"video": [s for s in streams if s.type == "video"]})(streams)
    return SimpleNamespace(streams=listed, chapters=lambda: chapters)


def chosen(*streams):
    return video_stream(container(*streams), Path("clip.mp4")).index


def test_the_largest_then_the_first_and_what_is_marked_before_others():
    assert chosen(stream(0), stream(1, size=(8, 8)), stream(2, size=(16, 4))) == 1
    assert chosen(stream(0, size=(8, 8)), stream(1, disposition=Disposition.default)) == 1
    assert chosen(stream(0, disposition=Disposition.default),
                  stream(1, size=(8, 8), disposition=Disposition.default)) == 1


def test_covers_and_what_nothing_decodes_are_no_picture():
    cover = stream(0, size=(99, 99), disposition=Disposition.attached_pic | Disposition.default)
    assert chosen(cover, stream(1, size=(99, 99), codec=None), stream(2)) == 2
    with pytest.raises(InputError, match="no video stream that can be decoded, only audio, video"):
        chosen(cover, stream(1, "audio", codec="aac"))


def test_what_goes_along_is_described(monkeypatch):
    monkeypatch.setattr(tracks, "av", SimpleNamespace(AudioStream=Audio))
    picture = stream(0)
    found = side_tracks(container(
        picture, stream(1, "audio", codec="ac3", language="deu"), stream(2, disposition=Disposition.attached_pic),
        stream(3, "attachment", codec=None, metadata={"filename": "font.ttf"}),
        stream(4, "data", codec=None, metadata={"handler_name": "\0GPS "}), stream(5, "subtitle", codec=None),
        stream(6, "data", codec=None, metadata={"timecode": "01:00:00:00"}),
        stream(7, "data", codec=None, frames=2), chapters=[1, 2]), picture)
    assert [(track.index, track.kind, track.codec) for track in found[:4]] == [
        (1, "audio", "ac3"), (2, "cover", "h264"), (3, "attachment", "font.ttf"), (4, "data", "GPS")]
    assert found[0].language == "deu" and found[0].channels == 6 and found[4].kind == "subtitle"
    assert [track.elsewhere for track in found] == [False] * 5 + [True, True]   # timecode, chapters


def test_containers_have_ffmpeg_s_names():
    assert [muxer_of(suffix) for suffix in (".mkv", ".m4v", ".mov")] == ["matroska", "mp4", "mov"]
