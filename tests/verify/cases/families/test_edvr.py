"""EDVR as cases have it: names of both releases, padding, flips, gradients; parts of driver and training."""
from dataclasses import replace

import numpy as np
import pytest
from made_cases import answered, failed, made, names, same, slope, spoilt
from places import GOLDEN
from wrong_calls import drawn

from refvr import ops
from refvr.autodiff import array_of
from refvr.errors import InputError
from refvr.networks.edvr import EDVR, Config
from refvr.verify import load_case
from refvr.verify.cases.families import edvr

F32 = np.dtype(np.float32)


@pytest.fixture(scope="module")
def second_stage():
    """A second stage under the names of 2019; its result is not enlarged."""
    return load_case(GOLDEN / "edvr_tiny_e.h5")


def test_options_of_a_case_make_the_configuration(second_stage):
    net = edvr.build(second_stage, np.dtype(np.float64))
    assert net.config == Config(frames=5, features=16, offset_groups=2, extract_blocks=2, reconstruct_blocks=2,
                                centre=2, hr_in=True, predeblur=False, tsa=True)
    assert all(array.dtype == np.float64 for array in net.parameters().values())
    lacking = {key: value for key, value in second_stage.config.items() if key != "with_tsa"}
    with pytest.raises(InputError, match="got with_tsa = None in meta, expected bool"):
        edvr.build(replace(second_stage, meta=second_stage.meta | {"config": lacking}), F32)


def test_a_window_and_values_on_the_way(second_stage):
    spoiled = second_stage
    for name in ("aligned", "pcd_l1_offset"):
        spoiled = spoilt(spoiled, "trace", name, 1e-3)
    assert failed(spoiled) == {"aligned", "pcd_l1_offset"} and {"out", "feat_l2"} <= {*spoiled.outputs, *spoiled.trace}


@pytest.mark.parametrize("name, meta, says", [
    ("feat_l9", {}, "unknown trace entry 'feat_l9', expected aligned, predeblur_l1, predeblur_out"),
    ("fusion_out", {"trace_slices": {"fusion_out": "every"}}, "trace_slices of fusion_out is 'every', expected"),
    ("pcd_l1_mask", {"trace_frame": "first"}, "got trace_frame = 'first' in meta, expected int")])
def test_values_that_it_has_not(second_stage, name, meta, says):
    case = replace(second_stage, meta=second_stage.meta | meta, trace=names(name))
    with pytest.raises(InputError, match=says):
        edvr.run_network(case, F32, True)


TINY = Config(frames=3, features=8, offset_groups=2, extract_blocks=1, reconstruct_blocks=1)


@pytest.fixture
def tiny(monkeypatch):
    net = EDVR(TINY).init(np.random.default_rng(0))
    monkeypatch.setattr(edvr, "build", lambda case, dtype: net.astype(dtype))
    return net


def test_padding_and_flips(tiny):
    """Padded by mirroring to multiples of 4 and cropped; the mean of four answers to flipped windows, flipped back."""
    x = np.random.default_rng(1).random((1, 3, 3, 6, 7)).astype(np.float32)
    padded = np.pad(x, ((0, 0), (0, 0), (0, 0), (0, 2), (0, 1)), "reflect")
    case = made("edvr", {"x": x, "x_padded": padded}, outputs=names("out", "out_flipx4"))
    found = edvr.run_network(case, F32, False).outputs
    assert found["out"].shape == (1, 3, 32, 32)
    assert np.array_equal(found["out_cropped"], found["out"][:, :, :24, :28])
    total = np.zeros((1, 32, 32, 3))
    for flips in ((), (1,), (0,), (0, 1)):
        window = np.flip(np.moveaxis(padded, 2, -1), [axis + 2 for axis in flips])
        total += np.flip(tiny(np.ascontiguousarray(window)), [axis + 1 for axis in flips])
    assert np.allclose(found["out_flipx4"], np.moveaxis(total / 4, -1, 1), atol=1e-5)
    padded[..., -1] += 1
    with pytest.raises(InputError, match="x_padded is not x, reflected to multiples of 4"):
        edvr.run_network(case, F32, False)
    alone = edvr.run_network(made("edvr", {"x": x}, outputs=names("out")), F32, False)
    assert alone.outputs.keys() == {"out"}


def test_the_gradients_of_a_window(tiny):
    """Of the sum of sqrt((out - gt)^2 + 1e-12), by differences along a direction."""
    x, gt = drawn(1, 3, 3, 4, 4, seed=1), drawn(1, 3, 16, 16, seed=2)
    case = made("edvr.train", {"x": x, "gt": gt}, outputs=names("grad:conv_last.bias", "out"))
    with ops.backend("plain"):
        found = edvr.run_training(case, np.dtype(np.float64)).outputs
    assert found.keys() == {"out", "loss", "grad_x", "grad:conv_last.bias"}
    assert np.isclose(found["loss"], np.sqrt((found["out"] - gt) ** 2 + 1e-12).sum())
    v = drawn(*x.shape, seed=3)

    def loss(x):
        with ops.backend("plain"):
            y = array_of(tiny(np.ascontiguousarray(np.moveaxis(x, 2, -1))))
        return np.sqrt((np.moveaxis(y, -1, 1) - gt) ** 2 + 1e-12).sum()

    assert np.isclose((found["grad_x"] * v).sum(), slope(loss, x, v, 1e-7), rtol=1e-3)
    bias = np.sign(found["out"] - gt).sum((0, 2, 3))
    assert np.allclose(found["grad:conv_last.bias"], bias, atol=1e-3)


def test_windows_by_name():
    found = answered(made("op.edvr_frame_indices", {}, outputs=names("reflection_T5_n4", "replicate_T3_n2", "doc")))
    same(found.outputs, {"reflection_T5_n4": [[2, 1, 0, 1, 2], [1, 0, 1, 2, 3], [0, 1, 2, 3, 2], [1, 2, 3, 2, 1]],
                         "replicate_T3_n2": [[0, 0, 1], [0, 1, 1]]}, within=0)


def test_scores():
    """Pictures of 8 bits, blue first; PSNR and SSIM with and without 4 pixels at the border, of RGB and of Y."""
    rng = np.random.default_rng(1)
    out, gt = rng.uniform(-0.1, 1.1, (2, 3, 24, 28)).astype(np.float32)
    found = answered(made("op.edvr_metrics", {"net_out": out, "gt": gt})).outputs
    levels = [np.rint(255 * np.clip(np.moveaxis(x, 0, -1), 0, 1)) for x in (out, gt)]
    assert np.array_equal(found["quantised_bgr"], levels[0][..., ::-1])
    assert np.array_equal(found["gt_bgr"], levels[1][..., ::-1]) and np.isinf(found["psnr_identical"])
    y = [16 + x / 255 @ [65.481, 128.553, 24.966] for x in levels]
    assert np.allclose(found["y_float"], y[0] / 255, atol=1e-5) and np.abs(found["y_uint8"] - y[0]).max() <= 0.51
    assert np.allclose(found["ycbcr_float"][..., 0], y[0] / 255, atol=1e-5)
    assert np.array_equal(found["ycbcr_uint8"][..., 0], found["y_uint8"])
    for border, inner in ((0, slice(None)), (4, slice(4, -4))):
        for number, pictures in enumerate((levels, y)):
            error = np.mean((pictures[0][inner, inner] - pictures[1][inner, inner]) ** 2)
            assert found[f"psnr_crop{border}_y{number}"] == pytest.approx(10 * np.log10(255 ** 2 / error), abs=1e-3)
            assert -1 < found[f"ssim_crop{border}_y{number}"] < 0.5
    assert len({float(found[f"ssim_crop{border}_y{k}"]) for border in (0, 4) for k in (0, 1)}) == 4


def test_parts_of_training():
    pred, target, w, grads = drawn(2, 3), drawn(2, 3, seed=1), drawn(4, seed=2), drawn(3, 4, seed=3)
    steps = np.array([0, 25_000, 50_000, 50_001, 100_000, 200_000, 350_000])
    inputs = {"pred": pred, "target": target, "adam_w0": w, "adam_grads": grads, "lr_iters": steps}
    found = answered(made("op.edvr_train", inputs)).outputs
    d = pred - target
    distance = np.sqrt(d * d + 1e-12)
    for name, count in (("sum", 1), ("mean", 6)):
        assert np.isclose(found[f"charbonnier_{name}"], distance.sum() / count)
        assert np.allclose(found[f"charbonnier_{name}_grad"], d / distance / count)

    def rate(done, factor=1.0):
        """A share of a period, from 4e-4 down to 1e-7 by half a cosine."""
        return 1e-7 + factor * (4e-4 - 1e-7) / 2 * (1 + np.cos(np.pi * done))

    third = 50 / 150
    for name, late in (("lr_M", 1), ("lr_L", 0.5)):      # with attention after 50, 150, 300 and 450 thousand steps
        assert np.allclose(found[name], [rate(0), rate(0.5), rate(1), rate(1e-5, late), rate(0.5, late),
                                         rate(third, late), rate(third, late)], rtol=1e-12)
        early = [rate(step / 150_000) for step in steps[:5]]               # without it every 150 thousand
        assert np.allclose(found[f"{name}_woTSA"], [*early, rate(third, late), rate(third, late)], rtol=1e-12)
    m = v = 0
    at, path = w.copy(), []
    for k, g in enumerate(grads, 1):
        m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g * g
        at = at - 4e-4 * (m / (1 - 0.9 ** k)) / (np.sqrt(v / (1 - 0.99 ** k)) + 1e-8)
        path.append(at)
    assert np.allclose(found["adam_path"], path)
