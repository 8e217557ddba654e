"""The record of STFAN: `networks/stfan.py` is its page."""
from __future__ import annotations

from refvr.records.record import SMALL_RUN, Call, Model, Network, Page, Race, Vector

SOURCE = "Zhou et al., ICCV 2019; sczhou/STFAN"
MODELS = {
    "stfan-s": Model("stfan", "deblur", SOURCE, "MIT (our own weights and options)", "small: narrow; trained by refvr",
                     (("widths", (16, 32, 48)), ("identity_init", True), ("skips", True)), weights="stfan-s.h5",
                     recommended=("deblur",)),
    "stfan": Model("stfan", "deblur", SOURCE, "MIT", "", file="best-ckpt.pth.tar", where="linked in the README",
                   score="DeepVideoDeblurring 31.24 dB / 0.934"),
}
RECIPES = {
    "stfan": {"batch": 1, "patch": 320, "sequence": 20, "steps": 400 * 5540 // 20, "lr": 1e-4, "schedule": "falls",
              "falls": (79 / 400, 159 / 400, 249 / 400), "loss": "mse", "percept": 0.01, "augment": "stfan"},
    "stfan-s": SMALL_RUN | {"batch": 6, "patch": 64, "loss": "psnr", "sequence": 4, "scenes": 0.2, "pool": 32,
                            "pairs": 300, "strides": (1.0, 3.0), "clip_norm": 20.0, "guard": 4.0, "lr": 7e-4},
}

STFAN = Network(
    name="stfan",
    title="STFAN",
    page="networks.stfan:STFAN",
    models=MODELS,
    tasks=("deblur",),
    driver="pipeline.stfan:DRIVER",
    pieces="pipeline.pieces:stfan",
    call=Call(
        images=("frame", "previous", "restored"),
        state=True,
        official={"frame": "img_blur", "previous": "last_img_blur", "restored": "output_last_img",
                  "state": "output_last_fea"},
        from_clip="verify.runs.from_clip:stfan",
        from_array="verify.runs.from_array:frame_and_last",
        from_case="verify.runs.case_call:stfan_call",
    ),
    objective="train.objectives.stfan:STFAN",
    recipes=RECIPES,
    releases="checkpoints.names_stfan:RELEASES",
    families="verify.cases.families.stfan_training:FAMILIES",
    orders=(("*.filters", "verify.compare.channel_orders:taps_of_a_channel"),),
    explained=Page(
        says="explain.says:stfan",
        figures={"filters": "explain.figures.filters:stfan"},
        mistakes=("fac.taps_flipped", "fac.taps_transposed", "fac.kernel_channels_tap_by_tap",
                  "fac.kernels_through_a_softmax", "conv_transpose2d.kernel_flipped"),
    ),
    race=Race({"stfan": (640, 360)}, trained=("stfan",)),
    vector=Vector({"widths": (4, 6, 10), "k": 5}, dict.fromkeys(("frame", "previous", "restored"), (1, 12, 20, 3))),
)
