"""The record of SAFA: `networks/safa.py` is its page."""
from __future__ import annotations

from refvr.records.record import SMALL_RUN, Call, Model, Network, Page, Race, Vector

SOURCE, OURS = "Huang et al., WACV 2024; megvii-research/WACV2024-SAFA", "MIT (our own weights and options)"
SMALL = (("channels", 24), ("blocks", 3), ("depth", 1), ("decoder_blocks", 6), ("head", 16), ("identity_init", True))
MODELS = {
    "safa-s": Model("safa", "spacetime", SOURCE, OURS, "small: narrow, 3 refinements; trained by refvr", SMALL,
                    weights="safa-s.h5"),
    "safa-s-moved": Model("safa", "spacetime", SOURCE, OURS,
                          "small, and begins at an estimated motion; trained by refvr", (*SMALL, ("motion", True)),
                          weights="safa-s-moved.h5",
                          recommended=("spacetime",)),
    "safa": Model("safa", "spacetime", SOURCE, "MIT", "x4 in space, any rate in time", file="flownet.pkl",
                  where="linked in the README", score="over 0.5 dB above TMNet and VideoINR (abstract)"),
}
SHORT = SMALL_RUN | {"batch": 4, "patch": 32, "loss": "psnr", "interval": 2, "times": 1, "routing": "threshold",
                     "scenes": 0.25, "pool": 24, "strides": (1.0, 2.0, 2.0), "clip_norm": 0.0, "lr": 5e-4}
RECIPES = {
    "safa": {"batch": 24, "patch": 32, "steps": 300_000, "lr": 2e-4, "schedule": "cosine", "warmup": 2000,
             "floor": 2e-6, "weight_decay": 1e-4, "clip_norm": 1.0, "loss": "l1", "reverse": True, "augment": "sample"},
    "safa-s": SHORT,
    "safa-s-moved": SHORT,
}

SAFA = Network(
    name="safa",
    title="SAFA",
    page="networks.safa:SAFA",
    models=MODELS,
    tasks=("spacetime",),
    driver="pipeline.safa:DRIVER",
    pieces="pipeline.pieces:safa",
    call=Call(
        images=("image0", "image1"),
        times=True,
        enlarged=4,
        official={"image0": "img0", "image1": "img1"},
        blue_first=True,
        from_clip="verify.runs.from_clip:safa",
        from_array="verify.runs.from_array:pair",
        from_case="verify.runs.case_call:safa_call",
    ),
    objective="train.objectives.safa:SAFA",
    recipes=RECIPES,
    releases="checkpoints.names_safa:RELEASES",
    families="verify.cases.families.safa:FAMILIES",
    orders=(
        ("decoder.out", "verify.compare.channel_orders:blue_first_of_four"),
        *((name, "verify.compare.channel_orders:blue_first") for name in ("warped?", "decoder", "output")),
    ),
    explained=Page(
        says="explain.says:safa",
        figures={"flow": "explain.figures.maps:flow", "scales": "explain.figures.maps:scales"},
        mistakes=("warp.flow_down_then_right", "warp.flow_halved", "warp.corners_not_aligned",
                  "resize_bilinear.corners_exchanged", "pixel_shuffle.order_of_the_other_framework"),
    ),
    race=Race({"safa": (320, 180)}, trained=("safa",), patch=(1, 128), options={"rate": 2, "routing": "half"},
              call={"routing": "half"}, frames=lambda config: 2),
    vector=Vector({"channels": 8, "blocks": 2, "depth": 1, "decoder_blocks": 1},
                  {"image0": (1, 24, 40, 3), "image1": (1, 24, 40, 3)}, {"times": [0.25, 0.5]}, "frames"),
)
