"""restore: every frame of any clip, with its time, alpha and name; the same bytes for any number of threads."""
import importlib
import subprocess
import sys
from fractions import Fraction

import media_clips
import numpy as np
import pytest
from places import ROOT
from subjects import TINY

import refvr
from refvr import ops, scene, zoo
from refvr.checkpoints import h5
from refvr.errors import InputError, OutputError, WeightsError
from refvr.evaluate.tasks import Pairs, answer, baseline, make_pairs, task_of
from refvr.media import open_reader, open_writer
from refvr.media.clip import ClipInfo, Frame
from refvr.media.cut import cut
from refvr.metrics import psnr
from refvr.pipeline.chosen import arithmetic, chosen, load_network
from refvr.pipeline.cuts import Found, cuts_of
from refvr.pipeline.drivers import restore_clip, restore_frames
from refvr.pipeline.restore import restore

SMALL = {name: TINY[name] for name in ("remonet", "fastdvdnet")}


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    """Network -> file of small random weights."""
    files = {}
    for name, options in SMALL.items():
        net = zoo.build(name, **options).init(np.random.default_rng(7))
        files[name] = tmp_path_factory.mktemp("weights") / f"{name}.h5"
        h5.save(files[name], net.state(), {"network": name, "config": options})
    return files


def clip(t, h=13, w=17, seed=5):
    return np.random.default_rng(seed).random((t, h, w, 3), np.float32)


@pytest.mark.parametrize("t", [1, 2, 5, 7, 11])
@pytest.mark.parametrize("name", SMALL)
def test_every_frame_of_any_length(weights, name, t):
    net = load_network(weights=weights[name])
    frames = list(restore_frames(clip(t), net, sigma=30 if name == "fastdvdnet" else None))
    assert len(frames) == t
    assert all(frame.shape == (13, 17, 3) and frame.dtype == np.float32 for frame in frames)
    assert np.stack(frames).min() >= 0
    assert np.stack(frames).max() <= 1


@pytest.mark.parametrize(("h", "w"), [(1, 1), (2, 3), (5, 31)])
def test_any_size(weights, h, w):
    net = load_network(weights=weights["remonet"])
    assert [frame.shape for frame in restore_frames(clip(6, h, w), net)] == [(h, w, 3)] * 6


def test_files_hold_what_the_stream_gives(weights, tmp_path):
    frames = clip(7)
    np.save(tmp_path / "in.npy", frames)
    report = restore(tmp_path / "in.npy", tmp_path / "out.npy", weights=weights["remonet"])
    expected = np.stack(list(restore_frames(frames, load_network(weights=weights["remonet"]))))
    assert np.array_equal(np.load(tmp_path / "out.npy"), expected)
    assert (report.frames, report.expected, report.width, report.height, report.truncated) == (7, 7, 17, 13, None)
    assert refvr.restore is restore


@pytest.mark.parametrize("suffix", ["npy", "mp4", "y4m"])
def test_same_bytes_for_any_number_of_threads(weights, tmp_path, suffix):
    np.save(tmp_path / "in.npy", clip(7, 61, 67))
    outputs = []
    for threads in (1, 2, 3):
        target = tmp_path / f"out{threads}.{suffix}"
        assert restore(tmp_path / "in.npy", target, weights=weights["remonet"], threads=threads).threads == threads
        outputs.append(target.read_bytes())
    assert outputs[0] == outputs[1] == outputs[2]


def test_precision(weights):
    frames = clip(5)
    results = []
    for precision in ("winograd", "direct", "float64"):
        with arithmetic(precision):
            net = load_network(weights=weights["remonet"], precision=precision)
            results.append(list(restore_frames(frames, net)))
    fast, exact, double = results
    assert double[0].dtype == np.float64
    # A chain of about 100 float32 layers: a thousand roundings at most in a row, of values near 1.
    for other in (fast, exact):
        assert 0 < np.abs(np.stack(other) - np.stack(double)).max() < 1000 * 2 ** -24
    with pytest.raises(InputError, match="float64"):
        load_network(weights=weights["remonet"], precision="half")


def test_restore_in_exact_takes_direct_sums(tmp_path, weights):
    np.save(tmp_path / "in.npy", np.stack(clip(3)))
    outputs = {}
    for precision in ("winograd", "direct"):
        restore(tmp_path / "in.npy", tmp_path / f"{precision}.npy", weights=weights["fastdvdnet"], sigma=25,
                precision=precision)
        outputs[precision] = np.load(tmp_path / f"{precision}.npy")
    with ops.precision("direct"):
        restore(tmp_path / "in.npy", tmp_path / "again.npy", weights=weights["fastdvdnet"], sigma=25)
    assert np.array_equal(outputs["winograd"], np.load(tmp_path / "again.npy"))  # the argument decides
    assert not np.array_equal(outputs["winograd"], outputs["direct"]) and ops.current_precision() == "winograd"


def test_time_alpha_and_name_stay_with_their_frame(weights):
    net = load_network(weights=weights["remonet"])
    times = [0, 1, 5, 6, 40, 41, 50]
    given = [Frame(rgb, pts, Fraction(1, 90), rgb[..., 0], f"shot-{pts}") for rgb, pts in zip(clip(7), times)]
    got = list(restore_clip(given, net))
    assert [(frame.pts, frame.name) for frame in got] == [(frame.pts, frame.name) for frame in given]
    assert all(np.array_equal(a.alpha, b.alpha) for a, b in zip(got, given))
    assert not any(np.array_equal(a.rgb, b.rgb) for a, b in zip(got, given))


def test_variable_frame_rate_through_files(weights, tmp_path):
    times = [0, 40, 50, 120, 121, 300, 333]
    with open_writer(tmp_path / "in.mkv", ClipInfo(32, 16, fps=Fraction(25), time_base=Fraction(1, 1000))) as writer:
        for rgb, pts in zip(clip(7, 16, 32), times):
            writer.write(Frame(rgb, pts, Fraction(1, 1000)))
    restore(tmp_path / "in.mkv", tmp_path / "out.mkv", weights=weights["remonet"])
    with open_reader(tmp_path / "out.mkv") as reader:
        assert [frame.pts * frame.time_base for frame in reader] == [Fraction(pts, 1000) for pts in times]


def test_a_window_is_held_not_a_clip(weights):
    """The stream is never read further ahead than a window beyond what was given out."""
    read = 0

    def frames():
        nonlocal read
        for rgb in clip(200, 4, 4):
            read += 1
            yield Frame(rgb)

    for given, _ in enumerate(restore_clip(frames(), load_network(weights=weights["remonet"])), 1):
        assert read - given < 10


def test_official_says_what_it_leaves_out(weights, tmp_path):
    for frames, warnings in ((6, 1), (8, 0)):
        np.save(tmp_path / "in.npy", clip(frames))
        report = restore(tmp_path / "in.npy", tmp_path / "out.npy", weights=weights["remonet"], official=True)
        assert len(report.warnings) == warnings and all("gives 5 of 6 frames" in line for line in report.warnings)


def test_official_leaves_out_the_tail(weights):
    net = load_network(weights=weights["remonet"])
    assert [len(list(restore_frames(clip(t), net, official=True))) for t in (5, 6, 7, 8)] == [5, 5, 5, 8]


def test_sigma_where_it_belongs(weights):
    with pytest.raises(InputError, match="must be told the noise level.*--sigma"):
        restore_frames(clip(5), load_network(weights=weights["fastdvdnet"]))
    with pytest.raises(InputError, match="blind"):
        restore_frames(clip(5), load_network(weights=weights["remonet"]), sigma=25)


def test_weights_that_do_not_fit(weights, tmp_path):
    with pytest.raises(WeightsError, match="weights of fastdvdnet, expected remonet"):
        load_network("remonet", weights["fastdvdnet"])
    with pytest.raises(WeightsError, match="no weights of fastdvdnet.*--weights"):
        load_network("fastdvdnet")
    with pytest.raises(WeightsError, match="no weight file"):
        load_network(weights=tmp_path / "nowhere.h5")
    with pytest.raises(InputError, match="no model 'remonett'"):
        load_network("remonett")


class Breaks:
    """Frames that end in an exception."""

    def __init__(self, error, after):
        self.error, self.after = error, after

    def __call__(self, *args, **options):
        for k, frame in enumerate(self.original(*args, **options)):
            if k == self.after:
                raise self.error
            yield frame


@pytest.mark.parametrize(("error", "kind"), [(KeyboardInterrupt(), KeyboardInterrupt),
                                             (InputError("the cable was pulled", fix="plug it in"), InputError)])
def test_what_was_finished_is_kept_and_named(weights, tmp_path, monkeypatch, error, kind):
    module = importlib.import_module("refvr.pipeline.by_shots")
    breaks = Breaks(error, after=6)
    breaks.original = module.restore_clip
    monkeypatch.setattr(module, "restore_clip", breaks)
    np.save(tmp_path / "in.npy", clip(11, 16, 16))
    with pytest.raises(kind, match="kept 6 finished frames in .*partial"):
        restore(tmp_path / "in.npy", tmp_path / "out.mkv", weights=weights["remonet"], codec="ffv1")
    kept = [path for path in tmp_path.iterdir() if "partial" in path.name]
    assert len(kept) == 1
    assert not (tmp_path / "out.mkv").exists()
    with open_reader(kept[0]) as reader:
        assert sum(1 for _ in reader) == 6


def test_an_existing_output_may_be_protected(weights, tmp_path):
    np.save(tmp_path / "in.npy", clip(2))
    (tmp_path / "out.npy").write_bytes(b"precious")
    with pytest.raises(OutputError, match="exists"):
        restore(tmp_path / "in.npy", tmp_path / "out.npy", weights=weights["remonet"], overwrite=False)
    assert (tmp_path / "out.npy").read_bytes() == b"precious"
    restore(tmp_path / "in.npy", tmp_path / "out.npy", weights=weights["remonet"])
    assert np.load(tmp_path / "out.npy").shape == (2, 13, 17, 3)


def test_progress_counts_to_the_end(weights, tmp_path):
    np.save(tmp_path / "in.npy", clip(6))
    seen = []
    restore(tmp_path / "in.npy", tmp_path / "out.npy", weights=weights["remonet"],
            progress=lambda done, total: seen.append((done, total)))
    assert seen == [(k, 6) for k in range(1, 7)]


@pytest.mark.long
def test_memory_does_not_grow_with_the_clip(weights, tmp_path):
    """600 frames need as much as 60, within a tenth; holding the 540 more would be 60 MB of pictures alone."""
    resource = pytest.importorskip("resource", reason="peak memory of a process")
    assert resource.RUSAGE_SELF is not None
    code = ("import resource, sys; from refvr import restore; restore(*sys.argv[1:3], weights=sys.argv[3]);"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)")
    peaks = {}
    for t in (60, 600):
        source = tmp_path / f"{t}.mkv"
        with open_writer(source, ClipInfo(96, 96), codec="libx264") as writer:
            for k in range(t):
                writer.write(Frame(np.full((96, 96, 3), k % 7 / 7, np.float32)))
        run = subprocess.run([sys.executable, "-c", code, source, tmp_path / "out.mkv", weights["remonet"]],
                             capture_output=True, text=True, check=True, cwd=ROOT)
        peaks[t] = int(run.stdout)
    assert peaks[600] < 1.1 * peaks[60], peaks


def test_the_recommended_models_come_with_weights():
    assert all(zoo.row_of(name).weights for name in zoo.purposes().values())


def test_a_part_is_restored_as_if_it_were_the_whole(tmp_path, weights):
    np.save(tmp_path / "in.npy", clip(11))
    np.save(tmp_path / "part.npy", clip(11)[3:8])
    for source, told in (("in.npy", {"start": 3, "frames": 5}), ("in.npy", {"start": "0.12s", "frames": "0.2s"}),
                         ("part.npy", {})):
        report = restore(tmp_path / source, tmp_path / f"out-{len(told)}.npy", weights=weights["remonet"], **told)
        assert (report.frames, report.expected) == (5, 5)
    assert (tmp_path / "out-0.npy").read_bytes() == (tmp_path / "out-2.npy").read_bytes()
    with pytest.raises(InputError, match="start: got frame 11"):
        restore(tmp_path / "in.npy", tmp_path / "out.npy", weights=weights["remonet"], start=11)
    assert not (tmp_path / "out.npy").exists()


def test_the_sound_of_a_part_is_cut_where_others_read_its_frames(tmp_path):
    """Workers read them; here they were counted alone, and where the part lies is known from that."""
    module = importlib.import_module("refvr.pipeline.restore")
    levels = np.zeros((10, 16, 24, 3), np.uint8) + np.arange(10, dtype=np.uint8)[:, None, None, None]
    source = media_clips.write(tmp_path / "in.mkv", levels, "ffv1", "bgr0", rate=10, sound=True, options={})
    net, counted = refvr.load("remonet-s"), cuts_of(source, "none", 4, 3, print, count=True)

    def sound(name, found, reads):
        with cut(open_reader(source), 4, 3) as reader, module._writer(
                tmp_path / name, source, reader, net, {"rate": 1}, found, None, codec="ffv1") as writer:
            for frame in reader if reads else cut(open_reader(source), 4, 3):
                writer.write(frame)
        return media_clips.packets(tmp_path / name, "audio")

    here = sound("here.mkv", Found(), reads=True)
    assert sound("there.mkv", counted, reads=False) == here
    assert 0 < len(here) < len(media_clips.packets(source, "audio")) / 2


def test_a_scale_chooses_the_model(tmp_path, weights):
    np.save(tmp_path / "in.npy", clip(2, 8, 9))
    for scale, model in ((2, "duf-s-x2"), (4, "edvr-s-x4")):
        report = restore(tmp_path / "in.npy", tmp_path / "out.npy", scale=scale)
        assert (report.model, report.width, report.height) == (model, 9 * scale, 8 * scale)
    with pytest.raises(InputError, match="enlarges 3 times.*scales are: 2, 4"):
        restore(tmp_path / "in.npy", tmp_path / "out.npy", scale=3)
    for told in ({"model": "edvr-s-x4"}, {"weights": weights["remonet"]}, {"task": "spacetime"}, {"task": "denoise"}):
        with pytest.raises(InputError, match="scale: got 2, but .* enlarges [14] times"):
            restore(tmp_path / "in.npy", tmp_path / "out.npy", scale=2, **told)


GAIN_DB = {"denoise": 5.0, "sr": 0.5, "deblur": 0.0, "spacetime": 0.2}  # denoise: the best Gaussian blur gains 4.1


@pytest.mark.parametrize("name", [name for name, row in zoo.MODELS.items() if row.weights])
def test_embedded_weights_are_better_than_what_one_has_without(name):
    net, row = load_network(name), zoo.row_of(name)
    task = task_of(row.task, net)
    kind = task.kinds(net, (25.0,))[0]
    clean = list(scene.frames(scene.Scene(3), 192, 128, 24, 7))
    pairs = make_pairs(task, kind, clean) if kind != "blur" else Pairs(kind, [
        scene.render(scene.Scene(3), 192, 128, k / 24, exposure_s=0.9 / 24) for k in range(7)], clean, tuple(range(7)))
    truth, restored, without = (np.stack([clip[k] for k in pairs.counted]) for clip in (
        pairs.clean, list(answer(task, net, pairs)), baseline(task, next(iter(task.baselines)), pairs)))
    assert psnr(restored, truth) - psnr(without, truth) > GAIN_DB[row.task]


def test_a_rate_takes_the_network_that_makes_frames():
    assert chosen(None, None, None, None, "winograd", Fraction(5, 2))[1] == "safa-s-moved"
    assert chosen(None, None, 2, None, "winograd", Fraction(1))[1] == "duf-s-x2"
    assert chosen(None, None, None, None, "winograd", Fraction(1))[1] == "remonet-s-told"
