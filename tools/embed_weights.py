"""Embed a trained network: python tools/embed_weights.py RUN/weights.h5 NAME [--scores SCORES.json]

Writes weights/NAME.h5 (float16, which halves the file) and NAME's entry in weights/manifest.json: configuration, data,
recipe, seed, steps, hours, licence, and the scores that `refvr score ... --json` printed.
"""
import argparse
import json
from pathlib import Path

import numpy as np

from refvr import zoo
from refvr.checkpoints import h5

WEIGHTS = Path(__file__).parents[1] / "weights"
KEPT = ("network", "model", "config", "recipe", "seed", "steps", "plan", "hours", "data", "licence", "date", "refvr",
        "psnr", "baseline")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("name")
    parser.add_argument("--scores", type=Path, help="what `refvr score --json` printed")
    parser.add_argument("--hardware", default="", help="noted in the manifest")
    parser.add_argument("--note", default="", help="noted in the manifest")
    args = parser.parse_args()
    state, attributes = h5.load(args.source)
    kept = {key: attributes[key] for key in KEPT if key in attributes}
    halved = {name: array.astype(np.float16) if array.dtype == np.float32 else array for name, array in state.items()}
    h5.save(WEIGHTS / f"{args.name}.h5", halved, kept)
    manifest = WEIGHTS / "manifest.json"
    entries = json.loads(manifest.read_text()) if manifest.exists() else {}
    entries[args.name] = {**kept, "file": f"{args.name}.h5", "storage": "float16",
                          "parameters": zoo.build(args.name).parameter_count(),
                          "hardware": args.hardware, "note": args.note,
                          **({"scores": json.loads(args.scores.read_text())} if args.scores else {})}
    manifest.write_text(json.dumps(entries, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
