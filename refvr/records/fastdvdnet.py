"""The record of FastDVDnet: `networks/fastdvdnet.py` is its page."""
from __future__ import annotations

from refvr.records.record import Model, Network

SOURCE = "Tassano et al., CVPR 2020; m-tassano/fastdvdnet"
MODELS = {
    "fastdvdnet": Model("fastdvdnet", "denoise", SOURCE, "MIT", "baseline, needs the noise level", file="model.pth",
                        where="the repository"),
    "fastdvdnet-clipped": Model("fastdvdnet", "denoise", SOURCE, "MIT", "for noise that was clipped to [0, 1]",
                                file="model_clipped_noise.pth", where="the repository"),
}

FASTDVDNET = Network(
    name="fastdvdnet", title="FastDVDnet", page="refvr.networks.fastdvdnet:FastDVDnet", models=MODELS,
    tasks=("denoise",),
    driver="refvr.pipeline.denoise:FASTDVDNET", pieces="refvr.pipeline.pieces:fastdvdnet",
)
