"""The record of EDVR: `networks/edvr.py` is its page."""
from __future__ import annotations

from refvr.records.record import SMALL_RUN, Call, Model, Network, Page, Race, Vector

SOURCE, OURS = "Wang et al., CVPR Workshops 2019; XPixelGroup/BasicSR", "MIT (our own weights and options)"
SMALL = (("frames", 3), ("features", 16), ("offset_groups", 2), ("extract_blocks", 2), ("reconstruct_blocks", 8),
         ("tail", 16), ("base", "bicubic"))
LARGE = (("features", 128), ("reconstruct_blocks", 40))
STAGE2 = (("features", 128), ("reconstruct_blocks", 20), ("hr_in", True))
REPLICATE = (("predeblur", True), ("border", "replicate"))
OFFICIAL = (  # name, task, file, score, note, options
    ("edvr-m-x4", "sr", "EDVR_M_x4_SR_REDS_official-32075921.pth", "REDS4 RGB 30.53 dB / 0.8699", "", ()),
    ("edvr-m-notsa-x4", "sr", "EDVR_M_woTSA_x4_SR_REDS_official-1edf645c.pth", "", "without TSA", (("tsa", False),)),
    ("edvr-l-x4", "sr", "EDVR_L_x4_SR_REDS_official-9f5f5039.pth", "REDS4 RGB 31.09 dB / 0.8800", "", LARGE),
    ("edvr-l-vimeo-x4", "sr", "EDVR_L_x4_SR_Vimeo90K_official-162b54e4.pth",
     "Vid4 Y 27.35 dB / 0.8264, RGB 25.83 / 0.8077; Vimeo-90K-T Y 37.61 / 0.9489", "7 frames",
     (*LARGE, ("frames", 7))),
    ("edvr-l-blur-x4", "sr", "EDVR_L_x4_SRblur_REDS_official-983d7b8e.pth", "REDS4 RGB 28.88 dB / 0.8361",
     "blurred input", (*LARGE, *REPLICATE)),
    ("edvr-l-deblur", "deblur", "EDVR_L_deblur_REDS_official-ca46bd8c.pth", "REDS4 RGB 34.80 dB / 0.9487", "",
     (*LARGE, *REPLICATE, ("hr_in", True))),
    ("edvr-l-deblurcomp", "deblur", "EDVR_L_deblurcomp_REDS_official-0e988e5c.pth", "REDS4 RGB 30.24 dB / 0.8567",
     "compressed input", (*LARGE, *REPLICATE, ("hr_in", True))),
    ("edvr-stage2", "refine", "EDVR_REDS_SR_Stage2.pth", "", "second stage after edvr-l-x4", STAGE2),
    *((f"edvr-stage2-{name}", "refine", f"EDVR_REDS_{file}_Stage2.pth", "", f"second stage after edvr-l-{first}",
       (*STAGE2, *REPLICATE)) for name, file, first in (
        ("blur", "SRblur", "blur-x4"), ("deblur", "deblur", "deblur"), ("deblurcomp", "deblurcomp", "deblurcomp"))),
)
MODELS = {
    "edvr-s-x4": Model("edvr", "sr", SOURCE, OURS, "small: 3 frames, narrow; trained by refvr", SMALL,
                       weights="edvr-s-x4.h5", recommended=("sr", "sr x4")),
    "edvr-s-x4-real": Model("edvr", "sr", SOURCE, OURS, "the same for real footage: noise, compression, blur", SMALL,
                            weights="edvr-s-x4-real.h5", recommended=("sr real", "sr x4 real")),
    **{name: Model("edvr", task, SOURCE, "Apache-2.0", note, options, file=file, score=score,
                   where="BasicSR's model zoo" if "official" in file else "xinntao/EDVR, branch old_version")
       for name, task, file, score, note, options in OFFICIAL},
}
LONG = {"batch": 32, "patch": 64, "steps": 600_000, "lr": 4e-4, "schedule": "restarts", "floor": 1e-7,
        "betas": (0.9, 0.99), "loss": "charbonnier_sum", "average": 0.999, "augment": "sample",
        "periods": (1 / 12, 1 / 6, 1 / 4, 1 / 4, 1 / 4), "factors": (1.0, 1.0, 1.0, 1.0, 1.0)}
SHORT = SMALL_RUN | {"batch": 8, "patch": 32, "loss": "charbonnier", "scenes": 0.25, "pool": 24, "lr": 5e-4}
RECIPES = {
    "edvr": LONG,
    "edvr-l-x4": LONG | {"factors": (1.0, 0.5, 0.5, 0.5, 0.5)},
    "edvr-s-x4": SHORT,
    "edvr-s-x4-real": SHORT | {"footage": 1.0, "loss": "psnr"},
}

EDVR = Network(
    name="edvr",
    title="EDVR",
    page="networks.edvr:EDVR",
    models=MODELS,
    tasks=("sr", "deblur"),
    driver="pipeline.edvr:DRIVER",
    pieces="pipeline.pieces:edvr",
    call=Call(from_clip="verify.runs.from_clip:edvr", from_case="verify.runs.case_call:edvr_call"),
    objective="train.objectives.edvr:EDVR",
    recipes=RECIPES,
    releases="checkpoints.names_edvr:RELEASES",
    families="verify.cases.families.edvr:FAMILIES",
    explained=Page(
        says="explain.says:edvr",
        figures={"offsets": "explain.figures.taps:offsets", "attention": "explain.figures.maps:attention"},
        mistakes=("deform_conv2d.offsets_x_y", "deform_conv2d.offset_groups_interleaved", "deform_conv2d.mask_ignored",
                  "resize_bilinear.corners_exchanged", "pixel_shuffle.order_of_the_other_framework"),
    ),
    race=Race({"edvr-m-x4": (320, 180)}, trained=("edvr-m-x4",)),
    vector=Vector({"frames": 3, "features": 8, "offset_groups": 2, "extract_blocks": 1, "reconstruct_blocks": 1},
                  {"x": (1, 3, 12, 20, 3)}),
)
