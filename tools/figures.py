"""Every picture and table of docs that a program makes, and the command that makes it anew.

    python tools/figures.py                   the list: what, where it stands, its command
    python tools/figures.py draw_duf memory   runs the commands whose words are given, one after the other
    python tools/figures.py --drawn           runs all that draw from the demo scene and need no quiet machine

What is printed goes into the page by hand, with commit, machine and day: a figure belongs to the commit it stands in.
Measured ones want a machine that does nothing else. CLIPS is a folder of clips that nothing was trained on.
"""
from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# pictures of docs/images, or the page of a table -> command
DRAWN = {
    "blur_*.png": "python tools/draw_blur.py",
    "conventions_*.png": "python tools/draw_conventions.py",
    "dataflow_*.png": "python tools/draw_dataflow.py",
    "duf_*.png dynamic_upsample.png": "python tools/draw_duf.py",
    "edvr_*.png deform_*.png resize_bilinear.png": "python tools/draw_edvr.py",
    "tape.png": "python tools/draw_learn.py",
    "memory.png plan.md": "python tools/draw_memory.py docs/images",
    "line_buffers.png": "python tools/draw_plan.py docs/images",
    "safa_*.png warp*.png": "python tools/draw_safa.py",
    "stfan_*.png fac_*.png": "python tools/draw_stfan.py",
    "conformance.md": "python tools/conformance.py",
    "command-line.md": "python tools/write_cli_reference.py",
}
MEASURED = {
    "demo.png": "refvr demo --size 352x200",
    "time.png performance.md": "python tools/time_table.py docs/images",
    "race.png performance.md": "python tools/race_table.py",
    "growth-remonet.png performance.md": "refvr bench --growth remonet --threads 2 "
                                         "--png docs/images/growth-remonet.png",
    "growth-stfan.png performance.md": "refvr bench --growth stfan --threads 2 --png docs/images/growth-stfan.png",
    "scale.png scale.md": "python tools/measure_pieces.py --draw docs/images",
    "plan.md (large frames)": "python tools/measure_large.py",
    "plan.md (DUF)": "python tools/measure_duf.py duf-16-x4 320x180",
    "verify.md": "python tools/port_table.py",
    "vectors.md": "python tools/onnx_nodes.py",
    "weights.md": "refvr score all CLIPS --frames 9 --markdown",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", help="of what is made, or of its command")
    parser.add_argument("--drawn", action="store_true", help="all that need no quiet machine")
    args = parser.parse_args()
    chosen = [command for what, command in (DRAWN | MEASURED).items()
              if any(word in f"{what} {command}" for word in args.words) or args.drawn and what in DRAWN]
    if not chosen:
        print("\n".join(f"{what:48} {command}" for what, command in (DRAWN | MEASURED).items()))
    for command in chosen:
        print(f"$ {command}", flush=True)
        program, *rest = shlex.split(command)
        start = [sys.executable] if program == "python" else [sys.executable, "-m", program]
        if status := subprocess.run([*start, *rest], cwd=ROOT).returncode:
            return status
    return 0


def pictures() -> Iterator[tuple[str, Path]]:
    """(command, file) of every picture that is made."""
    for what, command in (DRAWN | MEASURED).items():
        for pattern in what.split():
            if pattern.endswith(".png"):
                yield from ((command, file) for file in (ROOT / "docs" / "images").glob(pattern))


if __name__ == "__main__":
    sys.exit(main())
