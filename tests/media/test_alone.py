"""A video opens nothing but itself: lists of files, addresses and references beside a canary that would notice."""
import ctypes
import os
import socket
import struct
import sys

import av
import media_clips
import numpy as np
import pytest

from refvr.errors import InputError
from refvr.media import open_reader

IN_OPEN, IN_NONBLOCK = 0x20, 0o4000
PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1.0,\n{}\n#EXT-X-ENDLIST\n"
LISTS = {  # name -> text; {} is the canary
    "list.m3u8": PLAYLIST,
    "key.m3u8": PLAYLIST.replace("#EXTINF", '#EXT-X-KEY:METHOD=AES-128,URI="{}"\n#EXTINF'),
    "renamed.mp4": "ffconcat version 1.0\nfile '{}'\n",
    "list.ffconcat": "ffconcat version 1.0\nfile '{}'\n",
    "list.concat": "\n  ffconcat version 1.0\nfile {}\n",
    "list.pls": "[playlist]\nFile1={}\nNumberOfEntries=1\n",
    "list.asx": '<asx version="3"><entry><ref href="{}"/></entry></asx>\n',
    "list.mpd": '<?xml version="1.0"?>\n<!-- dash --><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
                'mediaPresentationDuration="PT1S" profiles="urn:mpeg:dash:profile:isoff-main:2011"><Period>'
                '<AdaptationSet mimeType="video/mp4"><Representation id="0" bandwidth="1"><BaseURL>{}</BaseURL>'
                '<SegmentList><SegmentURL media="{}"/></SegmentList></Representation></AdaptationSet></Period></MPD>\n',
    "list.cpl": '<?xml version="1.0"?>\n<CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2016">'
                "</CompositionPlaylist>\n",
    "link.mp4": "{}\n",
}


class Opened:
    """The names of files in a folder that are opened, by any code of this process or another (Linux)."""

    def __init__(self, folder):
        self.libc = ctypes.CDLL(None)
        self.handle = self.libc.inotify_init1(IN_NONBLOCK)
        assert self.libc.inotify_add_watch(self.handle, os.fsencode(folder), IN_OPEN) >= 0

    def names(self):
        """Names that were opened since the last call."""
        try:
            data = os.read(self.handle, 1 << 16)
        except BlockingIOError:
            return set()
        found, at = set(), 0
        while at < len(data):
            length = struct.unpack_from("I", data, at + 12)[0]
            found.add(os.fsdecode(data[at + 16:at + 16 + length].rstrip(b"\0")))
            at += 16 + length
        return found - {""}


@pytest.fixture
def opened(tmp_path):
    if sys.platform != "linux":
        pytest.skip("inotify is Linux's")
    media_clips.write(tmp_path / "canary.mp4", media_clips.noise(2, 32, 48))
    with av.open(str(tmp_path / "canary.mp4")) as whole, av.open(str(tmp_path / "canary.ts"), "w") as out:
        stream = out.add_stream_from_template(whole.streams.video[0])
        for packet in whole.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    watch = Opened(tmp_path)
    yield watch
    os.close(watch.handle)


@pytest.mark.parametrize("name", LISTS)
def test_lists_of_files_open_nothing(tmp_path, opened, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    canary = "canary.ts" if "m3u8" in name else "canary.mp4"
    (tmp_path / name).write_text(LISTS[name].replace("{}", canary))
    opened.names()
    with pytest.raises(InputError) as error:
        open_reader(name)
    assert opened.names() == {name} and "\n" not in str(error.value)
    if name != "link.mp4":
        assert "names other files or addresses" in str(error.value)


def test_the_canary_notices(tmp_path, opened, monkeypatch):
    """What FFmpeg does by itself: the test above can fail."""
    monkeypatch.chdir(tmp_path)
    for name, canary in (("list.m3u8", "canary.ts"), ("renamed.mp4", "canary.mp4")):
        (tmp_path / name).write_text(LISTS[name].replace("{}", canary))
        opened.names()
        with av.open(name) as container:
            next(container.decode(video=0))
        assert canary in opened.names()


@pytest.mark.parametrize("scheme", ["http", "tcp", "rtsp", "rtmp", "ftp"])
@pytest.mark.parametrize("name", ["list.m3u8", "renamed.mp4", "list.mpd", "stream.sdp", "link.mp4"])
def test_addresses_are_not_called(tmp_path, name, scheme):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        port = server.getsockname()[1]
        text = LISTS.get(name, "").replace("{}", f"{scheme}://127.0.0.1:{port}/x.ts") or (
            f"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=video {port} TCP/RTP/AVP 96\r\n"
            "a=rtpmap:96 H264/90000\r\na=control:{}\r\n".replace("{}", f"{scheme}://127.0.0.1:{port}/x"))
        (tmp_path / name).write_text(text)
        with pytest.raises(InputError):
            open_reader(tmp_path / name)
        with pytest.raises(TimeoutError):
            server.accept()


def test_names_that_ffmpeg_would_take_for_more(tmp_path, opened, monkeypatch):
    """A file is a file, whatever its name says to FFmpeg: a pattern, a protocol, a device."""
    monkeypatch.chdir(tmp_path)
    whole = (tmp_path / "canary.mp4").read_bytes()
    for name in ("concat:canary.mp4|canary.mp4", "subfile,,start,0,end,9,,:canary.mp4", "crypto:canary.mp4", "pipe:0",
                 "x%03d.mp4", "cache:canary.mp4", "file:canary.mp4", "data:text,x", "-i.mp4", "img*.mp4", "fd:"):
        (tmp_path / name).write_bytes(whole)
        opened.names()
        with open_reader(tmp_path / name) as clip:
            assert len(list(clip)) == 2
        assert opened.names() == {name}
        os.unlink(name)


def box(kind, *parts):
    """A box of QuickTime."""
    data = b"".join(parts)
    return struct.pack(">I", len(data) + 8) + kind + data


def referring(data, name):
    """QuickTime whose samples lie in another file of the same folder: an alias record in its `dref`."""
    path = b"/" + name.encode()
    record = bytes(11) + bytes(27) + bytes(12) + bytes([len(name)]) + name.encode().ljust(63, b"\0") + bytes(16) \
        + struct.pack(">hh", 1, 1) + bytes(16) + struct.pack(">hH", 2, len(path)) + path + bytes(len(path) % 2) \
        + struct.pack(">hH", -1, 0)
    dref = box(b"dref", struct.pack(">II", 0, 1), box(b"alis", bytes(4), record))
    at = data.index(b"dref") - 4
    old = struct.unpack(">I", data[at:at + 4])[0]
    grown = bytearray(data[:at] + dref + data[at + old:])
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"dinf"):   # all that hold it; the samples lie before
        start = grown.index(kind) - 4
        size = struct.unpack(">I", grown[start:start + 4])[0] + len(dref) - old
        grown[start:start + 4] = struct.pack(">I", size)
    return bytes(grown)


def test_references_of_quicktime(tmp_path, opened):
    """`dref`: FFmpeg would follow it only when asked, and refvr never asks."""
    (tmp_path / "canary.mov").write_bytes((tmp_path / "canary.mp4").read_bytes())
    (tmp_path / "in.mov").write_bytes(referring((tmp_path / "canary.mp4").read_bytes(), "canary.mov"))
    opened.names()
    with av.open(str(tmp_path / "in.mov"), container_options={"enable_drefs": "1"}) as container:
        assert len(list(container.decode(video=0))) == 2
    assert "canary.mov" in opened.names(), "the canary notices"
    try:
        with open_reader(tmp_path / "in.mov") as clip:
            list(clip)
    except InputError:
        pass
    assert opened.names() == {"in.mov"}


def test_pictures_that_are_known_by_name_alone(tmp_path):
    with av.open(str(tmp_path / "in.tga"), "w", format="image2", container_options={"update": "1"}) as out:
        stream = out.add_stream("targa", rate=25)
        stream.width, stream.height, stream.pix_fmt = 8, 4, "bgr24"
        out.mux(stream.encode(av.VideoFrame.from_ndarray(media_clips.noise(1, 4, 8)[0], "rgb24")) + stream.encode(None))
    with open_reader(tmp_path / "in.tga") as clip:
        assert np.array_equal((next(iter(clip)).rgb * 255).round(), media_clips.noise(1, 4, 8)[0])
