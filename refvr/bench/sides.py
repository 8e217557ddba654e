"""The sides of a race: ours, an exported model in ONNX Runtime, the PyTorch peer, which is in tools/ of a checkout."""
from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from refvr import zoo
from refvr.bench.subjects import Clip, Train

TOOLS = Path(__file__).parents[2] / "tools"


def why_no_peer() -> str:
    """"" where the peers can be raced, else the reason in a few words."""
    from importlib.util import find_spec

    if not (TOOLS / "torch_peers").is_dir():
        return "no peers: they are in tools/ of a checkout"
    return "" if find_spec("torch") else "no PyTorch: pip install 'refvr[peers]'"


def deform_peer() -> Any:
    """onnxruntime's deformable convolution, tools/torch_peers/deformable.py, or None where something is missing."""
    from importlib.util import find_spec

    if why_no_peer() or not (find_spec("onnx") and find_spec("onnxruntime")):
        return None
    sys.path.insert(0, str(TOOLS))
    return import_module("torch_peers.deformable").onnx_deform


def make(spec: dict[str, Any]) -> object:
    """The subject of a spec: `run() -> frames` does one round, `work() -> Listener rows` looks into one of ours.

    `rehearse() -> {...}` goes before a race and answers with what belongs into its spec: the peer's "layout".
    """
    net = zoo.build(spec["model"], **spec.get("options", {})).init(np.random.default_rng(0))
    if spec["side"] == "ours":
        return (Train if spec["job"] == "train" else Clip)(net, spec)
    if spec["side"] in ("onnx", "openvino"):
        from refvr.bench.onnx_side import Clip as OnnxClip

        return OnnxClip(net, spec)
    sys.path.insert(0, str(TOOLS))
    theirs = import_module("torch_peers.race")
    return (theirs.Train if spec["job"] == "train" else theirs.Clip)(net, spec)
