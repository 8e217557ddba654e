"""The record of DUF: `networks/duf.py` is its page."""
from __future__ import annotations

from refvr.records.record import SMALL_RUN, Call, Model, Network, Page, Race, Vector

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
                                "small: 12 layers, narrow; trained by refvr", (("scale", scale), *SMALL),
                                weights=f"duf-s-x{scale}.h5", recommended=("sr x2",) if scale == 2 else ())
       for scale in (4, 2)},
}
SHORT = SMALL_RUN | {"batch": 8, "patch": 32, "loss": "huber", "scenes": 0.25, "pool": 24, "lr": 2e-3}
RECIPES = {
    "duf": {"batch": 16, "patch": 32, "steps": 300_000, "lr": 1e-3, "schedule": "falls", "falls": (1 / 3, 2 / 3),
            "loss": "huber", "strides": (1.0, 1.0, 1.0), "reverse": True, "augment": "none"},
    "duf-s-x4": SHORT,
    "duf-s-x2": SHORT,
}

DUF = Network(
    name="duf",
    title="DUF",
    page="networks.duf:DUF",
    models=MODELS,
    tasks=("sr",),
    driver="pipeline.duf:DRIVER",
    pieces="pipeline.pieces:duf",
    call=Call(
        volumes=True,
        official={"x": "lr"},
        from_clip="verify.runs.from_clip:duf",
        from_case="verify.runs.case_call:duf_call",
    ),
    corners=True,
    objective="train.objectives.duf:DUF",
    recipes=RECIPES,
    releases="checkpoints.names_duf:RELEASES",
    families="verify.cases.families.duf:FAMILIES",
    orders=(("residual2", "verify.compare.channel_orders:places_of_a_colour"),),   # BasicSR's; TensorFlow has ours
    explained=Page(
        says="explain.says:duf",
        figures={"filters": "explain.figures.filters:duf"},
        mistakes=("dynamic_upsample.filters_transposed", "dynamic_upsample.pixels_of_a_cell_transposed",
                  "dynamic_upsample.residual_in_the_order_of_pytorch", "dynamic_upsample.softmax_over_the_cell"),
    ),
    race=Race({"duf-16-x4": (320, 180), "duf-52-x4": (320, 180)}, trained=("duf-16-x4",), patch=(2, 32),
              options={"official": True}),   # frames as its authors have them
    vector=Vector({"scale": 2, "blocks": 1, "growth": 4}, {"x": (1, 7, 5, 11, 3)}),
)
