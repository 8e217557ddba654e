"""Marks of the picture: which way up, mirrored, HDR10, Dolby Vision, hvc1, pixel aspect, interlacing."""
import struct
from fractions import Fraction as F

import av
import media_clips
import numpy as np
import pytest

from refvr.errors import InputError
from refvr.media import ClipInfo, Frame, ffmpeg, marks, open_reader, open_writer
from refvr.media.marks import Mastering, Upright

UNIT = 0x10000
PICTURE = np.arange(2 * 3 * 3).reshape(2, 3, 3)
# matrix (a b c d) -> what the stored picture becomes, upright
MATRICES = {"as it is": ((1, 0, 0, 1), PICTURE), "clockwise": ((0, 1, -1, 0), np.rot90(PICTURE, -1)),
            "half": ((-1, 0, 0, -1), np.rot90(PICTURE, 2)), "counter-clockwise": ((0, -1, 1, 0), np.rot90(PICTURE, 1)),
            "mirror": ((-1, 0, 0, 1), PICTURE[:, ::-1]), "upside down": ((1, 0, 0, -1), PICTURE[::-1]),
            "transposed": ((0, 1, 1, 0), np.swapaxes(PICTURE, 0, 1)),
            "anti-transposed": ((0, -1, -1, 0), np.rot90(np.swapaxes(PICTURE, 0, 1), 2))}


def matrix(a, b, c, d):
    """The nine int32 of a display matrix."""
    return struct.pack("=9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)


@pytest.mark.parametrize("name", MATRICES)
def test_all_eight_ways_to_hold_a_camera(name):
    numbers, upright = MATRICES[name]
    found = marks.upright(matrix(*(UNIT * n for n in numbers)))
    assert found.angle == 0 and np.array_equal(found.apply(PICTURE), upright)
    # the definition: what is at (p, q) from the top left is shown at (ap + cq, bp + dq)
    a, b, c, d = numbers
    shown = {(a * p + c * q, b * p + d * q): PICTURE[q, p, 0] for q in range(2) for p in range(3)}
    left, top = (min(k) for k in zip(*shown))
    assert all(upright[y - top, x - left, 0] == value for (x, y), value in shown.items())


def test_other_matrices():
    assert marks.upright(None) == marks.upright(b"123") == marks.upright(matrix(0, 0, 0, 0)) == Upright()
    cosine, sine = round(UNIT * np.cos(np.radians(30))), round(UNIT * np.sin(np.radians(30)))
    assert marks.upright(matrix(cosine, sine, -sine, cosine)) == Upright(False, 0, -30)
    assert marks.turned(-90) == Upright(False, 3, 0) and marks.turned(30) == Upright(False, 0, 30)


def test_a_mirrored_mp4_is_mirrored_and_not_turned(tmp_path):
    rgb = media_clips.noise(2, 32, 48)
    data = media_clips.write(tmp_path / "in.mp4", rgb, options={"qp": "0"}).read_bytes()
    identity = struct.pack(">9i", UNIT, 0, 0, 0, UNIT, 0, 0, 0, 1 << 30)
    at = data.index(identity, data.index(b"tkhd"))
    mark = struct.pack(">9i", -UNIT, 0, 0, 0, UNIT, 0, 48 * UNIT, 0, 1 << 30)
    (tmp_path / "selfie.mp4").write_bytes(data[:at] + mark + data[at + 36:])
    assert np.array_equal(media_clips.read(tmp_path / "selfie.mp4"), rgb[:, :, ::-1] / np.float32(255))


SCREEN = tuple((F(x, 50000), F(y, 50000)) for x, y in ((34000, 16000), (13250, 34500), (7500, 3000), (15635, 16450)))
HDR = Mastering(SCREEN, (F(1, 10000), F(1000)), (1000, 400))


def sides(path):
    """The kinds of HDR10 marks on the first frame of a file, and its codec tag."""
    with av.open(str(path)) as clip:
        frame = next(clip.decode(video=0))
        kinds = {kind for kind in ("MASTERING_DISPLAY_METADATA", "CONTENT_LIGHT_LEVEL") if frame.side_data[kind]}
        return kinds, clip.streams.video[0].codec_context.codec_tag


@pytest.mark.parametrize("codec, name", [("libx264", "out.mp4"), ("libx265", "out.mp4"), ("libx265", "out.mkv"),
                                         ("libx265", "out.mov"), ("libsvtav1", "out.mkv")])
def test_hdr10_is_carried_over(tmp_path, codec, name):
    """Written from the numbers, read back as the same numbers, and written again from a file."""
    like = ClipInfo(64, 64, fps=F(25), bit_depth=10, mastering=HDR)
    with open_writer(tmp_path / name, like, codec=codec) as out:
        for _ in range(3):
            out.write(Frame(np.full((64, 64, 3), 0.5, np.float32)))
    with open_reader(tmp_path / name) as clip:
        found = clip.info.mastering
    assert out.warnings == [] and found.light == HDR.light
    for have, want in zip([v for xy in found.primaries for v in xy] + list(found.luminance),
                          [v for xy in HDR.primaries for v in xy] + list(HDR.luminance)):
        assert abs(have - want) < max(F(1, 5000), want / 1000)
    if codec != "libsvtav1":
        assert found == HDR
        media_clips.copy(tmp_path / name, tmp_path / "again.mkv", codec=codec)
        assert len(sides(tmp_path / "again.mkv")[0]) == 2
    if codec == "libx265" and name != "out.mkv":
        assert sides(tmp_path / name)[1] == "hvc1"


@pytest.mark.parametrize("codec, name", [("libvpx-vp9", "out.webm"), ("libx264", "out.mkv"), ("libvpx-vp9", "out.mp4")])
def test_the_container_says_hdr10_too(tmp_path, codec, name):
    """What knows nothing but the container, as a player before it decodes, finds the numbers too."""
    with open_writer(tmp_path / name, ClipInfo(64, 64, fps=F(25), bit_depth=10, mastering=HDR), codec=codec) as out:
        for _ in range(3):
            out.write(Frame(np.full((64, 64, 3), 0.5, np.float32)))
    assert out.warnings == []
    with open_reader(tmp_path / name) as clip:
        assert clip.info.mastering == HDR and len(list(clip)) == 3


def test_an_encoder_that_cannot_write_hdr10_says_so(tmp_path):
    with open_writer(tmp_path / "out.mkv", ClipInfo(64, 64, bit_depth=10, mastering=HDR), codec="ffv1") as out:
        out.write(Frame(np.full((64, 64, 3), 0.5, np.float32)))
    assert len(out.warnings) == 1 and "HDR10" in out.warnings[0]


def test_half_known_marks():
    assert marks.mastering(None, None) is None and marks.mastering(b"", b"1") is None
    assert marks.encoder_options("libx265", Mastering(light=(9, 8))) == {"x265-params": "hdr10=1:max-cll=9,8"}
    assert marks.encoder_options("libx264", Mastering(primaries=HDR.primaries)) == {}


def test_dolby_vision_5_is_refused(tmp_path, monkeypatch):
    head = struct.pack("@N", 24) + bytes(16)
    five = head + bytes([2, 0, 18, 0, 0, 0, 0, 0, 23, 1, 1, 10])
    eight = head + bytes([2, 0, 18, 0, 1, 0, 0, 0, 23, 1, 0, 10])
    assert marks.dolby_vision_5(five, "hvc1") and not marks.dolby_vision_5(eight, "hvc1")
    assert marks.dolby_vision_5(None, "dvh1") and not marks.dolby_vision_5(b"short", "hev1")
    source = media_clips.write(tmp_path / "in.mkv", media_clips.noise(2, 32, 48))
    monkeypatch.setattr(marks, "dolby_vision_5", lambda *_: True)
    with pytest.raises(InputError, match="is Dolby Vision profile 5"):
        open_reader(source)


def test_what_lies_in_the_pictures_and_is_lost_is_said(tmp_path, monkeypatch):
    source = media_clips.write(tmp_path / "in.mkv", media_clips.noise(2, 32, 48))
    monkeypatch.setattr(ffmpeg, "side_data", lambda frame, kind: b"1" if kind == "A53_CC" else None)
    with open_reader(source) as clip:
        assert clip.warnings == ["closed captions inside the pictures (CEA-608, CEA-708) are left out"]


@pytest.mark.parametrize("name", ["out.y4m", "out.mp4", "out.mkv", "out.avi"])
def test_y4m_keeps_its_pixel_aspect(tmp_path, name):
    (tmp_path / "in.y4m").write_bytes(b"YUV4MPEG2 W32 H16 F25:1 Ip A16:15 C420mpeg2\n" + (b"FRAME\n" + bytes(768)) * 3)
    with open_reader(tmp_path / "in.y4m") as clip:
        assert clip.info.pixel_aspect == F(16, 15)
    media_clips.copy(tmp_path / "in.y4m", tmp_path / name)
    with av.open(str(tmp_path / name)) as check:
        assert check.streams.video[0].sample_aspect_ratio == F(16, 15)


@pytest.mark.parametrize("tag, aspect", [(b"A0:0", None), (b"A1:1", None), (b"Ax", None), (b"A9:0", None)])
def test_y4m_without_an_aspect(tmp_path, tag, aspect):
    (tmp_path / "in.y4m").write_bytes(b"YUV4MPEG2 W32 H16 F25:1 " + tag + b" C420mpeg2\nFRAME\n" + bytes(768))
    with open_reader(tmp_path / "in.y4m") as clip:
        assert clip.info.pixel_aspect is aspect


def test_interlacing_is_asked_of_every_frame(tmp_path):
    """Half a second progressive, then interlaced: one line, with the time."""
    for name, flags in (("plain", ""), ("laced", "+ildct+ilme")):
        with av.open(str(tmp_path / f"{name}.m2v"), "w", format="mpeg2video") as out:
            video = out.add_stream("mpeg2video", rate=25, options={"flags": flags} if flags else {})
            video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
            for picture in media_clips.noise(12, 64, 64):
                out.mux(video.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
            out.mux(video.encode(None))
    plain, laced = ((tmp_path / f"{name}.m2v").read_bytes() for name in ("plain", "laced"))
    for name, data, lines in (("a", plain + laced, ["the video is interlaced from 0:00."]), ("b", plain, []),
                              ("c", laced, ["the video is interlaced and"])):
        (tmp_path / f"{name}.m2v").write_bytes(data)
        with open_reader(tmp_path / f"{name}.m2v") as clip:
            frames = len(list(clip))
        assert frames >= (23 if name == "a" else 12) and len(clip.warnings) == len(lines)
        assert all(line.startswith(start) for line, start in zip(clip.warnings, lines))
