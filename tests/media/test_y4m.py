"""y4m: our reader and writer against FFmpeg's, over files and real pipes."""
import io
import subprocess
import sys
from fractions import Fraction

import av
import media_clips
import numpy as np
import pytest

from refvr.errors import InputError, OutputError
from refvr.media import ClipInfo, Colour, Frame, open_reader, open_writer


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p", "yuv444p", "yuv411p", "gray", "yuv420p10le", "yuv444p12le",
                                     "gray10le"])
@pytest.mark.parametrize("full", [False, True])
def test_reads_what_ffmpeg_writes(tmp_path, pix_fmt, full):
    """The samples that FFmpeg decodes from its own file, put through our conversion, are what our reader yields."""
    from refvr.media import pixels
    rng, top = np.random.default_rng(0), 2 ** pixels.layout(pix_fmt).bits
    dtype = np.uint8 if top == 256 else np.uint16
    with av.open(str(tmp_path / "in.y4m"), "w", options={"strict": "-1"}) as out:
        video = out.add_stream("wrapped_avframe", rate=Fraction(24000, 1001))
        video.width, video.height, video.pix_fmt = 13, 11, pix_fmt
        video.codec_context.color_range = pixels.FULL if full else pixels.LIMITED
        for k in range(3):
            frame = av.VideoFrame(13, 11, pix_fmt)
            for plane in frame.planes:
                pixels.fill(plane, rng.integers(0, top, (plane.height, plane.width)).astype(dtype))
            frame.pts = k
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
    siting = "centre" if pix_fmt == "yuv420p" else "left"
    with open_reader(tmp_path / "in.y4m") as clip, av.open(str(tmp_path / "in.y4m")) as theirs:
        assert clip.info.fps == Fraction(24000, 1001) and clip.info.colour == Colour("bt601", full, siting)
        frames = list(clip)
        for ours, frame in zip(frames, theirs.decode(video=0)):
            assert np.array_equal(ours.rgb, pixels.to_rgb(frame, clip.info.colour)[0])
            assert ours.pts * ours.time_base == frame.pts * frame.time_base
    assert len(frames) == 3 and clip.truncated is None


@pytest.mark.parametrize("h, w, bits", [(10, 14, 8), (11, 13, 8), (10, 14, 10), (11, 13, 16)])
def test_ffmpeg_reads_what_we_write(tmp_path, h, w, bits):
    rgb = media_clips.smooth(3, h, w)
    with open_writer(tmp_path / "out.y4m", ClipInfo(w, h, fps=Fraction(25), bit_depth=bits)) as out:
        for picture in rgb:
            out.write(Frame(picture))
    with av.open(str(tmp_path / "out.y4m")) as clip:
        theirs = list(clip.decode(video=0))
    sub, depth = ("420" if h % 2 == 0 else "444"), ("" if bits == 8 else "10le")
    assert [f.format.name for f in theirs] == [f"yuv{sub}p{depth}"] * 3 and theirs[0].color_range == 1
    with open_reader(tmp_path / "out.y4m") as clip:
        back = np.stack([frame.rgb for frame in clip])
    if sub == "420":
        assert np.abs(back - rgb).max() <= 0.02   # loses detail of the colours
        return
    assert np.abs(back - rgb).max() <= 1.7 / (255 if bits == 8 else 1023)   # half a level of luma and of chroma
    swscale = theirs[0].reformat(format="rgb24", src_colorspace=5, src_color_range=1, dst_color_range=2).to_ndarray()
    assert np.abs(back[0] * 255 - swscale).max() <= 0.55   # which rounds to 8 bits


def test_copying_changes_no_sample(tmp_path):
    with open_writer(tmp_path / "one.y4m", ClipInfo(14, 10, fps=Fraction(25))) as out:
        for picture in media_clips.smooth(3, 10, 14):
            out.write(Frame(picture))
    media_clips.copy(tmp_path / "one.y4m", tmp_path / "two.y4m")
    assert (tmp_path / "one.y4m").read_bytes() == (tmp_path / "two.y4m").read_bytes()


PIPE = """
import sys
from refvr.media import open_reader, open_writer
with open_reader("-") as clip, open_writer("-", clip.info) as out:
    for frame in clip:
        out.write(frame)
sys.exit(3 if clip.truncated else 0)
"""


def test_a_real_pipe_streams(tmp_path):
    """Each frame comes out before the next one goes in."""
    with open_writer(tmp_path / "in.y4m", ClipInfo(14, 10, fps=Fraction(25))) as out:
        for picture in media_clips.smooth(4, 10, 14):
            out.write(Frame(picture))
    data = (tmp_path / "in.y4m").read_bytes()
    start = data.index(b"FRAME")
    size = (len(data) - start) // 4
    with subprocess.Popen([sys.executable, "-c", PIPE], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(data[:start])
        for k in range(4):
            process.stdin.write(data[start + k * size:start + (k + 1) * size])
            process.stdin.flush()
            if k == 0:
                assert process.stdout.readline() == data[:start]
            assert process.stdout.read(size) == data[start + k * size:start + (k + 1) * size]
        process.stdin.close()
        assert process.wait() == 0
    cut = subprocess.run([sys.executable, "-c", PIPE], input=data[:-5], capture_output=True)
    assert cut.returncode == 3 and cut.stdout == data[:-size] and cut.stderr == b""


def test_truncated_and_damaged(tmp_path):
    header, frame = b"YUV4MPEG2 W4 H2 F25:1 Cmono\n", b"FRAME\n12345678"
    for data, count, what in ((header + 2 * frame[:-1], 1, "instead of FRAME"),
                              (header + frame + frame[:-3], 1, "cut off"), (header + frame[:-3], 0, "cut off")):
        (tmp_path / "in.y4m").write_bytes(data)
        with open_reader(tmp_path / "in.y4m") as clip:
            assert len(list(clip)) == count
        assert what in clip.truncated and clip.truncated.startswith(f"{count} frames")
    for data, what in ((b"", "is empty"), (b"RIFF1234", "expected a YUV4MPEG2"),
                       (header.replace(b"mono", b"999"), "header"),
                       (b"YUV4MPEG2 W4 H99999999 F25:1\n", "header"), (b"YUV4MPEG2 H4 F25:1\n", "header")):
        (tmp_path / "in.y4m").write_bytes(data)
        with pytest.raises(InputError, match=what):
            open_reader(tmp_path / "in.y4m")
    (tmp_path / "in.y4m").write_bytes(header)
    with open_reader(tmp_path / "in.y4m") as clip, pytest.raises(InputError, match="ends after its header"):
        list(clip)


def test_limits_of_the_format_are_told(tmp_path):
    with open_writer(tmp_path / "out.y4m", ClipInfo(4, 2, has_alpha=True)) as out:
        for pts in (0, 40, 400):
            out.write(Frame(np.zeros((2, 4, 3), np.float32), pts, Fraction(1, 1000)))
    assert len(out.warnings) == 2 and "alpha" in out.warnings[0] and "one constant rate" in out.warnings[1]


def test_nothing_at_all_is_called_empty(tmp_path, monkeypatch):
    (tmp_path / "in.y4m").touch()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    for given, name in (("-", "standard input"), (tmp_path / "in.y4m", ".*in.y4m")):
        with pytest.raises(InputError, match=rf"^{name} is empty \(0 bytes\); expected a"):
            open_reader(given)


@pytest.mark.parametrize("tag, given", [("422p10", "yuv422p10le"), ("444", "yuv444p"), ("422", "yuv422p")])
def test_less_chroma_is_told_as_of_any_video(tmp_path, tag, given):
    (tmp_path / "in.y4m").write_bytes(f"YUV4MPEG2 W4 H2 F25:1 C{tag}\n".encode())
    with open_reader(tmp_path / "in.y4m") as clip:
        like = clip.info
    assert like.pix_fmt == given
    for name in ("out.mkv", "out.y4m"):
        with open_writer(tmp_path / name, like) as out:
            out.write(Frame(np.zeros((2, 4, 3), np.float32)))
        assert out.warnings[0].startswith(f"the chroma of {given} is halved for ")


@pytest.mark.parametrize("tag", ["420jpeg", "mono", "411"])
def test_no_less_chroma_is_not_told(tmp_path, tag):
    (tmp_path / "in.y4m").write_bytes(f"YUV4MPEG2 W4 H2 F25:1 C{tag}\n".encode())
    with open_reader(tmp_path / "in.y4m") as clip, open_writer(tmp_path / "out.mkv", clip.info) as out:
        out.write(Frame(np.zeros((2, 4, 3), np.float32)))
    assert out.warnings == []


def test_standard_output_must_be_a_pipe(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stdout", Terminal())
    with pytest.raises(OutputError, match="terminal"):
        open_writer("-", ClipInfo(4, 2))


@pytest.mark.parametrize("tag, what", [
    ("W\xb2", "header"), ("W" + "9" * 200, "header"), ("W-4", "header"), ("W+4", "header"), ("W4.0", "header"),
    ("W4 H\xb3", "header"), ("W4 H32769", "header")])
def test_headers_that_are_none(tmp_path, tag, what):
    (tmp_path / "in.y4m").write_bytes(f"YUV4MPEG2 H2 {tag} F25:1 Cmono\nFRAME\n".encode("latin-1") + bytes(8))
    with pytest.raises(InputError, match=what) as error:
        open_reader(tmp_path / "in.y4m")
    assert str(error.value).isprintable()


@pytest.mark.parametrize("rate", ["\xb2:1", "9" * 200 + ":1", "1:" + "9" * 200, "-25:1", "1:1000000", "999999:1", "25"])
def test_rates_that_are_none(tmp_path, rate):
    header = f"YUV4MPEG2 W4 H2 F{rate} A{'9' * 99}:1 Cmono\nFRAME\n"
    (tmp_path / "in.y4m").write_bytes(header.encode("latin-1") + bytes(8))
    with open_reader(tmp_path / "in.y4m") as clip:
        assert clip.info.fps == 25 and len(list(clip)) == 1
        assert "is none; 25 is taken" in clip.warnings[0] and len(clip.warnings[0]) < 200


def test_a_frame_of_gigabytes_is_not_made_room_for(tmp_path, monkeypatch):
    from refvr.media import y4m

    asked = []
    (tmp_path / "in.y4m").write_bytes(b"YUV4MPEG2 W32768 H32768 F25:1 C444p16\nFRAME\nabc")
    with open_reader(tmp_path / "in.y4m") as clip:
        file, read = clip._file, clip._file.read
        monkeypatch.setattr(clip, "_file", type("File", (), {
            "readline": file.readline, "close": file.close, "read": lambda size: (asked.append(size), read(size))[1]}))
        assert list(clip) == [] and "cut off" in clip.truncated
    assert max(asked) <= y4m.PIECE


@pytest.mark.parametrize("chroma, bytes_", [("420", 6 * 4 + 2 * 3 * 2), ("mono", 24), ("444p10", 3 * 2 * 24)])
def test_a_file_says_how_many_frames_it_has(tmp_path, chroma, bytes_):
    """6 x 4 pixels; a last frame that is cut off does not count."""
    for rest, count in ((0, 7), (5, 7)):
        path = tmp_path / f"{rest}.y4m"
        head = f"YUV4MPEG2 W6 H4 F30000:1001 C{chroma}\n".encode()
        path.write_bytes(head + (b"FRAME\n" + bytes(bytes_)) * 7 + b"F" * rest)
        with open_reader(path) as reader:
            assert reader.info.frames is None and reader.info.frames_hint == count
