"""restore --resume: nothing is lost when a process is killed, and the result is that of a run which nobody stopped."""
import json
import shutil
import subprocess
import sys

import media_clips
import numpy as np
import pytest
from places import ROOT, TESTS
from restoring import SMALL, Stop, answers, nets, small, stop_after

from refvr.checkpoints import h5
from refvr.errors import InputError, OutputError
from refvr.media import open_reader
from refvr.media.append_file import AppendFile
from refvr.pipeline import resume as resuming
from refvr.pipeline.drivers import first_needed
from refvr.pipeline.restore import restore

OUTPUTS = ["out.mkv:ffv1", "out.mp4:libx264rgb", "out.mov:libx264rgb", "out.webm", "out.avi:ffv1", "out.h5", "out.npy",
           "out.y4m", "out", "out.gif", "out.webp", "out.apng", "out.tif"]


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "weights.h5"
    h5.save(path, small("remonet", **SMALL["remonet"]).state(), {"network": "remonet", "config": SMALL["remonet"]})
    return path


def killed(folder, kills, outputs, **options):
    """The tallies of `killing.py`."""
    program = TESTS / "support" / "killing.py"
    run = subprocess.run([sys.executable, program, folder, str(kills), "1", json.dumps(options), *outputs],
                         capture_output=True, text=True, cwd=ROOT)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_killed_runs_lose_nothing_and_end_as_if_nothing_had_been(tmp_path, weights):
    media_clips.write(tmp_path / "in.mkv", media_clips.noise(12, 32, 48), "libx264", "yuv420p", sound=True)
    outputs = ["out.mp4:libx264rgb", "out.h5", "out", "out.apng"]
    for name, tally in killed(tmp_path, 2, outputs, weights=str(weights)).items():
        assert (tally["lost"], tally["wrong"], tally["failed"], tally["kills"]) == (0, 0, 0, 2), (name, tally)


@pytest.mark.long
@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("task", ["denoise", "sr", "deblur", "spacetime"])
def test_twenty_kills(tmp_path, task, output):
    media_clips.write(tmp_path / "in.mkv", media_clips.noise(30, 32, 48), "libx264", "yuv420p", sound=True)
    options = {"task": task} | ({"rate": 2} if task == "spacetime" else {})
    tally = killed(tmp_path, 20, [output], **options)[output]
    assert (tally["lost"], tally["wrong"], tally["failed"], tally["kills"]) == (0, 0, 0, 20), tally


@pytest.mark.parametrize("case", list(nets()), ids=lambda case: "-".join([case[0], *case[2]]))
def test_any_beginning_gives_the_same_bits(case):
    name, net, options = case
    length = 23 if "official" in options else 17 if name in ("remonet", "fastdvdnet") else 9
    clip = np.random.default_rng(3).random((length, 12, 8, 3), np.float32)
    whole, rate = answers(net, clip, options), options.get("rate", 1)
    named = {k: np.random.default_rng(v) if k == "routing" else v for k, v in options.items()}
    for start in (1, len(whole) // 2, len(whole) - 1, len(whole)):
        first = first_needed(net, start, named)
        rest = answers(net, clip[first:], options, start=start - first * rate)
        assert len(rest) == len(whole) - start
        assert all(np.array_equal(a, b) for a, b in zip(rest, whole[start:]))


def stopped(source, target, count, **options):
    with pytest.raises(Stop):
        restore(source, target, progress=stop_after(count), **options)


def test_the_state_is_kept_beside_the_frames(tmp_path, monkeypatch):
    np.save(tmp_path / "in.npy", np.random.default_rng(3).random((9, 12, 8, 3), np.float32))
    restore(tmp_path / "in.npy", tmp_path / "whole.npy", model="stfan-s")
    monkeypatch.setattr(resuming, "STATE_EVERY_S", 0)
    stopped(tmp_path / "in.npy", tmp_path / "out.npy", 5, model="stfan-s")
    names = sorted(p.name for p in (tmp_path / "out.npy.part").glob("state*"))
    assert names == ["state-000000004.npz", "state-000000005.npz"]
    (tmp_path / "out.npy.part" / names[1]).write_bytes(b"torn")   # the one before serves as well
    report = restore(tmp_path / "in.npy", tmp_path / "out.npy", model="stfan-s", resume=True)
    assert (report.frames, report.resumed) == (9, 5)
    assert (tmp_path / "out.npy").read_bytes() == (tmp_path / "whole.npy").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.npy", "out.npy", "whole.npy"]


def test_only_the_same_job_is_continued(tmp_path, weights):
    np.save(tmp_path / "in.npy", np.random.default_rng(3).random((8, 12, 8, 3), np.float32))
    source, target, options = tmp_path / "in.npy", tmp_path / "out.mkv", {"weights": weights}
    stopped(source, target, 4, **options, crf=20)
    for other, what in (({"crf": 21}, "crf.*20.*21"),
                        ({"crf": 20, "precision": "direct"}, "precision winograd.*direct"),
                        ({"crf": 20, "pix_fmt": "yuv444p"}, "pixel format yuv420p.*yuv444p")):
        with pytest.raises(OutputError, match=f"was begun with .*{what}.*expected the same") as error:
            restore(source, target, **options, **other, resume=True)
        assert "\n" not in str(error.value)
    shutil.copy(source, tmp_path / "before.npy")
    np.save(source, np.random.default_rng(4).random((8, 12, 8, 3), np.float32))
    with pytest.raises(OutputError, match="begun with input"):
        restore(source, target, **options, crf=20, resume=True)
    h5.save(tmp_path / "w.h5", small("remonet", **SMALL["remonet"]).init(np.random.default_rng(8)).state(),
            {"network": "remonet", "config": SMALL["remonet"]})
    shutil.copy(tmp_path / "before.npy", source)
    with pytest.raises(OutputError, match="begun with weights"):
        restore(source, target, weights=tmp_path / "w.h5", crf=20, resume=True)
    report = restore(source, target, **options, crf=20, resume=True, threads=1)
    assert (report.frames, report.resumed) == (8, 4) and not (tmp_path / "out.mkv.part").exists()
    assert not (tmp_path / "out.partial.mkv").exists()   # it has become a part of the whole


@pytest.mark.parametrize("name", ["in.y4m", "in.npy"])
def test_a_clip_whose_noise_is_measured(tmp_path, name):
    """A network that is told the noise looks at frames first; of a .y4m these are the ones that it restores."""
    from refvr.media import ClipInfo, Frame, open_writer
    with open_writer(tmp_path / name, ClipInfo(16, 12)) as out:
        for rgb in np.random.default_rng(3).random((24, 12, 16, 3), np.float32):
            out.write(Frame(rgb))
    told = SMALL["remonet"] | {"noise_map": True}
    h5.save(tmp_path / "w.h5", small("remonet", **told).state(), {"network": "remonet", "config": told})
    restore(tmp_path / name, tmp_path / "whole.npy", weights=tmp_path / "w.h5")
    stopped(tmp_path / name, tmp_path / "out.npy", 21, weights=tmp_path / "w.h5")
    assert restore(tmp_path / name, tmp_path / "out.npy", weights=tmp_path / "w.h5", resume=True).resumed == 21
    assert (tmp_path / "out.npy").read_bytes() == (tmp_path / "whole.npy").read_bytes()


def test_a_part_of_a_clip(tmp_path, weights):
    media_clips.write(tmp_path / "in.mkv", media_clips.noise(40, 16, 16), "ffv1", "bgr0")
    part = {"start": 5, "frames": 30, "weights": weights}
    restore(tmp_path / "in.mkv", tmp_path / "whole.npy", **part)
    stopped(tmp_path / "in.mkv", tmp_path / "out.npy", 23, **part)
    assert restore(tmp_path / "in.mkv", tmp_path / "out.npy", resume=True, **part).frames == 30
    assert (tmp_path / "out.npy").read_bytes() == (tmp_path / "whole.npy").read_bytes()


def test_resume_without_anything_to_resume_begins(tmp_path, weights):
    np.save(tmp_path / "in.npy", np.random.default_rng(3).random((3, 12, 8, 3), np.float32))
    report = restore(tmp_path / "in.npy", tmp_path / "out.npy", weights=weights, resume=True)
    assert (report.frames, report.resumed) == (3, 0)
    report = restore(tmp_path / "in.npy", tmp_path / "out.npy", weights=weights, resume=True)
    assert report.resumed == 0 and "made again, as a finished output does not keep" in report.warnings[0]
    with pytest.raises(OutputError, match="exists"):
        restore(tmp_path / "in.npy", tmp_path / "out.npy", weights=weights, resume=True, overwrite=False)


def test_resume_with_a_pipe_is_refused(tmp_path, weights):
    with pytest.raises(InputError, match="can be read again"):
        restore("-", tmp_path / "out.npy", weights=weights, resume=True)
    np.save(tmp_path / "in.npy", np.random.default_rng(3).random((3, 12, 8, 3), np.float32))
    with pytest.raises(InputError, match="--resume with the output -"):
        restore(tmp_path / "in.npy", "-", weights=weights, resume=True)


def test_pieces_are_joined_with_reordered_frames(tmp_path, weights):
    """H.264 gives out frames in another order than they are shown; three pieces, one file with increasing times."""
    media_clips.write(tmp_path / "in.mp4", media_clips.noise(30, 32, 48), "libx264", "yuv420p")
    for count in (7, 19):
        stopped(tmp_path / "in.mp4", tmp_path / "out.mp4", count, weights=weights, resume=True)
        with open_reader(tmp_path / "out.partial.mp4") as clip:
            assert len(list(clip)) == count
    restore(tmp_path / "in.mp4", tmp_path / "out.mp4", weights=weights, resume=True)
    assert media_clips.times(tmp_path / "out.mp4") == media_clips.times(tmp_path / "in.mp4")
    import av
    with av.open(str(tmp_path / "out.mp4")) as clip:
        packets = [p for p in clip.demux(video=0) if p.size]
    assert all(a.dts < b.dts for a, b in zip(packets, packets[1:])) and all(p.dts <= p.pts for p in packets)


@pytest.mark.parametrize("log", [False, True])
def test_a_head_that_never_reached_the_disk_is_written_again(tmp_path, log):
    (tmp_path / "frames").touch()   # killed between the making of the file and its first frame
    if log:
        (tmp_path / "frames.log").touch()
    file = AppendFile.resumed(tmp_path / "frames", tmp_path / "out", b"head")
    file.write(b"one")
    file.mark()
    file.commit()
    assert (tmp_path / "out").read_bytes() == b"headone"
