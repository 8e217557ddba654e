"""The record of DUF: `networks/duf.py` is its page."""
from __future__ import annotations

from refvr.records.record import Call, Model, Network

SOURCE = "Jo et al., CVPR 2018; yhjo09/VSR-DUF"
DEEP = (("growth", 16),)
SMALL = (("blocks", 1), ("growth", 16), ("width", 32), ("head", 64), ("filter_head", 96), ("identity_init", True))
OFFICIAL = (  # name, file, score, note, options
    ("duf-16-x2", "params_16L_x2.h5", "", "", (("scale", 2),)),
    ("duf-16-x3", "params_16L_x3.h5", "", "", (("scale", 3),)),
    ("duf-16-x4", "params_16L_x4.h5", "Vid4 Y 26.81 dB / 0.8151", "score from memory of the paper", ()),
    ("duf-28-x4", "params_28L_x4.h5", "Vid4 Y 26.99 dB / 0.8215", "score from memory of the paper",
     (("blocks", 9), *DEEP)),
    ("duf-52-x4", "params_52L_x4.h5", "Vid4 Y 27.34 dB / 0.8327", "", (("blocks", 21), *DEEP)),
)
MODELS = {
    **{name: Model("duf", "sr", SOURCE, "no licence stated", note, options, file=file, where="the repository",
                   score=score) for name, file, score, note, options in OFFICIAL},
    **{f"duf-s-x{scale}": Model("duf", "sr", SOURCE, "MIT (our own weights and options)",
                                "small: 8 layers, narrow; trained by refvr", (("scale", scale), *SMALL),
                                weights=f"duf-s-x{scale}.h5") for scale in (4, 2)},
}

DUF = Network(
    name="duf", title="DUF", page="refvr.networks.duf:DUF", models=MODELS, tasks=("sr",), corners=True,
    call=Call(volumes=True, official={"x": "lr"}, from_clip="refvr.verify.runs.from_clip:duf"),
    driver="refvr.pipeline.duf:DRIVER", pieces="refvr.pipeline.pieces:duf",
)
