"""STFAN's training as cases have it: its loss in both readings, a step for every frame, its change of colours."""
from dataclasses import replace

import numpy as np
import pytest
from made_cases import answered, failed, made, names, spoilt
from places import GOLDEN
from small_vgg import small_vgg

from refvr import ops
from refvr.checkpoints.releases import release
from refvr.errors import InputError
from refvr.networks.stfan import STFAN, Config
from refvr.verify import load_case
from refvr.verify.cases.families import stfan_training
from refvr.verify.cases.steps import stfan

F64 = np.dtype(np.float64)


def test_the_loss_in_both_readings():
    golden = load_case(GOLDEN / "stfan_loss_a.h5")
    assert failed(spoilt(spoilt(golden, "outputs", "prerelu_mse", 1e-3), "trace", "feat1", 1e-3)) == {
        "prerelu_mse", "feat1"}


def test_parts_of_the_loss(monkeypatch):
    """The mean square and a hundredth of the features' distance; the score is of values limited to [0, 1]."""
    monkeypatch.setattr(stfan_training, "vgg19", lambda state: small_vgg())
    rng = np.random.default_rng(1)
    output, target = rng.uniform(-0.2, 1.2, (1, 3, 8, 8)), rng.random((1, 3, 8, 8))
    answer = answered(made("stfan.loss", {"output": output, "target": target}))
    found = answer.outputs
    assert found["psnr"] == pytest.approx(-10 * np.log10(np.mean((np.clip(output, 0, 1) - target) ** 2)))
    for prefix in ("", "prerelu_"):
        assert np.isclose(found[f"{prefix}mse"], np.mean((output - target) ** 2))
        assert np.isclose(found[f"{prefix}percept"], found[f"{prefix}layer_mse"] @ [1, 0.2, 0.04])
        assert np.isclose(found[f"{prefix}total"], found[f"{prefix}mse"] + 0.01 * found[f"{prefix}percept"])
        assert found[f"{prefix}grad_output"].shape == output.shape
        features = [answer.trace[f"{prefix}feat{k}"] for k in range(3)]
        assert [f.shape[2:] for f in features] == [(8, 8), (4, 4), (2, 2)]
    assert answer.trace["feat0"].min() >= 0 > answer.trace["prerelu_feat0"].min()     # one is after its relu
    assert np.array_equal(answer.trace["feat2"], answer.trace["prerelu_feat2"])       # the last has none


def test_a_step_for_every_frame(monkeypatch):
    """Names and layout of the case, 64 elements of every tensor; what a frame leaves goes on to the next."""
    net = STFAN(Config(widths=(3, 5, 7))).init(np.random.default_rng(0))
    monkeypatch.setattr(stfan_training, "STFAN", lambda: STFAN(net.config))
    monkeypatch.setattr(stfan_training, "vgg19", lambda state: small_vgg() if [*state] == ["vgg19.a"] else None)
    right, carried = stfan.step, []
    monkeypatch.setattr(stfan, "step", lambda *told: carried.append(told[-1]) or right(*told))
    state = release("stfan").back(net.state())
    order = [name for name in state if release("stfan").our_name(name) in net.parameters()]
    blur, sharp = np.random.default_rng(1).random((2, 2, 1, 3, 8, 12))
    case = made("stfan.train", {"blur": blur, "sharp": sharp}, state=state | {"vgg19.a": np.zeros(1)},
                trace=names("step1.grad.img_prd.0.weight", "another"), param_order=order)
    with ops.backend("plain"):
        answer = stfan_training.run_training(case, F64)
    found = answer.outputs
    assert {name.partition(".")[0] for name in found} == {"step0", "step1"} and len(found) == 16
    assert answer.trace.keys() == {"step1.grad.img_prd.0.weight"}
    gradient = answer.trace["step1.grad.img_prd.0.weight"]
    assert gradient.shape == state["img_prd.0.weight"].shape
    row = order.index("img_prd.0.weight")
    flat = gradient.ravel()
    assert np.array_equal(found["step1.grad_sample"][row], [flat[j * flat.size // 64] for j in range(64)])
    assert np.isclose(found["step1.grad_norm"][row], np.linalg.norm(gradient))
    for k in (0, 1):
        image, truth = found[f"step{k}.output_img"], sharp[k]
        assert np.isclose(found[f"step{k}.mse"], np.mean((image - truth) ** 2))
        assert np.isclose(found[f"step{k}.loss"], found[f"step{k}.mse"] + 0.01 * found[f"step{k}.percept"])
        score = -10 * np.log10(np.mean((np.clip(image, 0, 1) - truth) ** 2))
        assert found[f"step{k}.psnr"] == pytest.approx(score)
    before = np.stack([state[name].ravel()[np.arange(64) * state[name].size // 64] for name in order])
    g = found["step0.grad_sample"]
    moved = found["step0.param_sample_after"] - before
    assert np.allclose(moved, -stfan.LEARNING_RATE * g / (np.abs(g) + 1e-8), atol=1e-9)        # Adam's first
    assert carried[0] is None and np.array_equal(carried[1].previous, np.moveaxis(blur[0], 1, -1))
    with pytest.raises(InputError, match="got param_order = None in meta, expected list"):
        stfan_training.run_training(replace(case, meta={"family": "stfan.train"}), F64)


def test_colours_changed_by_the_factors_of_a_case():
    """Brightness scales to the byte; the last stage is the result, of both clips."""
    blur, clear = np.random.default_rng(1).integers(0, 200, (2, 2, 4, 5, 3)).astype(np.uint8)
    factors = {"brightness": 1.2, "contrast": 0.9, "saturation": 1.1, "hue": 0.05}
    found = answered(made("op.stfan_jitter", {"blur": blur, "clear": clear}, factors=factors))
    assert np.array_equal(found.trace["blur_after_brightness"], np.clip(blur * 1.2, 0, 255).astype(np.uint8))
    assert np.array_equal(found.outputs["blur"], found.trace["blur_after_hue"]) and len(found.trace) == 4
    same = answered(made("op.stfan_jitter", {"blur": clear, "clear": blur}, factors=factors))
    assert np.array_equal(same.outputs["blur"], found.outputs["clear"])
    assert np.array_equal(same.outputs["clear"], found.outputs["blur"])
    with pytest.raises(InputError, match="got hue = None in meta, expected float"):
        answered(made("op.stfan_jitter", {"blur": blur, "clear": clear}, factors={**factors, "hue": None}))
