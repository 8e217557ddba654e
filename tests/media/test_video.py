"""Video in and out: exact samples, exact times, colour marks, sound and subtitles, odd sizes, damaged files."""
import subprocess
import sys
from fractions import Fraction

import av
import media_clips
import numpy as np
import pytest

from refvr.errors import InputError, OutputError
from refvr.media import ClipInfo, Colour, Frame, image_file, open_reader, open_writer
from refvr.media.encoding import Encoding
from refvr.media.piece_encoder import PieceEncoder

VFR = [0, 33, 66, 200, 233, 366, 500, 533]   # milliseconds


@pytest.mark.parametrize("codec, pix_fmt", [("libx264rgb", "rgb24"), ("ffv1", "bgr0")])
def test_lossless_rgb_reads_back_exactly(tmp_path, codec, pix_fmt):
    rgb = media_clips.noise(3, 37, 53)
    path = media_clips.write(tmp_path / "clip.mkv", rgb, codec, pix_fmt, options={"qp": "0"} if "264" in codec else {})
    with open_reader(path) as clip:
        frames = list(clip)
    assert (clip.info.height, clip.info.width, clip.info.kind, clip.info.colour) == (37, 53, "video", None)
    assert clip.truncated is None and clip.decoded == 3 and clip.warnings == []
    for frame, picture in zip(frames, rgb):
        assert frame.rgb.dtype == np.float32
        assert np.array_equal(frame.rgb, picture.astype(np.float32) / np.float32(255))
    with pytest.raises(InputError, match="read already"):
        iter(clip).__next__()


@pytest.mark.parametrize("options", [{"pix_fmt": "gbrp", "crf": 0}, {"codec": "ffv1"}])
def test_lossless_rgb_writes_back_exactly(tmp_path, options):
    rgb = media_clips.noise(3, 37, 53)
    source = media_clips.write(tmp_path / "in.mkv", rgb, options={"qp": "0"})
    media_clips.copy(source, tmp_path / "out.mkv", **options)
    assert np.array_equal(media_clips.read(tmp_path / "out.mkv"), rgb.astype(np.float32) / np.float32(255))


@pytest.mark.parametrize("pix_fmt, bits", [("yuv444p", 8), ("yuv444p10le", 10)])
@pytest.mark.parametrize("colour, marks", [(Colour("bt709", False, "left", 1, 1), (1, 1, 1, 1)),
                                           (Colour("bt601", True, "left", 6, 6), (6, 2, 6, 6)),
                                           (Colour("bt2020", False, "left", 9, 14), (9, 1, 9, 14))])
def test_colour_marks_and_values_survive(tmp_path, pix_fmt, bits, colour, marks):
    rgb = media_clips.smooth(2, 23, 29)
    like = ClipInfo(29, 23, fps=Fraction(25), bit_depth=bits, colour=colour)
    with open_writer(tmp_path / "out.mkv", like, codec="ffv1", pix_fmt=pix_fmt) as out:
        for picture in rgb:
            out.write(Frame(picture))
    with av.open(str(tmp_path / "out.mkv")) as clip:
        frame = next(clip.decode(video=0))
        assert (frame.colorspace, frame.color_range, frame.color_primaries, frame.color_trc) == marks
    with open_reader(tmp_path / "out.mkv") as clip:
        assert clip.info.colour == colour and clip.info.bit_depth == bits
        back = np.stack([frame.rgb for frame in clip])
    levels = 0.5 * 256 / 219 * (1 + 1.89 * 219 / 224)   # half a level of luma and of chroma times 2 (1 - Kb)
    assert np.abs(back - rgb).max() <= (levels + 0.01) / (2 ** bits - 1)


def test_h264_carries_the_marks_too(tmp_path):
    like = ClipInfo(32, 16, fps=Fraction(25), colour=Colour("bt709", True, "left", 1, 1))
    with open_writer(tmp_path / "out.mp4", like) as out:
        out.write(Frame(np.full((16, 32, 3), 0.25, np.float32)))
    with av.open(str(tmp_path / "out.mp4")) as clip:
        frame = next(clip.decode(video=0))
    assert (frame.colorspace, frame.color_range, frame.color_primaries, frame.color_trc) == (1, 2, 1, 1)


def test_unmarked_video_goes_by_its_height(tmp_path):
    for height, matrix in ((718, "bt601"), (720, "bt709")):
        path = media_clips.write(tmp_path / f"{height}.mkv", np.zeros((1, height, 16, 3), np.uint8), "ffv1", "yuv420p",
                                 options={})
        with open_reader(path) as clip:
            assert clip.info.colour == Colour(matrix, False)


@pytest.mark.parametrize("bits, pix_fmt", [(8, "yuv420p"), (10, "yuv420p10le"), (8, "yuv422p")])
def test_reading_and_writing_subsampled_video_changes_no_sample(tmp_path, bits, pix_fmt):
    like = ClipInfo(46, 34, fps=Fraction(25), bit_depth=bits, colour=Colour("bt709"))
    with open_writer(tmp_path / "one.mkv", like, codec="ffv1", pix_fmt=pix_fmt) as out:
        for picture in media_clips.smooth(2, 34, 46):
            out.write(Frame(picture))
    media_clips.copy(tmp_path / "one.mkv", tmp_path / "two.mkv", codec="ffv1", pix_fmt=pix_fmt)
    with av.open(str(tmp_path / "one.mkv")) as one, av.open(str(tmp_path / "two.mkv")) as two:
        for a, b in zip(one.decode(video=0), two.decode(video=0)):
            assert a.format.name == b.format.name == pix_fmt
            for p, q in zip(a.planes, b.planes):
                assert bytes(p) == bytes(q)


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_variable_rate_and_sound_are_kept(tmp_path, suffix):
    source = media_clips.write(tmp_path / "in.mkv", media_clips.noise(8, 32, 48), "libx264", "yuv420p", rate=30,
                               pts=VFR, time_base=Fraction(1, 1000), sound=True, tags={"title": "a title"})
    clip, out = media_clips.copy(source, tmp_path / f"out{suffix}")
    assert [float(t) for t in media_clips.times(source)] == [ms / 1000 for ms in VFR]
    assert media_clips.times(tmp_path / f"out{suffix}") == media_clips.times(source)
    sound = media_clips.packets(source, "audio")
    assert len(sound) > 20 and media_clips.packets(tmp_path / f"out{suffix}", "audio") == sound
    assert out.warnings == [] and clip.info.streams == ("sound stream 1 (aac)",)
    with av.open(str(tmp_path / f"out{suffix}")) as check:
        assert check.metadata["title"] == "a title"


def test_mp4_time_base_is_kept(tmp_path):
    source = media_clips.write(tmp_path / "in.mp4", media_clips.noise(7, 32, 48), "libx264", "yuv420p", rate=24,
                               time_base=Fraction(1001, 24000), sound=True)
    media_clips.copy(source, tmp_path / "out.mp4")
    assert media_clips.times(tmp_path / "out.mp4") == media_clips.times(source) == [Fraction(1001 * k, 24000) for k in
                                                                                    range(7)]


def test_subtitles_are_copied(tmp_path):
    lines = [(0, "one"), (120, "two"), (260, "three")]
    source = media_clips.write(tmp_path / "in.mkv", media_clips.noise(9, 32, 48), "libx264", "yuv420p", subtitles=lines)
    _, out = media_clips.copy(source, tmp_path / "out.mkv")
    assert media_clips.packets(tmp_path / "out.mkv", "subtitle") == [b"one", b"two", b"three"] and out.warnings == []
    with av.open(str(tmp_path / "out.mkv")) as clip:
        assert [(p.pts, p.duration) for p in clip.demux(subtitles=0) if p.size] == [(0, 400), (120, 400), (260, 400)]


def test_pixel_aspect_and_chapters_are_kept(tmp_path):
    rgb, source = media_clips.noise(6, 32, 48), tmp_path / "in.mkv"
    with av.open(str(source), "w") as out:
        video = out.add_stream("libx264", rate=25)
        video.height, video.width, video.pix_fmt = 32, 48, "yuv420p"
        video.codec_context.sample_aspect_ratio = Fraction(4, 3)
        out.set_chapters([{"id": k, "start": 120 * k, "end": 120 * k + 120, "time_base": Fraction(1, 1000),
                           "metadata": {"title": name}} for k, name in enumerate(["one", "two"])])
        for k, picture in enumerate(rgb):
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts = k
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
    for name in ("out.mkv", "out.mp4"):
        clip, _ = media_clips.copy(source, tmp_path / name)
        with av.open(str(tmp_path / name)) as check:
            assert clip.info.pixel_aspect == check.streams.video[0].sample_aspect_ratio == Fraction(4, 3)
            assert [(c["start"] * c["time_base"], c["metadata"]["title"]) for c in check.chapters()] == \
                [(0, "one"), (Fraction(12, 100), "two")]


def test_sound_that_has_no_place_is_named(tmp_path):
    source = media_clips.write(tmp_path / "in.mkv", media_clips.noise(3, 32, 48), sound=True)
    for name in ("out.npy", "folder", "out.y4m"):
        _, out = media_clips.copy(source, tmp_path / name)
        assert out.warnings == [f"{tmp_path / name} cannot hold sound or subtitles; left out: sound stream 1 (aac)"]
        _, out = media_clips.copy(source, tmp_path / name, audio="none")
        assert out.warnings == []
    # a folder is no source of sound, and no error
    _, out = media_clips.copy(tmp_path / "folder", tmp_path / "out.mkv")
    assert out.warnings == []


def test_default_encoding_follows_the_depth(tmp_path):
    for bits, pix_fmt in ((8, "yuv420p"), (10, "yuv420p10le"), (16, "yuv420p10le"), (32, "yuv420p10le")):
        with open_writer(tmp_path / "out.mp4", ClipInfo(32, 16, bit_depth=bits)) as out:
            out.write(Frame(np.full((16, 32, 3), 0.5, np.float32)))
        with open_reader(tmp_path / "out.mp4") as clip:
            assert (clip.info.pix_fmt, clip.info.codec, clip.info.fps) == (pix_fmt, "h264", 25)


def test_ten_bit_video_is_read_with_ten_bits(tmp_path):
    ramp = np.linspace(0, 1, 512, dtype=np.float32)[None, :, None].repeat(16, 0).repeat(3, 2)
    with open_writer(tmp_path / "out.mkv", ClipInfo(512, 16, bit_depth=10), codec="ffv1", pix_fmt="yuv420p10le") as out:
        out.write(Frame(ramp))
    assert np.abs(media_clips.read(tmp_path / "out.mkv")[0] - ramp).max() <= 0.51 / 876   # half of one of 876 steps


@pytest.mark.parametrize("h, w", [(37, 52), (36, 53), (1, 1)])
def test_odd_sizes_get_full_chroma_and_are_never_cropped(tmp_path, h, w):
    with open_writer(tmp_path / "out.mp4", ClipInfo(w, h), crf=0) as out:
        out.write(Frame(np.full((h, w, 3), 0.5, np.float32)))
    assert len(out.warnings) == 1 and "yuv444p instead" in out.warnings[0]
    assert media_clips.read(tmp_path / "out.mp4").shape == (1, h, w, 3)
    with pytest.raises(OutputError, match="libsvtav1 has no 4:4:4"):
        open_writer(tmp_path / "av1.mp4", ClipInfo(53, 37), codec="libsvtav1")


def test_one_frame_clip(tmp_path):
    source = media_clips.write(tmp_path / "in.mp4", media_clips.noise(1, 32, 48), "libx264", "yuv420p")
    clip, out = media_clips.copy(source, tmp_path / "out.mp4")
    assert (clip.decoded, clip.truncated, out.written) == (1, None, 1)
    assert media_clips.read(tmp_path / "out.mp4").shape == (1, 32, 48, 3)


def test_the_same_frames_give_the_same_bytes(tmp_path):
    source = media_clips.write(tmp_path / "in.mkv", media_clips.noise(5, 64, 96), "libx264", "yuv420p", sound=True)
    for suffix in (".mkv", ".mp4"):
        media_clips.copy(source, tmp_path / f"a{suffix}")
        media_clips.copy(source, tmp_path / f"b{suffix}")
        assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_phone_rotation_is_applied(tmp_path):
    rgb = media_clips.noise(2, 32, 48)
    path = media_clips.write(tmp_path / "in.mp4", rgb, options={"qp": "0"})
    data, unit = path.read_bytes(), 0x10000
    identity = np.array([unit, 0, 0, 0, unit, 0, 0, 0, 0x40000000], ">i4").tobytes()
    at = data.index(identity, data.index(b"tkhd"))
    for matrix, turned in (((0, unit, 0, -unit, 0, 0), np.rot90(rgb, -1, (1, 2))),
                           ((0, -unit, 0, unit, 0, 0), np.rot90(rgb, 1, (1, 2))),
                           ((-unit, 0, 0, 0, -unit, 0), np.rot90(rgb, 2, (1, 2)))):
        mark = np.array([*matrix, 0, 0, 0x40000000], ">i4").tobytes()
        (tmp_path / "turned.mp4").write_bytes(data[:at] + mark + data[at + 36:])
        with open_reader(tmp_path / "turned.mp4") as clip:
            assert (clip.info.height, clip.info.width) == turned.shape[1:3]
            assert np.array_equal(np.stack([f.rgb for f in clip]), turned.astype(np.float32) / np.float32(255))


def test_frames_without_times_get_the_given_rate(tmp_path):
    with open_writer(tmp_path / "out.mp4", ClipInfo(32, 16, fps=Fraction(50)), fps=29.97) as out:
        for k in range(3):
            out.write(Frame(np.full((16, 32, 3), 0.5, np.float32), pts=7 * k, time_base=Fraction(1, 3)))
    # 30000/1001 is not 29.97 exactly, but what is meant by it
    assert media_clips.times(tmp_path / "out.mp4") == [Fraction(100 * k, 2997) for k in range(3)]


MEMORY = """
import resource, sys
import numpy as np
from fractions import Fraction
from refvr.media import ClipInfo, Frame, open_reader, open_writer
count, path = int(sys.argv[1]), sys.argv[2]
picture = np.random.default_rng(0).random((180, 320, 3), np.float32)
with open_writer(path, ClipInfo(320, 180, fps=Fraction(25)), codec="mpeg4") as out:
    for k in range(count):
        out.write(Frame(np.roll(picture, k, 0)))
with open_reader(path) as clip:
    assert sum(1 for _ in clip) == count
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_the_clip(tmp_path):
    """A frame is 0.7 MB: ten times as many held anywhere would add 370 MB to about 100."""
    peak = [int(subprocess.run([sys.executable, "-c", MEMORY, str(n), str(tmp_path / f"{n}.avi")], check=True,
                               capture_output=True, text=True).stdout) for n in (60, 600)]
    assert peak[1] <= 1.1 * peak[0]


def test_a_webm_keeps_alpha_without_being_asked(tmp_path):
    like = ClipInfo(32, 24, 2, fps=Fraction(25), has_alpha=True)
    with open_writer(tmp_path / "out.webm", like) as out:
        for _ in range(2):
            out.write(Frame(np.full((24, 32, 3), 0.5, np.float32), alpha=np.full((24, 32), 0.25, np.float32)))
    assert out.warnings == []
    with open_reader(tmp_path / "out.webm") as clip:
        assert all(abs(float(frame.alpha.mean()) - 0.25) < 0.02 for frame in clip)


def test_samples_that_stop_being_rgb_in_the_middle_are_read_on(tmp_path):
    """Joined recordings: H.264 may change its kind of samples from picture to picture."""
    rgb, whole = media_clips.noise(2, 32, 48), tmp_path / "in.ts"
    marked = {"crf": "0", "x264-params": "range=tv:colormatrix=bt709"}   # FFmpeg's decoder keeps what is not said anew
    parts = [media_clips.write(tmp_path / "a.ts", rgb),
             media_clips.write(tmp_path / "b.ts", rgb, "libx264", "yuv420p", options=marked)]
    whole.write_bytes(b"".join(part.read_bytes() for part in parts))
    with open_reader(whole) as clip:
        frames = [frame.rgb for frame in clip]
    with open_reader(parts[1]) as clip:
        assert np.array_equal(frames[2:], [frame.rgb for frame in clip])
    assert np.array_equal(frames[:2], rgb / np.float32(255))


@pytest.mark.parametrize("frames", [1, 2])
def test_decoding_times_of_the_shortest_clips_are_none_of_the_encoders(tmp_path, frames):
    """libx265 gives whatever lies in memory for them, which a muxer takes or not."""
    for number in range(3):
        encoding = Encoding(tmp_path / "out.mp4", ClipInfo(64, 64), (64, 64), codec="libx265")
        piece = PieceEncoder(tmp_path / f"frames-{number:09d}.mp4", encoding)
        for k in range(frames):
            piece.add(encoding.picture(Frame(np.full((64, 64, 3), 0.4, np.float32)), k, k - 1 if k else None))
        assert [(entry.pts, entry.dts) for entry in piece.complete()] == [(k, k) for k in range(frames)]


def test_a_size_that_changes_is_told_with_its_frame(tmp_path):
    """Two JPEG after one another are a video of two sizes."""
    pictures = [np.full((h, 32, 3), 0.5, np.float32) for h in (16, 24)]
    (tmp_path / "in.mjpeg").write_bytes(b"".join(image_file.encode(np.uint8(255 * x), ".jpg") for x in pictures))
    with pytest.raises(InputError, match="frame 1 of .* is 32x24 after frames of 32x16; expected one size"):
        media_clips.read(tmp_path / "in.mjpeg")


def test_frames_of_one_time_are_written_one_after_the_other(tmp_path):
    like = ClipInfo(16, 12, fps=Fraction(25), time_base=Fraction(1, 1000))
    with open_writer(tmp_path / "out.mkv", like, codec="ffv1") as out:
        for pts in (0, 40, 40, 30, 120):
            out.write(Frame(np.full((12, 16, 3), pts / 200, np.float32), pts, Fraction(1, 1000)))
    assert [float(time) for time in media_clips.times(tmp_path / "out.mkv")] == [0, 0.04, 0.041, 0.042, 0.12]
    assert any("do not increase" in line for line in out.warnings)


@pytest.mark.parametrize("count", [1, 4])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm", ".mov"])
def test_the_last_frame_is_shown_for_as_long_as_it_says(tmp_path, suffix, count):
    like = ClipInfo(32, 32, fps=Fraction(20), time_base=Fraction(1, 20))
    with open_writer(tmp_path / f"out{suffix}", like) as out:
        for k in range(count):
            out.write(Frame(np.zeros((32, 32, 3), np.float32), k, Fraction(1, 20), duration=5 if k + 1 == count else 1))
    with av.open(str(tmp_path / f"out{suffix}")) as clip:
        assert clip.duration == (count + 4) * av.time_base / 20


def test_y4m_says_that_it_cannot_show_a_frame_longer(tmp_path):
    like = ClipInfo(32, 32, fps=Fraction(20), time_base=Fraction(1, 20))
    with open_writer(tmp_path / "out.y4m", like) as out:
        out.write(Frame(np.zeros((32, 32, 3), np.float32), 0, Fraction(1, 20), duration=2))
    assert out.warnings == ["y4m has one constant rate; the last frame is shown for 0.05 s in place of 0.1 s (use .mp4 "
                            "or .mkv)"]
