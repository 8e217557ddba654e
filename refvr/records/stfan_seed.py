"""The record of STFAN's re-implementation: `networks/stfan_seed.py` is its page."""
from __future__ import annotations

from refvr.records.record import Call, Model, Network

MODELS = {
    "stfan-seed": Model("stfan_seed", "deblur", "re-implementation printed at elecfans.com, 2020-12-10",
                        "no licence stated", "no published weights or score; those of stfan do not fit"),
}

STFAN_SEED = Network(
    name="stfan_seed", title="STFANSeed", page="refvr.networks.stfan_seed:STFANSeed", models=MODELS, tasks=("deblur",),
    call=Call(images=("frame", "previous", "restored"), state=True,
              official={"frame": "cur", "previous": "pre", "restored": "dpre", "state": "fpre"},
              from_clip="refvr.verify.runs.from_clip:stfan", from_array="refvr.verify.runs.from_array:frame_and_last"),
    driver="refvr.pipeline.stfan:DRIVER", pieces="refvr.pipeline.pieces:stfan_seed",
)
