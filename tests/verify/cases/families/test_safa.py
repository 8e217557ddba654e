"""SAFA as cases have it: blue first, times and routes, bytes to bytes, and steps of training."""
from dataclasses import replace

import numpy as np
import pytest
from made_cases import failed, made, names, spoilt
from places import GOLDEN

from refvr import ops
from refvr.checkpoints.releases import release
from refvr.errors import InputError
from refvr.networks.safa import SAFA, Config
from refvr.pipeline.safa import enlarged
from refvr.verify import load_case
from refvr.verify.cases.families import safa

F32, F64 = np.dtype(np.float32), np.dtype(np.float64)
CONFIG = {"c": 8, "blocks": 2, "depth": 1, "last_blocks": 1}


@pytest.fixture(scope="module")
def golden():
    return load_case(GOLDEN / "safa_c.h5")


def small(inputs, **more):
    """A case of a small network, with weights under the official names."""
    net = SAFA(Config(channels=8, blocks=2, depth=1, decoder_blocks=1)).init(np.random.default_rng(0))
    return made("safa", inputs, config=CONFIG, state=release("safa").back(net.state()), **more)


def test_options_of_a_case_make_the_network(golden):
    assert safa.build(golden, F64).config == Config(channels=16, blocks=6, depth=2, decoder_blocks=12)
    assert safa.build(small({}), F64).config == Config(channels=8, blocks=2, depth=1, decoder_blocks=1)


def test_a_pair_and_every_value_on_the_way(golden):
    """Pictures are blue first, features have eight channels, and some values are kept in float64 as well."""
    assert {"flow6", "res"} < golden.outputs64.keys() and {"warped_i0", "feat0"} < golden.trace.keys()
    spoiled = spoilt(spoilt(golden, "trace", "warped_i0", 1e-3), "trace", "feat6", 1e-3)
    assert failed(spoiled) == {"warped_i0", "feat6"}


def test_values_that_lie_in_float64_take_the_place_of_those_in_float32():
    case = made("safa", {}, outputs=names("out"), outputs64={"out": np.ones(1), "res": np.full(1, 2.0)},
                trace={"res": np.zeros(1, np.float32), "mask": np.zeros(1, np.float32)})
    ready = safa.NETWORK.prepare(case)
    assert ready.trace["res"] == 2 and ready.trace["res"].dtype == np.float64 and ready.trace["mask"] == 0
    assert ready.outputs64.keys() == {"out"} == ready.outputs.keys()


def test_a_value_that_it_has_not(golden):
    with pytest.raises(InputError, match="unknown trace entry 'flow9', expected head_norm, head_cnn0"):
        safa.run_network(replace(golden, trace=names("flow9")), F32, True)


def test_times():
    """A list of them; or one, of all samples or of each, between the first frame and the second."""
    assert safa.times_of(made("safa", {"times": np.array([0.25, 0.5])})).tolist() == [0.25, 0.5]
    assert safa.times_of(made("safa", {"timestep": np.array(0.3)})).tolist() == [0, 0.3, 1]
    each = safa.times_of(made("safa", {"timestep": np.array([0.3, 0.6]).reshape(2, 1, 1, 1)}))
    assert each.tolist() == [[0, 0.3, 1], [0, 0.6, 1]]


def piped():
    """A case that begins with small frames of bytes and ends with large ones."""
    low = np.random.default_rng(1).integers(0, 256, (2, 4, 6, 3)).astype(np.uint8)
    large = [np.rint(enlarged(frame[..., ::-1].astype(np.float32) / 255, official=True) * 255)[:16, :24, ::-1]
             for frame in low]
    return {"lr0": low[0], "lr1": low[1], "up0": large[0], "up1": large[1], "timestep": np.array(0.5)}


def test_from_bytes_to_bytes():
    """Four times larger, three pictures, blue first, in whole levels."""
    case, shape = small(piped()), (3, 1, 3, 32, 32)
    case = replace(case, outputs={"out": np.zeros(shape)}, outputs64={"out": np.zeros(shape)})     # no noise
    found = safa.run_network(case, F32, False).outputs
    assert found["out"].shape == shape and found["u8"].shape == (3, 16, 24, 3) and found["u8"].dtype == np.uint8
    exact = np.clip(np.moveaxis(found["out"][:, 0], 1, -1)[:, :16, :24], 0, 1) * 255
    assert np.abs(found["u8"] - exact).max() <= 1.0 and np.ptp(found["u8"]) > 100
    wrong = piped()
    wrong["up1"] = wrong["up1"] + 1
    with pytest.raises(InputError, match="enlarging lr0 and lr1 does not give the up0 and up1 of the case"):
        safa.run_network(small(wrong), F32, False)


def test_levels_that_noise_decides_are_left_out():
    """Beside a level, by less than 4 times the noise, and not farther from it than one."""
    exact = np.array([7.0, 7.0, 7.0, 7.3, 7.001])
    levels = np.array([6, 7, 9, 7, 7], np.uint8).reshape(1, 1, 5, 1).repeat(3, -1)
    double = np.tile(exact / 255, (1, 1, 3, 1, 1))
    single = double.copy()
    single[0, 0, 0, 0, 0] += 1e-4 / 255
    case = made("safa", {}, outputs={"out": single, "u8": levels}, outputs64={"out": double})
    assert safa._settled(case, levels)[0, 0, :, 1].tolist() == [0, 0, 9, 7, 7]
    assert safa.NETWORK.prepare(case).outputs["u8"][0, 0, :, 2].tolist() == [0, 0, 9, 7, 7]
    with pytest.raises(InputError, match="expected the same frames, cropped"):
        safa._settled(case, levels.repeat(2, 0))


def test_steps_of_training():
    """Frames at 0, t and 1 by the routes of the case; AdamW at its rate, gradients clipped to length 1."""
    rng = np.random.default_rng(2)
    inputs = {"imgs": rng.integers(0, 256, (1, 9, 16, 16)).astype(np.uint8), "timestep": np.full((1, 1, 1, 1), 0.5),
              "lowres": rng.uniform(0, 255, (1, 6, 16, 16)).astype(np.float32), "routing": np.ones((3, 2, 1, 2))}
    case = small(inputs)
    parameters, weight = safa.build(case, F64).parameters(), "lastconv.0.0.weight"
    order = [name for name in case.state if release("safa").our_name(name) in parameters]
    case = replace(case, outputs=names(f"grad:{weight}", f"p1:{weight}"),
                   meta=case.meta | {"lr": 1e-3, "steps": 2, "param_names": order})
    with ops.backend("plain"):
        answer = safa.run_training(case, F64)
    found = answer.outputs
    assert found.keys() == {"merged0", "loss", "grad_norm", "gradstat", f"grad:{weight}", f"p1:{weight}"}
    truth = np.moveaxis(inputs["imgs"].reshape(1, 3, 3, 16, 16) / 255, 1, 0)
    assert found["merged0"].shape == truth.shape == (3, 1, 3, 16, 16) and answer.trace["probs"].shape[-1] == 2
    assert np.isclose(found["loss"][0], np.abs(found["merged0"] - truth).mean((1, 2, 3, 4)).sum())
    assert found["loss"].shape == (3,) and found["loss"][2] < found["loss"][0] and found["grad_norm"].shape == (2,)
    g = found[f"grad:{weight}"]
    row = found["gradstat"][order.index(weight)]
    assert np.allclose(row, [g.sum(), np.linalg.norm(g), np.abs(g).max()])
    assert np.isclose(np.sqrt((found["gradstat"][:, 1] ** 2).sum()), found["grad_norm"][0])
    before = case.state[weight].astype(np.float64)
    step = found[f"p1:{weight}"] - before * (1 - 1e-3 * 1e-4)
    clipped = g * min(1, 1 / found["grad_norm"][0])
    assert np.allclose(step, -1e-3 * clipped / (np.abs(clipped) + 1e-8))         # Adam's first
    with pytest.raises(InputError, match="param_names in meta, expected the"), ops.backend("plain"):
        safa.run_training(replace(case, meta=case.meta | {"param_names": order[1:]}), F64)
