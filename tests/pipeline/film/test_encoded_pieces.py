"""Pieces of a video are encoded by whoever restores them; what becomes of them does not depend on who that is."""
import os
import subprocess
import sys
from fractions import Fraction

import av
import media_clips
import numpy as np
import pytest
from restoring import SMALL, Stop, small

from refvr.checkpoints import h5
from refvr.errors import InputError, OutputError
from refvr.media import ClipInfo, Frame, open_reader, open_writer
from refvr.media.append_file import log_of, read_whole
from refvr.media.part_folder import Job
from refvr.media.piece_encoder import encode_piece
from refvr.media.video_join import in_order
from refvr.pipeline.restore import restore
from refvr.pipeline.status import StatusFile, read_status


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """FastDVDnet, whose pieces may begin anywhere."""
    path = tmp_path_factory.mktemp("weights") / "weights.h5"
    h5.save(path, small("fastdvdnet", **SMALL["fastdvdnet"]).state(),
            {"network": "fastdvdnet", "config": SMALL["fastdvdnet"]})
    return {"weights": path, "sigma": 20}


@pytest.fixture(scope="module")
def scheduler():
    """A dask scheduler and a worker, all in this process."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0") as found:
        yield found.scheduler_address


@pytest.fixture
def film(tmp_path):
    """Eleven frames with times of their own, sound and subtitles."""
    return media_clips.write(tmp_path / "film.mkv", media_clips.noise(11, 64, 64), "ffv1", "bgr0", rate=1000,
                             pts=[0, 40, 47, 300, 301, 555, 600, 1200, 1240, 1280, 1300], sound=True,
                             subtitles=[(50, "one"), (900, "two")])


def shown(path):
    """Times and contents of the frames."""
    with open_reader(path) as clip:
        return [(frame.pts * frame.time_base, frame.rgb.tobytes()) for frame in clip]


def key_frames(path):
    with av.open(str(path)) as clip:
        return [number for number, frame in enumerate(clip.decode(video=0)) if frame.key_frame]


@pytest.mark.parametrize(("suffix", "how"), [
    (".mp4", {}), (".mkv", {"codec": "libx265", "pix_fmt": "yuv420p10le"}),
    *(pytest.param(suffix, {}, marks=pytest.mark.long) for suffix in (".avi", ".mov", ".webm"))])
def test_the_same_pieces_give_the_same_file(film, tmp_path, scheduler, model, suffix, how):
    one, many, whole = (tmp_path / f"{name}{suffix}" for name in ("one", "many", "whole"))
    restore(film, one, **model, **how, cuts=[4], piece=3)
    report = restore(film, many, **model, **how, cuts=[4], piece=3, workers=scheduler)
    assert many.read_bytes() == one.read_bytes() and report.frames == 11
    restore(film, whole, **model, **how, cuts=[4])
    assert [time for time, _ in shown(many)] == [time for time, _ in shown(whole)]
    assert {0, 3, 4, 7, 10} <= set(key_frames(many)) and not {3, 4, 7} <= set(key_frames(whole))
    with av.open(str(many)) as a, av.open(str(whole)) as b:
        assert [s.type for s in a.streams] == [s.type for s in b.streams]
        assert [s.duration for s in a.streams.audio] == [s.duration for s in b.streams.audio]


def test_a_file_of_frames_that_are_coded_alone_is_that_of_one_run(film, tmp_path, scheduler, model):
    restore(film, tmp_path / "one.mkv", **model, codec="ffv1")
    restore(film, tmp_path / "many.mkv", **model, codec="ffv1", piece=4, workers=scheduler)
    assert (tmp_path / "many.mkv").read_bytes() == (tmp_path / "one.mkv").read_bytes()
    assert key_frames(tmp_path / "one.mkv") == list(range(11))


def test_what_one_process_began_is_ended_by_workers_and_the_other_way(film, tmp_path, scheduler, model):
    options = {**model, "codec": "ffv1"}
    restore(film, tmp_path / "whole.mkv", **options)
    for first, second in (({}, {"workers": scheduler, "piece": 4}), ({"workers": scheduler, "piece": 4}, {})):
        def stop(done, total):
            if done > 4:
                raise Stop

        with pytest.raises(Stop):
            restore(film, tmp_path / "out.mkv", **options, **first, progress=stop)
        report = restore(film, tmp_path / "out.mkv", **options, **second, resume=True)
        assert report.resumed >= 5 and shown(tmp_path / "out.mkv") == shown(tmp_path / "whole.mkv")
        assert not (tmp_path / "out.mkv.part").exists()


ENCODE = """
import sys, numpy as np
from refvr.media import ClipInfo, Frame, open_writer
clip = np.random.default_rng(0).random((30, 24, 80, 3), np.float32).repeat(4, 1).repeat(4, 2)
with open_writer(sys.argv[1], ClipInfo(320, 96)) as out:
    for number in range(30):
        out.write(Frame(np.roll(clip[0], number, axis=1) / 2 + clip[number] / 9))
"""


def test_what_was_in_memory_before_does_not_decide_about_a_video(tmp_path):
    """x264 reads memory that nothing has written; glibc can be told to fill it."""
    for fill in ("85", "170"):
        subprocess.run([sys.executable, "-c", ENCODE, tmp_path / f"{fill}.mp4"], check=True,
                       env={**os.environ, "MALLOC_PERTURB_": fill})
    assert (tmp_path / "85.mp4").read_bytes() == (tmp_path / "170.mp4").read_bytes()


def writer_of(path, **how):
    return open_writer(path, ClipInfo(16, 12, fps=Fraction(25), time_base=Fraction(1, 1000)), **how)


def piece_at(writer, start, frames, says=None):
    path = writer.part.file(f"restored-{start:09d}-{start + len(frames):09d}{writer.path.suffix}")
    assert encode_piece(path, start, iter(frames), writer.encoding, says or writer.says) == len(frames)
    return path


def frames_at(*times):
    clip = media_clips.smooth(len(times), 12, 16)
    return [Frame(rgb, pts, Fraction(1, 1000)) for rgb, pts in zip(clip, times)]


def test_times_that_do_not_increase_from_piece_to_piece(tmp_path):
    times = [0, 40, 80], [79, 80, 120, 160], [10]
    with writer_of(tmp_path / "whole.mkv") as out:
        for frame in frames_at(*sum(times, [])):
            out.write(frame)
    with writer_of(tmp_path / "out.mkv") as out:
        for start, part in zip((0, 3, 7), times):
            out.adopt(piece_at(out, start, frames_at(*part)))
    assert media_clips.times(tmp_path / "out.mkv") == media_clips.times(tmp_path / "whole.mkv")
    assert list(in_order([])) == []


def test_a_piece_that_is_damaged_or_of_another_encoder(tmp_path):
    with pytest.raises(InputError, match=r"restored-.*\.mp4 is damaged"), writer_of(tmp_path / "out.mp4") as out:
        path = piece_at(out, 0, frames_at(0, 40))
        assert len(read_whole(path)) == 2
        data = bytearray(path.read_bytes())
        data[-9] ^= 1
        path.write_bytes(data)
        out.adopt(path)
    with pytest.raises(OutputError, match="encoder libx264 is another version"), writer_of(tmp_path / "b.mp4") as out:
        piece_at(out, 0, frames_at(0, 40), "00")


def test_killed_between_the_two_files_of_a_piece(tmp_path):
    with pytest.raises(Stop), writer_of(tmp_path / "out.mp4", job=Job({})) as out:
        out.write(frames_at(0)[0])
        out.adopt(piece_at(out, 1, frames_at(40, 80, 120)))
        raise Stop
    part = tmp_path / "out.mp4.part"
    os.replace(part / "frames-000000001.mp4", part / "restored-000000001-000000004.mp4")
    with writer_of(tmp_path / "out.mp4", job=Job({}, resume=True)) as out:
        assert out.written == 4
        out.write(frames_at(160)[0])
    assert len(media_clips.times(tmp_path / "out.mp4")) == 5
    with pytest.raises(Stop), writer_of(tmp_path / "out.mp4", job=Job({})) as out:
        out.write(frames_at(0)[0])
        log_of(out.part.file("frames-000000007.mp4")).write_bytes(b"")   # of nothing
        raise Stop
    with writer_of(tmp_path / "out.mp4", job=Job({}, resume=True)) as out:
        assert out.written == 1


def test_what_workers_have_finished_is_told_and_can_be_played(tmp_path):
    """Also where the run was stopped before it has taken it; what lies after a gap waits for --resume."""
    out = tmp_path / "out.mkv"
    with pytest.raises(Stop), writer_of(out, job=Job({})) as writer:
        status = StatusFile(writer, 9, None, {})
        status.look()
        for start, times in ((0, (0, 40)), (2, (80, 120, 160)), (7, (280, 320))):
            piece_at(writer, start, frames_at(*times))
        assert (read_status(out).frames, read_status(out).ahead) == (0, 7)   # as a killed run leaves it
        writer.adopt(writer.part.file("restored-000000000-000000002.mkv"))
        status.look(piece=True)
        assert (read_status(out).frames, read_status(out).ahead, read_status(out).alive) == (2, 5, True)
        raise Stop
    status.look(ended=True)
    assert (writer.playable, len(media_clips.times(tmp_path / "out.partial.mkv"))) == (5, 5)
    assert (read_status(out).frames, read_status(out).ahead, read_status(out).alive) == (5, 2, False)
    with writer_of(out, job=Job({}, resume=True)) as writer:
        assert writer.written == 5
        writer.write(frames_at(200)[0])
    assert [path.name for path in tmp_path.iterdir()] == ["out.mkv"]


@pytest.mark.parametrize("piece", [0, -3, True])
def test_lengths_of_pieces_are_refused_before_anything_else(film, tmp_path, piece):
    with pytest.raises(InputError, match="pieces: got"):
        restore(tmp_path / "nowhere.mkv", tmp_path / "out.mkv", piece=piece)
    with pytest.raises(InputError, match="got --piece with the input -"):
        restore("-", tmp_path / "out.mkv", piece=5)


def test_what_is_no_video_is_written_by_the_process_that_joins(tmp_path, scheduler, model):
    np.save(tmp_path / "in.npy", np.random.default_rng(3).random((5, 8, 8, 3), np.float32))
    for out in ("images", "a.npy"):
        restore(tmp_path / "in.npy", tmp_path / f"one_{out}", **model)
        restore(tmp_path / "in.npy", tmp_path / f"two_{out}", **model, piece=2, workers=scheduler)
    assert (tmp_path / "one_a.npy").read_bytes() == (tmp_path / "two_a.npy").read_bytes()
    for path in (tmp_path / "one_images").iterdir():
        assert (tmp_path / "two_images" / path.name).read_bytes() == path.read_bytes()
