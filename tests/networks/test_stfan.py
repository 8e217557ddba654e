"""STFAN: the recurrence and its driver, bands, gradients of the whole, the same bits, bad input."""
import numpy as np
import pytest
from places import GOLDEN
from small_stfan import SMALL, build, clip

from refvr import gradcheck, ops, trace
from refvr.checkpoints import h5
from refvr.checkpoints.releases import release
from refvr.errors import InputError, ShapeError
from refvr.networks.stfan import STFAN
from refvr.networks.stfan_seed import STFANSeed
from refvr.pipeline.drivers import first_needed, restore_frames
from refvr.pipeline.restore import restore
from refvr.pipeline.stfan import deblur_stfan
from refvr.verify import load_case

BOTH = pytest.mark.parametrize("network", [STFAN, STFANSeed])


def test_the_first_state_stands_for_the_frame_twice():
    net, frame = build(), clip(1, 8, 12)
    with trace() as t:
        first = net(frame, frame, frame)
    again = net(frame, frame, frame, np.concatenate([t["encode.quarter"]] * 2, axis=-1))
    assert all(np.array_equal(a, b) for a, b in zip(first, again))


def test_a_reset_starts_a_new_clip():
    net, frames = build(), clip(5)
    pieces = [frame for part in (frames[:2], frames[2:4], frames[4:]) for frame in deblur_stfan(net, part)]
    assert np.array_equal(list(deblur_stfan(net, frames, reset_every=2)), pieces)
    assert not np.array_equal(list(deblur_stfan(net, frames))[2:], pieces[2:])
    with pytest.raises(InputError, match="reset_every 0"):
        next(deblur_stfan(net, frames, reset_every=0))


def test_the_ensemble_goes_through_a_clip_both_ways():
    net, frames = build(), clip(15, 4, 8)
    want = [(a + b) / 2 for part in (frames[:12], frames[12:])
            for a, b in zip(deblur_stfan(net, part), reversed(list(deblur_stfan(net, part[::-1]))))]
    mean = list(deblur_stfan(net, frames, ensemble=True))
    assert np.array_equal(mean, want)
    backwards = list(deblur_stfan(net, frames[11::-1], ensemble=True))
    assert np.allclose(mean[:12], backwards[::-1], atol=1e-6)
    assert first_needed(net, 14, {"ensemble": True}) == 12
    assert np.array_equal(list(restore_frames(frames, net, ensemble=True, start=13)), mean[13:])


@BOTH
def test_threads_and_backends(network):
    x = clip(1, 36, 44)
    answers = []
    for count in (1, 2):
        with ops.threads(count):
            answers.append([a.tobytes() for a in build(network)(x, x, x)])
    assert answers[0] == answers[1]
    net, wide = build(network, np.float64), x.astype(np.float64)
    fast = net(wide, wide, wide)
    with ops.backend("plain"):
        for a, b in zip(fast, net(wide, wide, wide)):
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)   # some ten layers of sums of some hundred terms


@BOTH
def test_gradients_of_the_whole(network):
    net, images = build(network, np.float64), [clip(1, 8, 4, np.float64, seed) for seed in (1, 2, 3)]
    state = np.random.default_rng(4).standard_normal(net(*images)[1].shape)

    def both(*operands):
        y, new = net(*operands)
        return ops.concat(ops.reshape(y, (-1,)), ops.reshape(new, (-1,)), axis=0)

    gradcheck(both, [*images, state], elements=12)
    watched = ("align.filters.weight", "decode.full.enter.weight", "carry.bias", "summary.weight")
    net.watch()
    places = net._arrays(False)

    def of(*values):
        for name, value in zip(watched, values):
            setattr(*places[name], value)
        return both(*images, state)

    gradcheck(of, [net.state()[name] for name in watched], elements=12)


@BOTH
@pytest.mark.parametrize("change, words", [
    ({"frame": (1, 9, 12)}, r"multiples of 4\): got shape \(1, 9, 12, 3\), expected \(n, 12, 12, 3\)"),
    ({"previous": (1, 8, 8)}, "previous and restored"),
    ({"restored": (2, 8, 12)}, "previous and restored"),
    ({"state": (1, 2, 3)}, "state"),
])
def test_bad_input(network, change, words):
    shapes = {"frame": (1, 8, 12), "previous": (1, 8, 12), "restored": (1, 8, 12)} | change
    with pytest.raises(ShapeError, match=words):
        build(network)(**{name: np.zeros((*shape, 3), np.float32) for name, shape in shapes.items()})


def test_restore_deblurs_a_file(tmp_path):
    net, frames = build(), clip(3)
    h5.save(tmp_path / "w.h5", net.state(), {"network": "stfan", "config": {"widths": SMALL.widths, "k": SMALL.k}})
    np.save(tmp_path / "in.npy", frames)
    report = restore(tmp_path / "in.npy", tmp_path / "out.npy", weights=tmp_path / "w.h5")
    assert report.frames == 3
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), np.stack(list(deblur_stfan(net, frames))))


def test_names_of_a_parallel_module():
    """The release's names begin with "module."; those of a bare network do not."""
    official = load_case(GOLDEN / "stfan_official_d.h5").state
    mine = release("stfan").forth({f"module.{name}": array for name, array in official.items()})
    bare = release("stfan").forth(official)
    assert mine.keys() == bare.keys() and all(np.array_equal(mine[name], bare[name]) for name in bare)


def test_filters_are_turned_once():
    """Official channel c * 25 + t is tap t of channel c; ours lie tap after tap."""
    official = np.arange(3200.0)
    ours = release("stfan").to_ours("align.filters.bias", official)
    assert ours.reshape(25, 128)[7, 11] == 11 * 25 + 7
