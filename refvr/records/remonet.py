"""The record of ReMoNet: `networks/remonet.py` is its page."""
from __future__ import annotations

from refvr.records.record import SMALL_RUN, Call, Model, Network, Page, Race, Vector

SOURCE, NONE = "Xiang et al., AAAI 2022; xiangly55/ReMoNet", "no licence stated"
OURS = "MIT (our own weights and options)"
SMALL = (("widths", (32, 64, 96)), ("fusion_widths", (64, 96, 128)), ("fold", 2), ("plain", True), ("blend", True),
         ("residual", True))
MODELS = {
    "remonet-s": Model("remonet", "denoise", SOURCE, OURS,
                       "small: plain convolutions at half resolution; trained by refvr", SMALL, weights="remonet-s.h5"),
    "remonet-s-told": Model("remonet", "denoise", SOURCE, OURS,
                            "small, and told the noise level, which restore measures; trained by refvr",
                            (*SMALL, ("noise_map", True)), weights="remonet-s-told.h5", recommended=("denoise",)),
    "remonet": Model("remonet", "denoise", SOURCE, NONE, "official configuration; its authors published no weights"),
    "remonet-t3": Model("remonet", "denoise", SOURCE, NONE, "windows of 3 frames; no published weights",
                        (("frames", 3),)),
    "remonet-t7": Model("remonet", "denoise", SOURCE, NONE, "windows of 7 frames; no published weights",
                        (("frames", 7),)),
}
SHORT = SMALL_RUN | {"batch": 8, "patch": 64, "warmup": 200, "strides": (6.0, 3.0, 1.0)}
RECIPES = {
    "remonet": {"networks": 2},
    "remonet-s": SHORT | {"steps": 20_000, "clip_norm": 0.1, "loss": "charbonnier", "guard": 0.0},
    "remonet-s-told": SHORT | {"steps": 12_000, "clip_norm": 0.0, "loss": "psnr", "lr": 6e-4, "sigma": (0.0, 55.0),
                               "low": 0.4, "scenes": 0.25, "pool": 160},
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
    objective="train.objectives.remonet:REMONET",
    recipes=RECIPES,
    releases="checkpoints.names_remonet:RELEASES",
    families="verify.cases.families.remonet:FAMILIES",
    explained=Page(
        says="explain.says:remonet",
        mistakes=("pixel_shuffle.order_of_the_other_framework", "pixel_unshuffle.order_of_the_other_framework",
                  "conv2d.border_as_tensorflow", "conv2d.kernel_flipped"),
    ),
    race=Race({"remonet": (640, 360)}, trained=("remonet",), stages=("remonet", "remonet-s"), patch=(2, 96),
              frames=lambda config: config.frames - 2 * config.noise_map),
    vector=Vector({"frames": 3, "widths": (4, 8, 16), "state": 4}, {"x": (1, 3, 12, 20, 3)}),
)
