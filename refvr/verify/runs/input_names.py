"""What the official code calls the inputs of a network."""
from __future__ import annotations

OFFICIAL_INPUTS: dict[str, dict[str, str]] = {  # network -> ours -> theirs
    "stfan": {"frame": "img_blur", "previous": "last_img_blur", "restored": "output_last_img",
              "state": "output_last_fea"},
    "stfan_seed": {"frame": "cur", "previous": "pre", "restored": "dpre", "state": "fpre"},
    "safa": {"image0": "img0", "image1": "img1"},
    "duf": {"x": "lr"},
}
BLUE_FIRST = ("safa",)   # networks whose official code takes blue first


def our_name(network: str, name: str) -> str:
    """Our name of an input that somebody calls `name`; as it is where it is not known."""
    plain = name.rpartition("/")[2]
    return next((ours for ours, theirs in OFFICIAL_INPUTS.get(network, {}).items() if theirs == plain), plain)
