"""The record of STFAN: `networks/stfan.py` is its page."""
from __future__ import annotations

from refvr.records.record import Call, Model, Network

SOURCE = "Zhou et al., ICCV 2019; sczhou/STFAN"
MODELS = {
    "stfan-s": Model("stfan", "deblur", SOURCE, "MIT (our own weights and options)", "small: narrow; trained by refvr",
                     (("widths", (16, 32, 48)), ("identity_init", True), ("skips", True)), weights="stfan-s.h5"),
    "stfan": Model("stfan", "deblur", SOURCE, "MIT", "", file="best-ckpt.pth.tar", where="linked in the README",
                   score="DeepVideoDeblurring 31.24 dB / 0.934"),
}

STFAN = Network(
    name="stfan", title="STFAN", page="refvr.networks.stfan:STFAN", models=MODELS, tasks=("deblur",),
    call=Call(images=("frame", "previous", "restored"), state=True,
              official={"frame": "img_blur", "previous": "last_img_blur", "restored": "output_last_img",
                        "state": "output_last_fea"},
              from_clip="refvr.verify.runs.from_clip:stfan", from_array="refvr.verify.runs.from_array:frame_and_last"),
    driver="refvr.pipeline.stfan:DRIVER", pieces="refvr.pipeline.pieces:stfan",
)
