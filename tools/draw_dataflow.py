"""Draw docs/images/dataflow_*.png: the networks as published, boxes and shapes from their captured graphs.

    python tools/draw_dataflow.py

Weights do not matter here, so they are drawn at random where there are none. Each is a call of `refvr explain`.
"""
from __future__ import annotations

import sys

from figure_parts import explain

NETWORKS = {"remonet": "remonet", "stfan": "stfan", "duf": "duf-16-x4", "edvr": "edvr-m-x4", "safa": "safa"}


def main() -> int:
    for name, model in NETWORKS.items():
        explain(model, "dataflow", f"dataflow_{name}.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
