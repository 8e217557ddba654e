"""The record of STFAN's re-implementation: `networks/stfan_seed.py` is its page."""
from __future__ import annotations

from refvr.records.record import Call, Model, Network

MODELS = {
    "stfan-seed": Model("stfan_seed", "deblur", "re-implementation printed at elecfans.com, 2020-12-10",
                        "no licence stated", "no published weights or score; those of stfan do not fit"),
}

STFAN_SEED = Network(
    name="stfan_seed",
    title="STFANSeed",
    page="networks.stfan_seed:STFANSeed",
    models=MODELS,
    tasks=("deblur",),
    driver="pipeline.stfan:DRIVER",
    pieces="pipeline.pieces:stfan_seed",
    call=Call(
        images=("frame", "previous", "restored"),
        state=True,
        official={"frame": "cur", "previous": "pre", "restored": "dpre", "state": "fpre"},
        from_clip="verify.runs.from_clip:stfan",
        from_array="verify.runs.from_array:frame_and_last",
        from_case="verify.runs.case_call:stfan_seed_call",
    ),
    releases="checkpoints.names_stfan:SEED_RELEASES",
    families="verify.cases.families.stfan:SEED_FAMILIES",
    orders=(("*.filters", "verify.compare.channel_orders:taps_of_a_channel"),),
)
