"""An output has its final name only when it is complete, and finished work is never lost."""
import contextlib
import errno
import resource
import signal

import media_clips
import numpy as np
import pytest

from refvr.errors import InputError, OutputError, ShapeError
from refvr.interrupt import interrupts_wait
from refvr.media import ClipInfo, Frame, open_reader, open_writer
from refvr.media.atomic import PartFile, write_bytes
from refvr.media.part_folder import Job

FILES = ["out.mp4", "out.mkv", "out.npy", "out.h5", "out.y4m"]
H, W = 48, 64


@pytest.fixture(autouse=True)
def ctrl_c():
    """Python's own handler: a shell starts what runs in its background with SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def frame(k=0):
    return Frame(np.random.default_rng(k).random((H, W, 3), np.float32))


def names(folder):
    return sorted(p.name for p in folder.iterdir())


@pytest.mark.parametrize("name", FILES)
def test_final_name_only_when_complete(tmp_path, name):
    with open_writer(tmp_path / name, ClipInfo(W, H)) as out:
        for k in range(3):
            out.write(frame(k))
            assert not (tmp_path / name).exists()
    assert names(tmp_path) == [name] and out.partial is None


def left(name, *kept):
    """What an interrupted run leaves: the part folder, and for some a file to be played."""
    return sorted([f"{name}.part", *kept])


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_interrupt_keeps_the_finished_frames(tmp_path, name, error):
    with pytest.raises(error), open_writer(tmp_path / name, ClipInfo(W, H)) as out:
        for k in range(5):
            out.write(frame(k))
        raise error
    assert not (tmp_path / name).exists() and out.playable == 5
    with open_reader(out.partial) as clip:
        assert len(list(clip)) == 5 and clip.truncated is None
    first = names(tmp_path)
    assert first == left(name, *[f"out.partial.{name[4:]}"] * (name[4:] in ("mp4", "mkv")))
    with open_writer(tmp_path / name, ClipInfo(W, H)) as out:
        out.write(frame())
    assert names(tmp_path) == sorted([name, f"{name}.part1", *first[1 - first.index(f"{name}.part"):][:len(first) - 1]])
    assert any(f"{name}.part1" in line for line in out.warnings)


@pytest.mark.parametrize("name", [*FILES, "out.png", "folder"])
def test_nothing_is_left_of_nothing(tmp_path, name):
    with pytest.raises(RuntimeError), open_writer(tmp_path / name, ClipInfo(W, H)) as out:
        raise RuntimeError
    assert out.partial is None and names(tmp_path) in ([], ["folder"])
    if name in ("out.mp4", "out.npy", "out.h5"):
        with pytest.raises(OutputError, match="no frame was written"), open_writer(tmp_path / name, ClipInfo(W, H)):
            pass
        assert names(tmp_path) == []


@pytest.mark.parametrize("name", FILES)
def test_a_signal_waits_for_the_end_of_the_frame(tmp_path, name, monkeypatch):
    """The signal arrives inside `_write`, where it would be lost in a callback or tear the file."""
    out = open_writer(tmp_path / name, ClipInfo(W, H))
    write = out._write

    def pressed(picture):
        if out.written == 3:
            signal.raise_signal(signal.SIGINT)
        write(picture)

    monkeypatch.setattr(out, "_write", pressed)
    with pytest.raises(KeyboardInterrupt), out:
        for k in range(5):
            out.write(frame(k))
    assert out.written == 4
    with open_reader(out.partial) as clip:
        assert len(list(clip)) == 4 and clip.truncated is None
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_signal_does_not_wait():
    with pytest.raises(KeyboardInterrupt), interrupts_wait():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_interrupted_sound_ends_with_the_picture(tmp_path):
    source = media_clips.write(tmp_path / "in.mkv", media_clips.noise(50, 32, 48), "libx264", "yuv420p", sound=True)
    with pytest.raises(KeyboardInterrupt), open_reader(source) as clip, \
            open_writer(tmp_path / "out.mkv", clip.info, copy_streams_from=source) as out:
        for k, picture in enumerate(clip):
            if k == 20:
                raise KeyboardInterrupt
            out.write(picture)
    sound, whole = media_clips.packets(out.partial, "audio"), media_clips.packets(source, "audio")
    assert media_clips.times(out.partial) == media_clips.times(source)[:20]
    assert sound == whole[:len(sound)] and 0.7 < len(sound) * 1024 / 48000 < 0.9   # 0.8 s of picture


@contextlib.contextmanager
def file_limit(size):
    """Writes beyond `size` bytes fail with EFBIG, as they fail with ENOSPC on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("name", FILES)
def test_full_disk_is_one_line_and_keeps_what_is_usable(tmp_path, name):
    with pytest.raises(OutputError) as error, file_limit(200_000), open_writer(tmp_path / name, ClipInfo(W, H)) as out:
        for k in range(100):
            out.write(frame(k))
    assert "cannot write" in str(error.value) and "\n" not in str(error.value) and error.value.exit_status == 2
    assert names(tmp_path) in (left(name), left(name, f"out.partial.{name[4:]}"))
    with open_reader(out.partial) as clip:
        assert len(list(clip)) == out.playable > 3 and clip.truncated is None
    with open_writer(tmp_path / name, ClipInfo(W, H), job=Job(resume=True)) as out:
        assert out.written >= out.playable
        total = max(50, out.written)
        for k in range(out.written, total):
            out.write(frame(k))
    assert names(tmp_path) == [name]
    with open_reader(tmp_path / name) as clip:
        assert len(list(clip)) == total


def test_full_disk_while_writing_images(tmp_path):
    with pytest.raises(OutputError, match="cannot write"), \
            open_writer(tmp_path / "folder", ClipInfo(W, H, frames=9)) as out:
        for k in range(9):
            with file_limit(1000 if k == 5 else 1_000_000):
                out.write(frame(k))
    assert out.partial == tmp_path / "folder"
    assert names(out.partial) == [f"frame_{k:06d}.png" for k in range(5)]


@pytest.mark.parametrize("code, advice", [(errno.ENOSPC, "free some space"), (errno.EACCES, "may write to"),
                                          (errno.EROFS, "may write to")])
def test_advice_for_the_usual_reasons(tmp_path, code, advice, monkeypatch):
    class Full:
        closed = False

        def write(self, data):
            raise OSError(code, "no")

        def close(self):
            self.closed = True

    out = PartFile(tmp_path / "out.bin")
    out.file.close()
    out.file = Full()
    with pytest.raises(OutputError, match=advice):
        out.write(b"1")
    with pytest.raises(OutputError, match=advice):   # a swallowed error still forbids the final name
        out.commit()
    out.discard()
    assert names(tmp_path) == []


@pytest.mark.parametrize("name", [*FILES, "out.png"])
def test_impossible_places(tmp_path, name):
    (tmp_path / "file").write_bytes(b"1")
    for place, what in ((tmp_path / "none" / name, "does not exist"), (tmp_path / "file" / name, "is a file")):
        with pytest.raises(OutputError, match=what) as error:
            open_writer(place, ClipInfo(W, H))
        assert "\n" not in str(error.value)
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize("name", FILES)
def test_existing_file_survives_a_failed_run(tmp_path, name):
    (tmp_path / name).write_bytes(b"precious")
    with pytest.raises(KeyboardInterrupt), open_writer(tmp_path / name, ClipInfo(W, H)) as out:
        out.write(frame())
        raise KeyboardInterrupt
    assert (tmp_path / name).read_bytes() == b"precious"
    with pytest.raises(OutputError, match="exists"):
        open_writer(tmp_path / name, ClipInfo(W, H), overwrite=False)
    with open_writer(tmp_path / name, ClipInfo(W, H)) as out:
        out.write(frame())
    assert (tmp_path / name).read_bytes() != b"precious"


def test_output_may_not_be_the_input(tmp_path):
    source = media_clips.write(tmp_path / "in.mkv", media_clips.noise(2, 32, 48))
    (tmp_path / "link.mkv").symlink_to(source)
    (tmp_path / "hard.mkv").hardlink_to(source)
    before = source.read_bytes()
    with open_reader(source) as clip:
        for name in ("in.mkv", "link.mkv", "hard.mkv", "../" + tmp_path.name + "/in.mkv"):
            with pytest.raises(OutputError, match="is the input itself"):
                open_writer(tmp_path / name, clip.info)
    assert source.read_bytes() == before


@pytest.mark.parametrize("name", [*FILES, "out.png"])
def test_nan_and_wrong_sizes_are_refused(tmp_path, name):
    bad = frame()
    bad.rgb[1, 2, 0], bad.rgb[3, 4, 1] = np.nan, np.inf
    with pytest.raises(OutputError, match="frame 0 for out.* has 2 values that are NaN or infinite"), \
            open_writer(tmp_path / name, ClipInfo(W, H)) as out:
        out.write(bad)
    with pytest.raises(ShapeError, match=r"got shape \(48, 63, 3\), expected \(48, 64, 3\)"), \
            open_writer(tmp_path / name, ClipInfo(W, H)) as out:
        out.write(Frame(np.zeros((H, W - 1, 3), np.float32)))
    with pytest.raises(ShapeError, match="alpha"), open_writer(tmp_path / name, ClipInfo(W, H)) as out:
        out.write(Frame(np.zeros((H, W, 3), np.float32), alpha=np.zeros((H, 5), np.float32)))
    assert names(tmp_path) == []


def test_small_files_are_atomic(tmp_path):
    write_bytes(tmp_path / "a.bin", b"12")
    with pytest.raises(OutputError), file_limit(1):
        write_bytes(tmp_path / "a.bin", b"3456")
    assert (tmp_path / "a.bin").read_bytes() == b"12" and names(tmp_path) == ["a.bin"]


def test_reading_closes_its_file_after_an_error(tmp_path):
    np.save(tmp_path / "bad.npy", np.full((2, 5, 7, 3), np.nan, np.float32))
    with pytest.raises(InputError), open_reader(tmp_path / "bad.npy") as clip:
        list(clip)
    assert clip.decoded == 0
