"""An exported network as a side of a race."""
from importlib.util import find_spec

import numpy as np
import pytest
import subjects as subjects_of_tests

from refvr import zoo
from refvr.bench import onnx_side, subjects
from refvr.errors import InputError

TINY = subjects_of_tests.TINY["remonet-t3"]


@pytest.mark.skipif(not (find_spec("onnx") and find_spec("onnxruntime")), reason="the third side needs ONNX Runtime")
@pytest.mark.parametrize("model", ["remonet-t3", "fastdvdnet", "stfan", "duf-16-x4", "edvr-m-x4", "safa"])
def test_the_exported_network_runs_as_a_side(model):
    """A call gives the frames of one of our rounds, in their size, and a recurrent one gets its state back."""
    net = zoo.build(model, **TINY_NETS.get(model, {"channels": 8, "blocks": 1, "decoder_blocks": 1, "head": 8}))
    side = onnx_side.Clip(net.init(np.random.default_rng(0)), {"job": "clip", "size": (16, 8), "threads": 1})
    before = dict(side._feeds)
    assert side.run() == subjects.round_of(net) and side.run() >= 1
    fed_back = [name for name, x in side._feeds.items() if x is not before[name]]
    assert fed_back == (["in1", "in2", "in3"] if model == "stfan" else [])


@pytest.mark.skipif(not (find_spec("onnx") and find_spec("openvino")), reason="the side needs OpenVINO")
def test_the_exported_network_runs_in_openvino_too():
    net = zoo.build("remonet-t3", **TINY).init(np.random.default_rng(0))
    spec = {"job": "clip", "size": (16, 8), "threads": 1, "side": "openvino"}
    side = onnx_side.Clip(net, spec)
    assert side.run() == subjects.round_of(net)
    (found,), (want,) = (make._call(side._feeds) for make in (side, onnx_side.Clip(net, spec | {"side": "onnx"})))
    assert np.abs(found - want).max() < 1e-5
    with pytest.raises(InputError, match="OpenVINO does not take the model"):   # it has no deformable convolution
        onnx_side.Clip(zoo.build("edvr-m-x4", **TINY_NETS["edvr-m-x4"]).init(np.random.default_rng(0)), spec)


def test_the_exported_network_is_raced_on_clips_alone():
    assert "clips alone" in onnx_side.why_no_onnx({"job": "train"})


TINY_NETS = {name: subjects_of_tests.TINY[name] for name in ("remonet-t3", "fastdvdnet", "stfan", "duf-16-x4",
                                                               "edvr-m-x4")}
