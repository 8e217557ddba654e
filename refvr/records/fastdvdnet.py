"""The record of FastDVDnet: `networks/fastdvdnet.py` is its page."""
from __future__ import annotations

from refvr.records.record import Call, Model, Network, Page, Race, Vector

SOURCE = "Tassano et al., CVPR 2020; m-tassano/fastdvdnet"
MODELS = {
    "fastdvdnet": Model("fastdvdnet", "denoise", SOURCE, "MIT", "baseline, needs the noise level", file="model.pth",
                        where="the repository"),
    "fastdvdnet-clipped": Model("fastdvdnet", "denoise", SOURCE, "MIT", "for noise that was clipped to [0, 1]",
                                file="model_clipped_noise.pth", where="the repository"),
}

FASTDVDNET = Network(
    name="fastdvdnet",
    title="FastDVDnet",
    page="networks.fastdvdnet:FastDVDnet",
    models=MODELS,
    tasks=("denoise",),
    driver="pipeline.denoise:FASTDVDNET",
    pieces="pipeline.pieces:fastdvdnet",
    call=Call(from_case="verify.runs.case_call:fastdvdnet_call"),
    releases="checkpoints.names_fastdvdnet:RELEASES",
    families="verify.cases.families.fastdvdnet:FAMILIES",
    explained=Page(mistakes=("pixel_shuffle.order_of_the_other_framework", "conv2d.kernel_flipped")),
    race=Race({"fastdvdnet": (640, 360)}, trained=("fastdvdnet",), stages=("fastdvdnet",), patch=(2, 96)),
    vector=Vector({"widths": (4, 8, 12), "inter": 5}, {"x": (1, 5, 12, 20, 3), "noise_map": (1, 12, 20, 1)}),
)
