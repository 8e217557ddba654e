"""DUF as cases have it: its configurations, traces, clips and one step of training; levels and gradients left out."""
from dataclasses import replace

import numpy as np
import pytest
from made_cases import failed, made, names, same, spoilt
from places import GOLDEN

from refvr.checkpoints import names_duf
from refvr.errors import InputError
from refvr.networks.duf import DUF, Config
from refvr.verify import load_case
from refvr.verify.cases.families import duf
from refvr.verify.cases.steps.duf import Step

F32 = np.dtype(np.float32)


@pytest.fixture(scope="module")
def window():
    return load_case(GOLDEN / "duf_16L_x2_a.h5")


@pytest.mark.parametrize("layers, blocks, growth", [(16, 3, 32), (28, 9, 16), (52, 21, 16)])
def test_layers_and_scale_make_a_configuration(monkeypatch, layers, blocks, growth):
    seen = []
    monkeypatch.setattr(duf, "DUF", lambda config: seen.append(config) or DUF(Config(scale=2, blocks=1, growth=4)))
    state = names_duf.to_official(DUF(Config(scale=2, blocks=1, growth=4)).init(np.random.default_rng(0)).state())
    net = duf.build(made("duf", {}, config={"layers": layers, "scale": 3}, state=state), np.dtype(np.float64))
    assert seen == [Config(scale=3, blocks=blocks, growth=growth)]
    assert net.state()["conv1.weight"].dtype == np.float64 and len(state) < len(net.state())


def test_other_networks_are_named(window):
    other = replace(window, meta=window.meta | {"config": {"layers": 20, "scale": 2}})
    with pytest.raises(InputError, match="got 20 layers, expected 16, 28, 52"):
        duf.build(other, F32)


def test_a_window_and_every_value_on_the_way(window):
    assert {"upsampled", "residual", "filters", "conv1", "reduce1_out"} < window.trace.keys()
    spoiled = spoilt(spoilt(window, "trace", "filters", 1e-3), "trace", "residual", 1e-3)
    assert failed(spoiled) == {"filters", "residual"}


def test_a_value_that_it_has_not(window):
    case = replace(window, trace=names("conv3"))
    with pytest.raises(InputError, match="unknown trace entry 'conv3', expected filters, conv1, Rbn1a"):
        duf.run_network(case, F32, True)
    assert duf.run_network(case, F32, False).trace == {}          # as in use nothing is listened to


def test_a_clip_is_made_small_first():
    clip = load_case(GOLDEN / "duf_16L_x3_seq_gt.h5")
    assert clip.outputs.keys() == {"lr", "sr", "sr_uint8"}
    levels = clip.outputs["sr_uint8"].copy()
    levels[2, 5, 7, 1] ^= 64                                      # far from the middle of two levels
    assert failed(replace(clip, outputs=clip.outputs | {"sr_uint8": levels})) == {"sr_uint8"}


def test_levels_that_noise_decides_are_left_out():
    """Beside the middle of two levels, by less than 4 times the noise, where the level is one of these two."""
    exact = np.array([10.5, 10.5, 10.5, 10.4, 10.5 + 1e-3, 260.0])
    levels = np.array([10, 11, 12, 10, 11, 255], np.uint8)
    double = {"sr": exact / 255}
    single = {"sr": (exact / 255 + [1e-4 / 255, 0, 0, 0, 0, 0]).astype(np.float64), "sr_uint8": levels}
    case = made("duf.seq", {}, outputs=single, outputs64=double)
    assert duf._settled(case, levels).tolist() == [0, 0, 12, 10, 11, 255]        # noise of 1e-4, so 4e-4
    assert duf.SEQUENCE.prepare(case).outputs["sr_uint8"].tolist() == [0, 0, 12, 10, 11, 255]
    with pytest.raises(InputError, match="expected the same frames"):
        duf._settled(case, levels[:-1])


NAMES = ("G_conv1_W:0", "G_conv1_b:0", "G_Rconv1a_b:0", "G_fconv1_b:0")


def test_one_step_of_training(monkeypatch):
    """Its loss, gradients and statistics under the official names; zero where a norm takes a bias out again."""
    net = DUF(Config(scale=2, blocks=1, growth=4)).init(np.random.default_rng(0))
    state = net.state()
    gradients = {names_duf.our_name(name): np.full_like(state[names_duf.our_name(name)], 1e-9) for name in NAMES}
    gradients[names_duf.our_name("G_conv1_W:0")][...] = 1e-3
    told = []

    def step(net, optimiser, small, large, *, delta):
        told.append((small.shape, large.shape, delta))
        return Step(np.ones((1, 2, 2, 3)), 0.25, gradients)

    monkeypatch.setattr(duf, "build", lambda case, dtype: net)
    monkeypatch.setattr(duf, "step", step)
    lr, target = np.zeros((1, 7, 40, 50, 3), np.float32), np.zeros((1, 1, 80, 100, 3), np.float32)
    outputs = names(*(f"grad.{name}" for name in NAMES), "after.G_Rbn1a_moving__mean:0")
    case = made("duf.train", {"lr": lr, "target": target}, config={"huber_delta": 0.02}, outputs=outputs,
                grad_order=list(NAMES))
    answer = duf.run_training(case, F32).outputs
    assert told == [((1, 7, 40, 50, 3), (1, 80, 100, 3), 0.02)]
    assert answer["loss"] == 0.25 and answer["sr"].shape == (1, 1, 2, 2, 3)
    assert answer["after.G_Rbn1a_moving__mean:0"].shape == (64,)
    zero = {name: not answer[f"grad.{name}"].any() for name in NAMES}
    assert zero == {"G_conv1_W:0": False, "G_conv1_b:0": True, "G_Rconv1a_b:0": True, "G_fconv1_b:0": False}
    size = gradients[names_duf.our_name("G_fconv1_b:0")].size
    same({"norms": answer["grad_norms"]},
         {"norms": [np.sqrt(gradients["conv1.weight"].size) * 1e-3, 0, 0, np.sqrt(size) * 1e-9]}, within=1e-6)


def test_noise_in_both_answers_of_a_case():
    """As many roundings as there are pixels: 7 x 10 of a window, in float32 and in float64."""
    def gradients(of_bias):
        return {"grad.G_conv1_W:0": np.ones(3), "grad.G_Rconv2b_b:0": np.full(2, of_bias), "grad.G_Rbn1a_beta:0":
                np.full(2, of_bias), "grad_norms": np.array([of_bias, of_bias])}

    case = made("duf.train", {"lr": np.zeros((1, 7, 2, 5, 3))}, outputs=gradients(1e-6), outputs64=gradients(1e-6),
                grad_order=["G_Rconv2b_b:0", "G_Rbn1a_beta:0"])
    ready = duf.TRAINING.prepare(case)
    assert not ready.outputs["grad.G_Rconv2b_b:0"].any() and ready.outputs64["grad.G_Rconv2b_b:0"].all()
    assert ready.outputs["grad.G_Rbn1a_beta:0"].all() and ready.outputs["grad_norms"].tolist() == [0, 1e-6]


def test_what_a_sentence_says_of_kernels():
    state = {"G_conv1_W:0": np.zeros((1, 3, 3, 3, 64)), "G_r_W:0": np.zeros((1, 1, 1, 64, 64)), "G_b:0": np.zeros(64)}
    outputs = names("loss") | {"grad.G_conv1_W:0": state["G_conv1_W:0"], "grad.G_r_W:0": np.zeros((1, 1, 1, 8, 8)),
                               "grad.G_b:0": np.zeros(64)}
    case = made("duf.train", {}, outputs=outputs, state=state)
    said = replace(case, meta={"outputs": "grad.<name>: kernels other than conv1 sampled [..., ::8, ::8]"})
    assert duf._sampling_in_words(said) == {"grad.G_r_W:0": "[..., ::8, ::8]"}
    assert duf._sampling_in_words(case) == {}
