"""The networks that tests run, small: which model, with which options, by what a test needs. Weights are drawn.

    TINY      model -> options: the least, for what is around a network: drivers, files, races, peers
    VECTORS   model -> options: widths of whole vectors, so that kernels take their fast ways; for tests of bits
    ODD       network -> options: widths that are multiples of nothing; for gradients and for what is done to channels
    TRAINED   network -> options that make any of its models small enough for a few steps
    PORTS     network -> (model, size of the scene, options): the call that ports are compared with
    LARGER_PORTS  the same where more values are wanted
"""
import numpy as np

from refvr import zoo

_REMONET = {"widths": (4, 8, 16), "state": 4}
_EDVR = {"features": 16, "extract_blocks": 1, "reconstruct_blocks": 1}
TINY = {
    "remonet": _REMONET, "remonet-t3": _REMONET,
    "remonet-s": {"widths": (8, 16, 24), "fusion_widths": (12, 16, 20), "state": 5},
    "fastdvdnet": {"widths": (4, 8, 16), "inter": 2},
    "duf-16-x2": {"growth": 8}, "duf-16-x4": {"growth": 8}, "duf-28-x4": {"blocks": 2, "growth": 8},
    "edvr-m-x4": _EDVR, "edvr-m-notsa-x4": _EDVR, "edvr-l-deblur": _EDVR, "edvr-stage2": _EDVR,
    "stfan": {"widths": (4, 8, 12)}, "stfan-seed": {"widths": (4, 8, 12)},
    "safa": {"channels": 8, "blocks": 2, "depth": 1},
}
VECTORS = {
    "remonet": {"widths": (16, 32, 64), "state": 5},
    "remonet-s": {"widths": (16, 20, 24), "fusion_widths": (12, 16, 20), "state": 5},
    "fastdvdnet": {"widths": (16, 20, 24), "inter": 6},
    "duf-16-x2": {"growth": 16, "blocks": 1},
    "edvr-m-x4": _EDVR,
    "stfan": {"widths": (16, 20, 24)}, "stfan-seed": {"widths": (16, 20, 24)},
    "safa": {"channels": 16, "blocks": 1, "depth": 1, "decoder_blocks": 1},
}
ODD = {
    "duf": {"scale": 2, "blocks": 1, "growth": 3},
    "edvr": {"features": 6, "offset_groups": 3, "extract_blocks": 1, "reconstruct_blocks": 1, "frames": 3},
    "stfan": {"widths": (3, 5, 7), "k": 3},
    "safa": {"channels": 4, "blocks": 2, "depth": 1, "decoder_blocks": 1},
}
TRAINED = {
    "remonet": {**_REMONET, "frames": 3},
    "duf": {"blocks": 1, "growth": 4, "width": 8, "head": 8, "filter_head": 8},
    "edvr": {"frames": 3, "features": 8, "offset_groups": 2, "extract_blocks": 1, "reconstruct_blocks": 1, "tail": 8},
    "stfan": {"widths": (4, 4, 8)},
    "safa": {"channels": 4, "blocks": 1, "depth": 1, "decoder_blocks": 1, "head": 4},
}
PORTS = {
    "edvr": ("edvr-m-x4", "20x12", {"features": 8, "frames": 3, "offset_groups": 2, "extract_blocks": 1,
                                    "reconstruct_blocks": 1}),
    "stfan": ("stfan", "20x12", {"widths": [4, 6, 10]}),
    "safa": ("safa", "16x8", {"channels": 6, "blocks": 2}),
    "remonet": ("remonet-t3", "20x12", {"widths": [8, 16, 32], "state": 8}),
    "fastdvdnet": ("fastdvdnet", "20x12", {"widths": [4, 8, 12], "inter": 5}),
    "duf": ("duf-16-x2", "12x8", {"blocks": 1, "growth": 4}),
}
LARGER_PORTS = {
    "edvr": ("edvr-m-x4", "24x16", {**_EDVR, "frames": 3}),
    "stfan": ("stfan", "24x16", {"widths": [8, 8, 16]}),
    "safa": ("safa", "16x8", {"channels": 8, "blocks": 2}),
    "remonet": ("remonet-t3", "24x16", {"widths": [8, 16, 32], "state": 8}),
    "fastdvdnet": ("fastdvdnet", "24x16", {"widths": [8, 16, 32], "inter": 6}),
    "duf": ("duf-16-x2", "20x12", {"blocks": 1, "growth": 8}),
}


def tiny(model, seed=0, **changes):
    """The model as TINY has it, with drawn weights."""
    return zoo.build(model, **TINY[model] | changes).init(np.random.default_rng(seed))
