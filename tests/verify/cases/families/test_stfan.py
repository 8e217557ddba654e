"""STFAN as cases have it, the release and the re-implementation: single calls, sequences, values on the way."""
from dataclasses import replace

import numpy as np
import pytest
from made_cases import failed, made, names, spoilt
from places import GOLDEN
from wrong_calls import drawn

from refvr.errors import InputError
from refvr.networks.stfan import STFAN, Config
from refvr.networks.stfan_seed import STFANSeed
from refvr.verify import load_case
from refvr.verify.cases.families import stfan

F32, F64 = np.dtype(np.float32), np.dtype(np.float64)


@pytest.mark.parametrize("name, values", [("stfan_official_d", ("fac_warp.3", "upconv1_1")),
                                          ("stfan_seed_a", ("stfan.align.3", "recon.up4"))])
def test_every_value_on_the_way(name, values):
    """Filters are channel after channel there and tap after tap with us; of a sequence it is the last frame's."""
    spoiled = load_case(GOLDEN / f"{name}.h5")
    for value in values:
        spoiled = spoilt(spoiled, "trace", value, 1e-3)
    assert failed(spoiled) == set(values)


@pytest.fixture
def tiny(monkeypatch):
    """Networks of a case are tiny; what they are called with is listed."""
    calls = []

    def build(case, network, dtype):
        net = {"stfan": STFAN, "stfan_seed": STFANSeed}[network](Config(widths=(4, 6, 10))).init(
            np.random.default_rng(0)).astype(dtype)
        forward = net.forward

        def seen(*operands):
            calls.append([None if x is None else np.asarray(x) for x in operands])
            return forward(*operands)

        net.forward = seen
        return net

    monkeypatch.setattr(stfan, "build", build)
    monkeypatch.setattr(stfan, "Planned", lambda net: net)
    return calls


def last(x):
    return np.moveaxis(x, -3, -1)


def test_a_call_of_the_release(tiny):
    """What the case has not is the frame itself; the first call has no state."""
    frame, other, state = drawn(1, 3, 8, 8, seed=1), drawn(1, 3, 8, 8, seed=2), drawn(1, 20, 2, 2, seed=3)
    found = stfan.run_official(made("stfan", {"img_blur": frame}), F64, False)
    assert all(np.array_equal(x, last(frame)) for x in tiny[-1][:3]) and tiny[-1][3] is None
    assert {name: x.shape for name, x in found.outputs.items()} == {"output_img": (1, 3, 8, 8),
                                                                     "output_fea": (1, 20, 2, 2)}
    assert found.trace == {}
    later = {"img_blur": frame, "output_last_img": other, "output_last_fea": state}
    stfan.run_official(made("stfan", later), F64, True)
    for got, given in zip(tiny[-1], (frame, frame, other, state)):
        assert np.array_equal(got, last(given))


def test_a_call_of_the_re_implementation(tiny):
    given = {name: drawn(1, 3, 8, 8, seed=k) for k, name in enumerate(("cur", "pre", "dpre"))}
    given["fpre"] = drawn(1, 10, 2, 2, seed=9)
    found = stfan.run_seed(made("stfan_seed", given), F64, False).outputs
    assert {name: x.shape for name, x in found.items()} == {"out": (1, 3, 8, 8), "fpre_next": (1, 10, 2, 2)}
    assert all(np.array_equal(got, last(x)) for got, x in zip(tiny[-1], given.values()))
    with pytest.raises(InputError, match="no input 'fpre'"):
        stfan.run_seed(made("stfan_seed", {name: given[name] for name in ("cur", "pre", "dpre")}), F64, False)


FRAMES = np.random.default_rng(1).integers(0, 256, (2, 1, 3, 6, 7)).astype(np.uint8)


@pytest.mark.parametrize("run, family, state, first", [(stfan.run_official, "stfan", "output_fea_{}", 0),
                                                       (stfan.run_seed, "stfan_seed", "fpre_{}", 1)])
def test_sequences(tiny, run, family, state, first):
    """Bytes are shares of 255, sides grow to multiples of 4 and are cropped; some cases keep every eighth channel."""
    shares = (FRAMES / np.float32(255)).astype(np.float32)
    kept = names(state.format(first), state.format(first + 1) + "_ch8")
    found = []
    for frames in (FRAMES, shares):
        inputs = {"frames": frames} | ({"fpre_0": np.zeros(1)} if first else {})
        found.append(run(made(family, inputs, outputs=kept), F32, False).outputs)
    image = "output_img_{}" if not first else "out_{}"
    channels = 20 if not first else 10
    assert {name: x.shape for name, x in found[0].items()} == {
        image.format(0): (1, 3, 6, 7), image.format(1): (1, 3, 6, 7), state.format(first): (1, channels, 2, 2),
        state.format(first + 1) + "_ch8": (1, -(-channels // 8), 2, 2)}
    assert all(np.array_equal(found[0][name], found[1][name]) for name in found[0])
    assert not np.array_equal(found[0][image.format(0)], found[0][image.format(1)])


def test_the_re_implementation_begins_with_zeros(tiny):
    case = made("stfan_seed", {"frames": FRAMES, "fpre_0": np.ones(1)})
    with pytest.raises(InputError, match="got a first state that is not zero, expected zeros"):
        stfan.run_seed(case, F32, False)


def test_how_much_of_a_value_a_case_keeps():
    seen = {"summary": np.arange(12.0).reshape(1, 1, 1, 12), "align.filters": np.arange(50.0).reshape(1, 1, 1, 50)}
    case = made("stfan", {}, trace=names("kconv4", "fac_warp.3"), trace_sampling={"kconv4": "[:, ::5]"})
    found = stfan._traced(case, "stfan", seen)
    assert found["kconv4"].ravel().tolist() == [0, 5, 10]
    assert found["fac_warp.3"].ravel().tolist()[:4] == [0, 2, 4, 6]      # of channel 0 all taps first
    for name, rule, says in (("kconv4", "every", "got the sampling 'every' of kconv4"),
                             ("kconv9", "all", "unknown trace entry 'kconv9'"),
                             ("img_prd", "all", "unknown trace entry 'img_prd'")):
        with pytest.raises(InputError, match=says):
            stfan._traced(replace(case, trace=names(name), meta={"trace_sampling": {name: rule}}), "stfan", seen)


def test_a_value_that_came_in_bands():
    bands = {"image": np.zeros((1, 2, 3, 1)), "image#1": np.ones((1, 2, 3, 1)), "image#2": np.full((1, 1, 3, 1), 2.0)}
    assert stfan._whole(bands, "image")[0, :, 0, 0].tolist() == [0, 0, 1, 1, 2]
