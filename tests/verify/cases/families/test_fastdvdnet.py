"""FastDVDnet as cases have it: windows of channels, clips, and steps of its training with a tiny network."""
from dataclasses import replace

import numpy as np
import pytest
from made_cases import failed, made, names, spoilt
from places import GOLDEN
from wrong_calls import drawn

from refvr import ops
from refvr.checkpoints.releases import release
from refvr.errors import InputError
from refvr.networks.fastdvdnet import Config, FastDVDnet
from refvr.pipeline.drivers import restore_frames
from refvr.verify import load_case
from refvr.verify.cases.families import fastdvdnet

F64 = np.dtype(np.float64)
TINY = {"chs": [4, 6, 8], "interm_ch": 3}


def official_state():
    net = FastDVDnet(Config(widths=(4, 6, 8), inter=3)).init(np.random.default_rng(0))
    return release("fastdvdnet").back(net.state())


def tiny(**inputs):
    return made("fastdvdnet", inputs, config=TINY, state=official_state())


def test_options_of_a_case_make_the_network():
    net = fastdvdnet.build(tiny(), F64)
    assert net.config == Config(widths=(4, 6, 8), inter=3)
    assert all(array.dtype == np.float64 for array in net.parameters().values())
    with pytest.raises(InputError, match="got interm_ch = None in meta, expected int"):
        fastdvdnet.build(made("fastdvdnet", {}, config={"chs": [4, 6, 8]}), F64)


def test_fifteen_channels_are_five_frames():
    x = drawn(2, 15, 4, 8)
    window, noise_map = fastdvdnet.operands(tiny(x=x, noise_map=drawn(2, 1, 4, 8)), F64)
    assert window.shape == (2, 5, 4, 8, 3) and noise_map.shape == (2, 4, 8, 1)
    for frame, colour in np.ndindex(5, 3):
        assert np.array_equal(window[:, frame, :, :, colour], x[:, 3 * frame + colour])


def test_a_window_and_every_value_on_the_way():
    golden = load_case(GOLDEN / "fastdvdnet_b.h5")
    name = sorted(golden.trace)[0]
    assert failed(spoilt(golden, "trace", name, 1e-3)) == {name}
    with pytest.raises(InputError, match="unknown trace entry 'temp3.inc', expected temp1.0, temp1.1"):
        fastdvdnet.run_network(replace(golden, trace=names("temp3.inc")), F64, False)


@pytest.mark.parametrize("theirs, ours", [("temp1.2", "triplet2.temp1"), ("temp1.downc0", "triplet0.temp1.downc0"),
                                          ("temp2.outc", "temp2.outc")])
def test_names_of_values(theirs, ours):
    """The three calls of the first stage are numbered; its parts are those of the first call."""
    assert fastdvdnet._trace_table()[theirs] == ours and len(fastdvdnet._trace_table()) == 3 + 6 + 6


def test_clips():
    """Every clip of the case with the one level that it states, as `restore` makes it."""
    clip = np.random.default_rng(1).random((3, 3, 8, 8)).astype(np.float32)
    case = tiny(seq_a=clip, seq_b=clip[:2], noise_std=np.array([0.1]))
    found = fastdvdnet.run_sequence(case, np.dtype(np.float32), False).outputs
    assert found.keys() == {"den_a", "den_b"} and found["den_b"].shape == (2, 3, 8, 8)
    net = fastdvdnet.build(case, np.dtype(np.float32))
    expected = list(restore_frames(np.ascontiguousarray(np.moveaxis(clip, 1, -1)), net, sigma=25.5))
    assert np.allclose(np.moveaxis(found["den_a"], 1, -1), expected, atol=2e-6)


def test_steps_of_training():
    """Loss sum((y - gt)^2) / 2n in training mode; Adam at 1e-3; then one evaluation by the statistics that are left."""
    x, noise_map, gt = drawn(2, 15, 4, 8, seed=1), 0.1 + 0 * drawn(2, 1, 4, 8), drawn(2, 3, 4, 8, seed=2)
    weight, mean = "temp2.outc.convblock.3.weight", "temp1.inc.convblock.1.running_mean"
    outputs = names(f"grad:{weight}", f"bn1:{mean}")
    case = replace(tiny(x=x, noise_map=noise_map, gt=gt), outputs=outputs)
    case = replace(case, meta=case.meta | {"steps": 2, "param_order": [weight]})
    with ops.backend("plain"):
        found = fastdvdnet.run_training(case, F64).outputs
        once = fastdvdnet.run_training(replace(case, meta=case.meta | {"steps": 1}), F64).outputs
        window, level = fastdvdnet.operands(case, F64)
        fresh = fastdvdnet.build(case, F64)
        before = fresh(window, level)
        trained = fresh.train()(window, level)
    assert np.allclose(found["y"], np.moveaxis(trained, -1, 1)) and len(found["losses"]) == 3
    assert np.isclose(found["losses"][0], ((found["y"] - gt) ** 2).sum() / 4)
    assert found["losses"][2] < found["losses"][1] < found["losses"][0]
    gradient = found[f"grad:{weight}"]
    assert gradient.shape == (3, 4, 3, 3) and np.isclose(found["gradnorm"][0], np.linalg.norm(gradient))
    assert found[f"bn1:{mean}"].any()                                  # three calls have moved it from zero
    after = np.moveaxis(found["y_eval_after"], 1, -1)
    assert after.shape == before.shape and not np.allclose(after, before)
    assert found.keys() == {"y", "losses", "gradnorm", "y_eval_after", *outputs}
    assert all(np.array_equal(once[name], found[name]) for name in ("y", "gradnorm", *outputs))   # of the first step
    assert np.array_equal(once["losses"], found["losses"][:2])
