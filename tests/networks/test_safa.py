"""SAFA: names, gradients of the whole, routes, batches and times; clips of any length and size; sound; refusals."""
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from media_clips import packets, smooth, times, write
from places import GOLDEN, ROOT
from small_safa import SMALL, clip, drawn, images

import refvr
from refvr import Tensor, backward, ops, zoo
from refvr.autodiff.tape import array_of
from refvr.checkpoints import h5
from refvr.checkpoints.releases import release
from refvr.errors import InputError, ShapeError, WeightsError
from refvr.media.clip import Frame
from refvr.networks.safa import SAFA, Config, Selector
from refvr.nn.layers import BatchNorm
from refvr.ops.route import FIXED
from refvr.pipeline.chosen import load_network
from refvr.pipeline.drivers import restore_frames
from refvr.pipeline.restore import restore
from refvr.pipeline.safa import enlarged, interpolate, restore_safa, restore_safa_clip
from refvr.pipeline.safa_pair import named_rule
from refvr.plan import fetch
from refvr.plan.memory import memory
from refvr.plan.stream import Stream
from refvr.verify import load_case

CASE = GOLDEN / "safa_c.h5"
ROUTES = [FIXED[name] for name in ("full", "half", "quarter")]


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    """A file of small weights."""
    path = tmp_path_factory.mktemp("weights") / "safa.h5"
    h5.save(path, drawn().state(), {"network": "safa", "config": SMALL})
    return path


def test_names_and_layouts_both_ways():
    official, ours = load_case(CASE).state, SAFA(Config(channels=16)).state()
    turned = release("safa").forth(official)
    assert {name: array.shape for name, array in turned.items()} == {name: array.shape for name, array in ours.items()}
    for name, array in official.items():
        mine = release("safa").our_name(name)
        assert release("safa").official_name(mine) == name and release("safa").our_name(f"module.{name}") == mine
        assert np.array_equal(release("safa").to_official(mine, turned[mine]), array), name
    for k, (theirs, _) in enumerate(release("safa").table):  # every row of the table is used
        before = [f".{name}" for name in official]
        for fragment, mine in release("safa").table[:k]:
            before = [name.replace(fragment, mine) for name in before]
        assert any(theirs in name for name in before), theirs


def test_colours_are_turned_once():
    """Red first in, red first out: what blue-first weights do to blue-first images."""
    official = load_case(CASE).state
    turned = release("safa").forth(official)
    theirs, ours = official["block.convimg.normalize.weight"][:, :, 0, 0], turned["head.normalize.weight"][0, 0]
    assert np.array_equal(ours, theirs.T[::-1])
    bias = official["lastconv.15.bias"].reshape(3, 4)
    assert np.array_equal(turned["decoder.out.bias"].reshape(3, 4), bias[::-1])


def test_gradients_of_the_whole(monkeypatch):
    """Of everything but the selector, whose gradient is straight through and judged by the cases."""
    select = Selector.forward
    monkeypatch.setattr(Selector, "forward", lambda self, x: array_of(select(self, x)))
    net, (x0, x1) = drawn(np.float64), images(2, 8, 16, np.float64)
    routing = np.array([ROUTES[:2], ROUTES[1:]])[None]  # (1, blocks, n, 2): all three routes
    parameters = {name: p for name, p in net.watch().items() if not name.startswith("selector")}
    y = net(Tensor(x0), Tensor(x1), [0.3], routing=routing).frames
    r = np.random.default_rng(1).standard_normal(y.shape)
    backward(y, r)
    rng = np.random.default_rng(2)
    direction = {name: rng.standard_normal(p.shape) for name, p in parameters.items()}
    slope = sum(float(np.sum(p.grad * direction[name])) for name, p in parameters.items())
    size = np.sqrt(sum(float(np.sum(p.grad ** 2)) for p in parameters.values()))
    state = net.unwatch().state()

    def value(step):
        moved = {name: array + step * direction.get(name, 0) if name in direction else array
                 for name, array in state.items()}
        return float(np.sum(r * net.load(moved)(x0, x1, [0.3], routing=routing).frames))

    h = 1e-7
    assert abs((value(h) - value(-h)) / (2 * h) - slope) < 1e-5 * size


def test_batch_norms_keep_their_statistics_in_training():
    net = drawn().train()
    before = net.head.stem.norm.running_mean.copy()
    norms = [module for _, module in net.modules() if isinstance(module, BatchNorm)]
    net.watch()
    net(*images(), [0.5])
    assert norms and not any(module.training for module in norms) and net.training
    assert np.array_equal(net.head.stem.norm.running_mean, before)


def test_each_sample_time_and_route_is_by_itself():
    """Bits: a batch is its samples, a list of times is each time, mixed routes are single ones."""
    net, pair = drawn(), images(3)
    routing = np.array([[ROUTES, ROUTES[::-1]], [ROUTES[1:] + ROUTES[:1], ROUTES]])  # (t, blocks, n, 2)
    whole = net(*pair, [0.25, 1], routing=routing)
    assert whole.frames.shape == (3, 2, 16, 24, 3) and whole.probabilities.shape == (2, 2, 3, 2)
    assert np.array_equal(whole.decisions, routing)
    for n in range(3):
        for k, t in enumerate((0.25, 1)):
            one = net(*pair[:, n:n + 1], [t], routing=routing[k:k + 1, :, n:n + 1])
            assert np.array_equal(one.frames[0, 0], whole.frames[n, k])
    times_of_each = np.array([[0.5, 0.1], [0.2, 0.9], [0, 1]])
    each = net(*pair, times_of_each, routing="full").frames
    assert np.array_equal(each[1:2], net(*pair[:, 1:2], times_of_each[1], routing="full").frames)


def test_routes():
    net, pair = drawn(), images()
    answers = {name: net(*pair, [0, 0.5], routing=name) for name in FIXED}
    for name, answer in answers.items():
        assert np.array_equal(answer.decisions, np.tile(FIXED[name], (2, 2, 1, 1)))
    assert np.abs(answers["full"].frames - answers["half"].frames).max() > 1e-3
    assert np.abs(answers["half"].frames - answers["quarter"].frames).max() > 1e-3
    chosen = net(*pair, [0, 0.5])
    assert np.array_equal(chosen.decisions, chosen.probabilities >= 0.5)
    draws = [net(*pair, [0, 0.5], routing=np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert np.array_equal(draws[0].frames, draws[1].frames)
    assert np.array_equal(draws[0].frames, net(*pair, [0, 0.5], routing=draws[0].decisions).frames)
    p = draws[0].probabilities
    assert np.array_equal(draws[0].decisions, np.random.default_rng(1).random(p.shape) < p)


def test_same_bits_for_any_number_of_threads():
    net, pair = drawn(), images(2, 64, 72)
    results = []
    for count in (1, 2):
        with refvr.threads(count):
            results.append(net(*pair, [0.4]).frames.tobytes())
    assert results[0] == results[1]


def test_round_trip_coordinates_are_the_same_but_for_rounding():
    pair = images(dtype=np.float64)
    ours, theirs = (drawn(np.float64, coordinates=c)(*pair, [0.5]).frames for c in ("pixels", "round_trip"))
    assert 0 < np.abs(ours - theirs).max() < 1e-12


def test_times_at_a_rational_rate_and_an_uneven_clock(weights, tmp_path):
    pts = [0, 40, 140, 160, 200]  # milliseconds
    source = write(tmp_path / "in.mp4", (255 * smooth(5, 16, 24)).astype(np.uint8), "libx264", "yuv420p", pts=pts,
                   time_base=Fraction(1, 1000), sound=True)
    before, half = times(source), Fraction(1, 2)
    report = restore(source, tmp_path / "out.mp4", weights=weights, rate=2.5)
    places = [Fraction(2 * j, 5) for j in range(11)]
    want = [before[int(p)] + (p % 1) * (before[min(int(p) + 1, 4)] - before[int(p)]) for p in places]
    assert report.frames == 11 and times(report.target) == want
    assert packets(report.target, "audio") == packets(source, "audio") != []
    restore(source, tmp_path / "less.mp4", weights=weights, rate=half)
    assert times(tmp_path / "less.mp4") == before[::2]


def test_enlarging():
    frame = np.zeros((9, 8, 3), np.float32)
    frame[3:5, 3:5] = 1
    ours, theirs = enlarged(frame), enlarged(frame, official=True)
    assert ours.shape == theirs.shape == (64, 32, 3)
    assert ours.max() > 1 and ours.min() < 0 and theirs.max() == 1 and theirs.min() == 0
    assert np.array_equal(ours[36:], ours[34:6:-1]) and not theirs[36:].any()  # mirrored; black
    levels = ops.resize_cubic((frame[None] * 255).astype(np.uint8))[0]
    assert np.array_equal(np.rint(theirs[:36] * 255), levels)


def test_times_names_and_alpha_of_new_frames():
    frames = [Frame(rgb, pts, Fraction(1, 50), np.full((5, 7), alpha, np.float32), name, 2) for rgb, pts, alpha, name in
              zip(clip(3), (10, 12, 18), (0, 1, 0.5), "abc")]
    new = list(restore_safa_clip(drawn(), iter(frames), rate=2))
    assert [frame.pts * frame.time_base for frame in new] == [Fraction(k, 50) for k in (10, 11, 12, 15, 18)]
    assert [frame.duration * frame.time_base for frame in new] == [Fraction(k, 50) for k in (1, 1, 3, 3, 2)]
    assert [frame.name for frame in new] == ["a", "a_1", "b", "b_1", "c"]
    assert [float(frame.alpha[9, 9]) for frame in new] == [0, 0.5, 1, 0.75, 0.5]
    assert new[0].alpha.shape == (20, 28)


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_sound_stays_in_sync(weights, tmp_path, suffix):
    pts = [0, 40, 80, 160, 200]  # milliseconds, unevenly spaced
    source = write(tmp_path / f"in.{suffix}", (255 * smooth(5, 16, 24)).astype(np.uint8), "libx264", "yuv420p", pts=pts,
                   time_base=Fraction(1, 1000), sound=True)
    before = times(source)
    report = restore(source, tmp_path / f"out.{suffix}", weights=weights, rate=4)
    after = times(report.target)
    assert (report.frames, report.width, report.height) == (17, 96, 64) and len(after) == 17
    unit = Fraction(1, 1000) if suffix == "mkv" else 0  # Matroska counts in milliseconds
    assert all(abs(new - old) <= unit for new, old in zip(after[::4], before))
    steps = [b + (c - b) * Fraction(k, 4) for b, c in zip(before, before[1:]) for k in range(4)]
    assert all(abs(new - want) <= unit for new, want in zip(after, steps))
    assert packets(report.target, "audio") == packets(source, "audio") != []


def test_files_without_times(weights, tmp_path):
    np.save(tmp_path / "in.npy", np.stack(clip(3)))
    report = restore(tmp_path / "in.npy", tmp_path / "out.npy", weights=weights, rate=2, routing="quarter")
    net = load_network(weights=weights)
    expected = np.stack(list(restore_frames(clip(3), net, rate=2, routing="quarter")))
    assert report.frames == 5 and np.array_equal(np.load(tmp_path / "out.npy"), expected)
    restore(tmp_path / "in.npy", tmp_path / "out.mp4", weights=weights, rate=2)
    assert times(tmp_path / "out.mp4") == [Fraction(k, 50) for k in range(5)]


def test_command_line(weights, tmp_path):
    np.save(tmp_path / "in.npy", np.stack(clip(2)))
    command = [sys.executable, "-m", "refvr", "restore", str(tmp_path / "in.npy"), str(tmp_path / "out.npy"),
               "--weights", str(weights)]
    done = subprocess.run([*command, "--rate", "3", "--routing", "7"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and np.load(tmp_path / "out.npy").shape == (4, 20, 28, 3), done.stderr
    (tmp_path / "out.npy").unlink()
    for wrong, what in ((["--rate", "0"], "rate: got 0"), (["--routing", "best"], "'best'"),
                        (["--sigma", "9"], "blind"), (["--ensemble"], "SAFA has no ensemble")):
        done = subprocess.run([*command, *wrong], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 2 and what in done.stderr and len(done.stderr.splitlines()) == 1
        assert not (tmp_path / "out.npy").exists()


def test_bad_input_is_named(weights):
    net, (x0, x1) = drawn(), images()
    for wrong in ([-0.1], [0.5, 1.01], [], [np.nan]):
        with pytest.raises(InputError, match="each from 0"):
            net(x0, x1, wrong)
    with pytest.raises(ShapeError, match="multiples of 8"):
        net(x0[:, :12], x1[:, :12], [0.5])
    with pytest.raises(ShapeError, match="SAFA image 1"):
        net(x0, x1[:, :8], [0.5])
    with pytest.raises(ShapeError, match="SAFA routing"):
        net(x0, x1, [0.5], routing=np.zeros((1, 6, 1, 2)))
    with pytest.raises(InputError, match="even number"):
        SAFA(Config(channels=15))
    with pytest.raises(InputError, match="frame 1: got .*one size throughout"):
        interpolate(net, *clip(1), clip(1, 6)[0], [0.5])
    with pytest.raises(InputError, match="frame 1: got 7x6 after 7x5"):
        list(restore_safa(net, [*clip(1), *clip(1, 6)]))
    for wrong in (0, -1, 241, "x", float("nan"), True):
        with pytest.raises(InputError, match="expected a number above 0, at most 240"):
            list(restore_safa(net, clip(2), rate=wrong))
    with pytest.raises(InputError, match="'9th'"):
        named_rule("9th")
    with pytest.raises(InputError, match="ReMoNet makes no new frames"):
        list(restore_frames(clip(3), zoo.build("remonet"), rate=2))
    with pytest.raises(WeightsError, match="holds weights of safa"):
        zoo.load("remonet", weights)


@pytest.mark.parametrize("motion", [False, True])
@pytest.mark.parametrize("size", [(16, 24), (9, 13)])   # enlarged by bands; padded
def test_a_clip_in_files_is_the_clip(motion, size, monkeypatch):
    """Images, features and flow in files; rows that a flow points to are read one after the other."""
    net, frames = drawn(motion=motion), np.random.default_rng(4).random((3, *size, 3), np.float32)
    whole = [y.tobytes() for _, y in restore_safa(net, frames, rate=2)]
    monkeypatch.setattr("refvr.plan.schedule.LITTLE", 1)
    seen = []
    right = fetch.fetched
    monkeypatch.setattr("refvr.plan.stream.fetched", lambda *a, **k: seen.append(a[0].shape) or right(*a, **k))
    for rows, chunk in ((8, 1 << 26), (16, 1), (64, 1)):
        monkeypatch.setattr(fetch, "CHUNK", chunk)
        monkeypatch.setattr("refvr.plan.memory.fitting", lambda graph, most, files, results, rows=rows: Stream(
            graph, rows, files=files, results=results))
        with memory(1, files=True):
            assert [y.tobytes() for _, y in restore_safa(net, frames, rate=2)] == whole
    assert {shape[-1] for shape in seen} == {3, net.config.channels}
