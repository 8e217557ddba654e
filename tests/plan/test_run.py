"""A network that nobody listens to fuses layers and runs by bands: the bits must be those of the run that is traced."""
import numpy as np
import pytest

import refvr
from refvr import zoo
from refvr.pipeline.drivers import restore_frames

SMALL = {
    "remonet": {"widths": (16, 32, 64), "state": 5},
    "remonet-s": {"widths": (16, 20, 24), "fusion_widths": (12, 16, 20), "state": 5},
    "fastdvdnet": {"widths": (16, 20, 24), "inter": 6},
    "duf-16-x2": {"growth": 16, "blocks": 1},
    "edvr-m-x4": {"features": 16, "extract_blocks": 1, "reconstruct_blocks": 1},
    "stfan": {"widths": (16, 20, 24)},
    "stfan-seed": {"widths": (16, 20, 24)},
    "safa": {"channels": 16, "blocks": 1, "depth": 1, "decoder_blocks": 1},
}
OPTIONS = {"fastdvdnet": {"sigma": 25.0}, "safa": {"rate": 2, "routing": "half"}}


@pytest.mark.parametrize("name", SMALL)
def test_a_silent_run_has_the_bits_of_a_traced_one(name):
    net = zoo.build(name, **SMALL[name]).init(np.random.default_rng(1))
    for path, array in net.state().items():
        if path.endswith("running_var"):
            array *= 0.7  # batch norms that do something
    clip = list(np.random.default_rng(2).random((2, 45, 17, 3), np.float32))  # two bands of rows, the last one ragged
    heard = []

    def run():
        return np.stack(list(restore_frames(clip, net.fold(), **OPTIONS.get(name, {}))))

    for precision in ("winograd", "direct"):
        with refvr.precision(precision):
            silent = run()
            with refvr.trace(lambda path, value: heard.append(path)):
                traced = run()
        assert heard and np.isfinite(silent).all() and silent.std() > 0
        assert silent.tobytes() == traced.tobytes()
