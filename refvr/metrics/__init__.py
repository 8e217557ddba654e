"""Metrics: one definition each, with the fine print as arguments; published recipes are rows in `protocols.py`."""
from refvr.metrics.protocols import PROTOCOLS, Protocol, score
from refvr.metrics.psnr import psnr
from refvr.metrics.ssim import ssim

__all__ = ["PROTOCOLS", "Protocol", "psnr", "score", "ssim"]
