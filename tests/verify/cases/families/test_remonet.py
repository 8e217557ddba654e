"""ReMoNet as cases have it: calls, clips, and steps of two networks that distil each other."""
from dataclasses import replace

import numpy as np
import pytest
from made_cases import failed, made, names, spoilt
from places import GOLDEN
from wrong_calls import drawn

from refvr import ops
from refvr.errors import InputError
from refvr.networks.remonet import Config, ReMoNet
from refvr.verify import load_case
from refvr.verify.cases.families import remonet

F32, F64 = np.dtype(np.float32), np.dtype(np.float64)
TINY = Config(frames=3, widths=(4, 8, 16), state=4)


@pytest.fixture(scope="module")
def seven():
    return load_case(GOLDEN / "remonet_t7_a.h5")


@pytest.fixture
def tiny(monkeypatch):
    """Networks of a case are tiny; those of two states differ."""
    def build(case, state, dtype):
        return ReMoNet(TINY).init(np.random.default_rng(len(state))).astype(dtype)

    monkeypatch.setattr(remonet, "build", build)
    return build


def test_a_window_and_every_value_on_the_way(seven):
    assert remonet.build(seven, seven.state, F64).config == Config(frames=7)
    assert failed(spoilt(seven, "trace", "fusion.encoder2", 1e-3)) == {"fusion.encoder2"}


def test_a_branch_is_a_difference():
    """The sum with the shortcut is inside our convolution: the other branch is what is left of it."""
    seen = {"fusion.down1.widen": np.full((1, 2, 2, 3), 5.0), "fusion.down1.skip": np.full((1, 2, 2, 3), 3.0)}
    case = made("remonet", {})
    for name, level in (("encoder1.0.conv1", 2.0), ("encoder1.0.conv2", 3.0)):
        assert np.array_equal(remonet._traced(case, f"fusion.{name}", seen), np.full((1, 3, 2, 2), level))
    assert remonet._traced(case, "step0.unet.in_layer", {"step0.unet.in_layer": np.ones((1, 2, 2, 3))}).all()
    assert remonet._traced(case, "step0.unet.out", {"step0.unet": np.ones((1, 2, 2, 3))}).all()


def test_a_value_that_it_has_not(seven):
    for name in ("step0.elsewhere", "step99.out", "fusion.encoder9"):
        with pytest.raises(InputError, match=f"unknown trace entry '{name}', expected step0.out, fusion.encoder1"):
            remonet.run_network(replace(seven, trace=names(name)), F32, True)


def test_frames_apart_or_in_channels(tiny):
    x = drawn(1, 3, 3, 8, 8).astype(np.float32)
    apart, together = (remonet.run_network(made("remonet", {"x": each}), F32, False).outputs["y"]
                       for each in (x, x.reshape(1, 9, 8, 8)))
    assert apart.shape == (1, 3, 3, 8, 8) and np.array_equal(apart, together)


def test_clips(tiny):
    """Windows side by side as the official driver has them: what does not fill one is not written."""
    clip = np.random.default_rng(1).random((7, 3, 8, 8)).astype(np.float32)
    found = remonet.run_sequence(made("remonet.seq", {"seq4": clip[:4], "seq7": clip}), F32, False).outputs
    assert found["covered4"].tolist() == [0, 1, 2] and found["covered7"].tolist() == [0, 1, 2, 3, 4, 5]
    assert found["den4"].shape == (3, 3, 8, 8) and found["den7"].shape == (6, 3, 8, 8)
    window = remonet.run_network(made("remonet", {"x": clip[None, :3]}), F32, False).outputs["y"]
    assert np.allclose(found["den7"][:3], np.clip(window[0], 0, 1), atol=1e-5) and found["den7"].min() >= 0


def mutual(y1, y2):
    """Sum over clips of the squared difference of the likeness of frames, rows of length 1, over t^2."""
    total = 0.0
    for clips in zip(y1, y2):
        units = []
        for clip in clips:
            gram = clip.reshape(len(clip), -1) @ clip.reshape(len(clip), -1).T
            units.append(gram / np.linalg.norm(gram, axis=1, keepdims=True))
        total += ((units[0] - units[1]) ** 2).sum()
    return total / y1.shape[1] ** 2


def test_steps_of_two_networks(tiny):
    """loss_k = sum (gt - y_k)^2 / 2n, and the mutual loss; both learn from the sum, by Adam at 8e-4."""
    x, gt = drawn(2, 3, 3, 8, 8, seed=1), drawn(2, 3, 3, 8, 8, seed=2)
    weight = "conv_out.weight"
    outputs = names(*(f"{what}:model_{k}.{weight}" for k in (1, 2) for what in ("grad", "adam1", "adam2")))
    state = {"model_1.a": x, "model_2.a": x, "model_2.b": x}
    case = replace(made("remonet.train", {"x": x, "gt": gt}, config={"steps": 2}, outputs=outputs, state=state),
                   meta={"family": "remonet.train", "config": {"steps": 2}, "param_order": [weight]})
    with ops.backend("plain"):
        found = remonet.run_training(case, F64).outputs
        starts = [tiny(case, dict.fromkeys("ab"[:k]), F64) for k in (1, 2)]
    assert found.keys() == {*outputs, "losses", "y1", "y2", "dmutual_dy1", "dmutual_dy2", "gradnorm:model_1",
                            "gradnorm:model_2"}
    first = [((gt - found[f"y{k}"]) ** 2).sum() / 4 for k in (1, 2)] + [mutual(found["y1"], found["y2"])]
    assert found["losses"].shape == (3, 4) and np.allclose(found["losses"][0], [*first, sum(first)])
    assert found["losses"][2, 3] < found["losses"][0, 3] and not np.array_equal(found["y1"], found["y2"])
    for k, start in zip((1, 2), starts):
        gradient, before = found[f"grad:model_{k}.{weight}"], np.einsum("ijco->ocij", start.state()["conv_out.weight"])
        assert np.isclose(found[f"gradnorm:model_{k}"][0], np.linalg.norm(gradient))
        step = found[f"adam1:model_{k}.{weight}"] - before
        assert np.allclose(step, -8e-4 * np.sign(gradient), rtol=1e-3, atol=1e-7)    # Adam's first step
        assert not np.array_equal(found[f"adam1:model_{k}.{weight}"], found[f"adam2:model_{k}.{weight}"])
    v, step = drawn(*gt.shape), 1e-6
    ends = [mutual(found["y1"] + sign * step * v, found["y2"]) for sign in (1, -1)]
    assert np.isclose((found["dmutual_dy1"] * v).sum(), (ends[0] - ends[1]) / (2 * step), rtol=1e-4)
