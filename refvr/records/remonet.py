"""The record of ReMoNet: `networks/remonet.py` is its page."""
from __future__ import annotations

from refvr.records.record import Call, Model, Network, Page, Race

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
    name="remonet",
    title="ReMoNet",
    page="networks.remonet:ReMoNet",
    models=MODELS,
    tasks=("denoise",),
    driver="pipeline.denoise:remonet",
    pieces="pipeline.pieces:remonet",
    call=Call(
        map_channels=2,
        map_by_frame=True,
        all_frames=True,
        from_clip="verify.runs.from_clip:remonet",
        from_case="verify.runs.case_call:remonet_call",
    ),
    objective="train.objectives:REMONET",
    families="verify.cases.families.remonet:FAMILIES",
    explained=Page(
        says="explain.says:remonet",
        mistakes=("pixel_shuffle.order_of_the_other_framework", "pixel_unshuffle.order_of_the_other_framework",
                  "conv2d.border_as_tensorflow", "conv2d.kernel_flipped"),
    ),
    race=Race((2, 96), frames=lambda config: config.frames - 2 * config.noise_map),
)
