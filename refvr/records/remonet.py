"""The record of ReMoNet: `networks/remonet.py` is its page."""
from __future__ import annotations

from refvr.records.record import Call, Model, Network

SOURCE, NONE = "Xiang et al., AAAI 2022; xiangly55/ReMoNet", "no licence stated"
OURS = "MIT (our own weights and options)"
SMALL = (("widths", (32, 64, 96)), ("fusion_widths", (64, 96, 128)), ("fold", 2), ("plain", True), ("blend", True),
         ("residual", True))
MODELS = {
    "remonet-s": Model("remonet", "denoise", SOURCE, OURS,
                       "small: plain convolutions at half resolution; trained by refvr", SMALL, weights="remonet-s.h5"),
    "remonet-s-told": Model("remonet", "denoise", SOURCE, OURS,
                            "small, and told the noise level, which restore measures; trained by refvr",
                            (*SMALL, ("noise_map", True)), weights="remonet-s-told.h5"),
    "remonet": Model("remonet", "denoise", SOURCE, NONE, "official configuration; its authors published no weights"),
    "remonet-t3": Model("remonet", "denoise", SOURCE, NONE, "windows of 3 frames; no published weights",
                        (("frames", 3),)),
    "remonet-t7": Model("remonet", "denoise", SOURCE, NONE, "windows of 7 frames; no published weights",
                        (("frames", 7),)),
}

REMONET = Network(
    name="remonet", title="ReMoNet", page="refvr.networks.remonet:ReMoNet", models=MODELS, tasks=("denoise",),
    call=Call(map_channels=2, map_by_frame=True, all_frames=True, from_clip="refvr.verify.runs.from_clip:remonet"),
    driver="refvr.pipeline.denoise:remonet", pieces="refvr.pipeline.pieces:remonet",
)
