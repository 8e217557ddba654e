"""What mistakes are looked for in: an operation on its operands, a part of a network on its inputs."""
import numpy as np
import pytest
from subjects import tiny

from refvr import ops
from refvr.errors import InputError, RefvrError
from refvr.verify.diagnose.targets import OperationTarget, PartTarget, Variant
from refvr.verify.mistakes import MISTAKES, mistakes_of

rng = np.random.default_rng(0)
X = rng.standard_normal((1, 5, 6, 3)).astype(np.float32)
W, B = rng.standard_normal((3, 3, 3, 4)).astype(np.float32), rng.standard_normal(4).astype(np.float32)


@pytest.fixture(autouse=True)
def one_thread():
    with ops.threads(1):
        yield


def variant(name, only=None, where=""):
    return Variant(MISTAKES[name], only, where)


# operations

def test_an_operation_runs_in_float64_or_float32():
    target = OperationTarget("conv2d", {"x": X, "weight": W, "bias": B}, {"stride": 2}, "nhwc")
    want = ops.conv2d(X.astype(np.float64), W.astype(np.float64), B.astype(np.float64), stride=2)
    assert target.name == "conv2d" and np.array_equal(target.run(), want)
    assert np.array_equal(target.run(dtype=np.float32), ops.conv2d(X, W, B, stride=2))
    with_option = OperationTarget("conv2d", {"x": X, "weight": W, "bias": B, "stride": 2}, {}, "nhwc")
    assert np.array_equal(with_option.run(), want)   # options may be among the inputs


def test_of_two_mistakes_the_first_stands_outside():
    """A bias of which twice as much is added, and then none of it at all; the other way round there is one left."""
    target = OperationTarget("conv2d", {"x": X, "weight": W, "bias": B}, {}, "nhwc")
    plain, twice = target.run(variant("conv2d.bias_missing")), target.run(variant("conv2d.bias_added_twice"))
    np.testing.assert_allclose(target.run() - plain, np.broadcast_to(B, plain.shape), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(twice - plain, np.broadcast_to(2 * B, plain.shape), rtol=1e-5, atol=1e-6)
    flipped = target.run(variant("conv2d.bias_missing"), variant("conv2d.kernel_flipped"))
    want = ops.conv2d(X.astype(np.float64), W[::-1, ::-1].astype(np.float64))
    np.testing.assert_allclose(flipped, want, rtol=1e-9, atol=1e-12)


def test_arrays_with_channels_first_are_brought_to_ours():
    given = {"x": X.transpose(0, 3, 1, 2), "weight": W.transpose(3, 2, 0, 1), "bias": B}
    ours = OperationTarget("conv2d", {"x": X, "weight": W, "bias": B}, {}, "nhwc")
    assert np.array_equal(OperationTarget("conv2d", given, {}, "nchw").run(), ours.run())
    parts = {f"xs{k}": X + k for k in range(2)}
    first = {name: x.transpose(0, 3, 1, 2) for name, x in parts.items()}
    assert np.array_equal(OperationTarget("concat", parts, {}, "nhwc").run(), np.concatenate([X, X + 1], -1))
    assert np.array_equal(OperationTarget("concat", first, {}, "nchw").run(), np.concatenate([X, X + 1], -1))
    taps = rng.standard_normal((1, 27, 5, 6)).astype(np.float32)   # of 3 channels 3x3 each, channel after channel
    kernel = taps.reshape(1, 3, 9, 5, 6).transpose(0, 3, 4, 2, 1)
    found = OperationTarget("fac", {"x": X.transpose(0, 3, 1, 2), "kernel": taps}, {}, "nchw").run()
    assert np.array_equal(found, ops.fac(X.astype(np.float64), np.ascontiguousarray(kernel, np.float64)))


def test_names_that_an_operation_has_not_are_said():
    with pytest.raises(InputError, match="strides"):
        OperationTarget("conv2d", {"x": X, "weight": W}, {"strides": 2}, "nhwc").run()


def test_all_mistakes_of_an_operation_are_one_stage():
    (stage,) = OperationTarget("warp", {}, {}, "nhwc").variants()
    assert [v.mistake for v in stage] == list(mistakes_of("warp")) and all(v.only is None for v in stage)


def test_a_variant_says_which_call_it_is_in():
    all_of, one = variant("conv2d.kernel_flipped"), variant("conv2d.kernel_flipped", 2, " (the third)")
    assert (all_of.name, all_of.kind) == ("conv2d.kernel_flipped", "mistakes in conv2d")
    assert (one.name, one.says) == ("conv2d.kernel_flipped#2", f"{all_of.says} (the third)")


# parts of networks

@pytest.fixture
def net():
    return tiny("remonet-s", 3)


def picture(c, seed=1):
    return np.random.default_rng(seed).random((1, 8, 12, c), np.float32)


def test_a_part_runs_in_float64_and_the_network_is_as_it_was(net):
    x = picture(net.conv1.weight.shape[2])
    before = net.conv1(x)
    target = PartTarget(net, "conv1", {"x": x}, {}, "nhwc")
    y = target.run()
    assert y.dtype == np.float64 and np.abs(y - before).max() < 1e-5
    assert net.conv1.weight.dtype == np.float32 and np.array_equal(net.conv1(x), before)
    assert target.name.endswith(":conv1") and PartTarget(net, "conv1", {"x": x}, {}, "nhwc", "mine").name == "mine"
    with pytest.raises(RefvrError):
        PartTarget(net, "conv1", {"x": x[..., :2]}, {}, "nhwc").run()
    assert net.conv1.weight.dtype == np.float32


def test_a_mistake_is_planted_in_all_calls_or_in_one(net):
    x = picture(net.config.widths[0])
    target = PartTarget(net, "unet", {"x": x}, {}, "nhwc")
    stages = list(target.variants())
    assert len(stages) == 2 and all(v.only is None for v in stages[0]) and all(v.only is not None for v in stages[1])
    flipped = [v for v in stages[1] if v.mistake.name == "conv2d.kernel_flipped"]
    assert [v.only for v in flipped] == list(range(len(flipped))) and len(flipped) > 1
    assert all(" (conv2d number " in v.says and ", on the way to " in v.says for v in flipped)
    wrong = {v.only: target.run(v) for v in flipped}
    everywhere = target.run(next(v for v in stages[0] if v.mistake.name == "conv2d.kernel_flipped"))
    right = target.run()
    # one starts at zeros, and is the same when it is flipped
    assert len({y.tobytes() for y in wrong.values()}) >= len(wrong) - 1 and not np.array_equal(everywhere, right)
    both = target.run(*flipped[:2])
    assert not any(np.array_equal(both, y) for y in (right, everywhere, *wrong.values()))
    assert np.abs(net.unet(x) - right).max() < 1e-4


def test_the_whole_network_and_windows_with_channels_first(net):
    given = {name: np.random.default_rng(2).random((1, net.config.frames, 8, 16, c), np.float32)
             for name, c in (("x", 3), ("noise_map", 2))}
    first = {name: x.transpose(0, 1, 4, 2, 3) for name, x in given.items()}
    whole = PartTarget(net, "", given, {}, "nhwc").run()
    assert whole.shape[-1] == 3 and np.array_equal(PartTarget(net, "", first, {}, "nchw").run(), whole)


def test_of_a_network_of_volumes_parts_take_channels_before_time():
    net = tiny("duf-16-x2", 1)
    path = next(path for path, module in net.modules() if getattr(module, "weight", np.zeros(0)).ndim == 5)
    layer = dict(net.modules())[path]
    x = np.random.default_rng(2).random((1, 5, 6, 7, layer.weight.shape[3]), np.float32)
    target = PartTarget(net, path, {"x": x.transpose(0, 4, 1, 2, 3)}, {}, "nchw")
    assert target.result == "clip" and np.abs(target.run() - layer(x)).max() < 1e-4


def test_a_single_array_of_any_name_is_the_first_input_and_other_names_are_refused(net):
    x = picture(net.conv1.weight.shape[2])
    right = PartTarget(net, "conv1", {"x": x}, {}, "nhwc").run()
    assert np.array_equal(PartTarget(net, "conv1", {"anything": x}, {}, "nhwc").run(), right)
    with pytest.raises(InputError, match="has no input 'other'") as caught:
        PartTarget(net, "conv1", {"x": x, "other": x}, {}, "nhwc")
    assert "its inputs are x, residual" in caught.value.fix
    with pytest.raises(InputError, match="has no input 'routing'"):
        PartTarget(net, "conv1", {"x": x}, {"routing": 1}, "nhwc")


@pytest.mark.parametrize("path, near", [("no.conv1", "conv1"), ("nothing", "conv1")])
def test_a_part_that_is_not_there_gets_others_that_are(path, near, net):
    with pytest.raises(InputError, match=f"has no part '{path}'") as caught:
        PartTarget(net, path, {}, {}, "nhwc")
    assert near in caught.value.fix and caught.value.fix.startswith("for example ")
