"""The record of STFAN: `networks/stfan.py` is its page."""
from __future__ import annotations

from refvr.records.record import Call, Model, Network, Page

SOURCE = "Zhou et al., ICCV 2019; sczhou/STFAN"
MODELS = {
    "stfan-s": Model("stfan", "deblur", SOURCE, "MIT (our own weights and options)", "small: narrow; trained by refvr",
                     (("widths", (16, 32, 48)), ("identity_init", True), ("skips", True)), weights="stfan-s.h5"),
    "stfan": Model("stfan", "deblur", SOURCE, "MIT", "", file="best-ckpt.pth.tar", where="linked in the README",
                   score="DeepVideoDeblurring 31.24 dB / 0.934"),
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
    objective="train.objectives:STFAN",
    families="verify.cases.families.stfan_training:FAMILIES",
    orders=(("*.filters", "verify.compare.channel_orders:taps_of_a_channel"),),
    explained=Page(
        says="explain.says:stfan",
        figures={"filters": "explain.figures.filters:stfan"},
        mistakes=("fac.taps_flipped", "fac.taps_transposed", "fac.kernel_channels_tap_by_tap",
                  "fac.kernels_through_a_softmax", "conv_transpose2d.kernel_flipped"),
    ),
)
