"""Run large frames for real and hold what they took against what was laid out: the table of docs/plan.md.

    python tools/measure_large.py                        all of RUNS, hours
    python tools/measure_large.py edvr-s-x4 stfan-s      those of these models
    python tools/measure_large.py duf-s-x4 --size 3840x2160 --memory 4G --outputs 1
    python tools/measure_large.py --table FILE           the rows that FILE has

Each is a process of its own, `refvr restore` of frames of the demo scene into a folder of PNG, which is interrupted as
soon as the frames that are wanted are there: windows are full, as in the midst of a clip. Peak: its resident memory
(VmHWM; that of wait4 has its parent in it); disk: the most that its files without names take, looked at twice a second.
Weights are drawn where none are embedded. Rows are appended to FILE (--out), one JSON object each.
"""
from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from refvr import zoo
from refvr.media import image_file
from refvr.media.atomic import write_bytes
from refvr.pipeline.drivers import takes_sigma
from refvr.pipeline.memory import laid_out, parsed
from refvr.scene.render import Scene, frames
from refvr.verify.runs.weights_out import save_weights

RUNS = (("remonet-s-told", "3840x2160", "4G", 3), ("fastdvdnet", "3840x2160", "4G", 2),
        ("stfan-s", "3840x2160", "4G", 2), ("duf-s-x4", "3840x2160", "4G", 2), ("edvr-s-x4", "3840x2160", "4G", 2),
        ("safa-s-moved", "1920x1080", "4G", 2), ("safa-s-moved", "3840x2160", "4G", 1),
        ("edvr-m-x4", "1920x1080", "4G", 2), ("duf-52-x4", "1920x1080", "4G", 1), ("edvr-l-x4", "1920x1080", "4G", 1))
AHEAD = 3  # frames of the input that the first result may wait for
COARSE = 4
GB = 1 << 30


def planned(net: Any, size: tuple[int, int], memory: str) -> dict[str, float]:
    """GB of memory and of the disk, as `refvr plan` says."""
    layout = laid_out(net, size[1], size[0], parsed(memory))
    return {"planned": layout.peak / GB, "planned_disk": layout.disk / GB}


def prepared(folder: Path, net: Any, name: str, size: tuple[int, int], count: int) -> list[str]:
    """Frames of the scene in `folder`/in, COARSE times enlarged, since drawing them takes longer than reading them, and
    weights beside it where none are embedded; options for `restore`."""
    (folder / "in").mkdir()
    w, h = (-(-side // COARSE) for side in size)
    for k, frame in enumerate(frames(Scene(), w, h, fps=24, count=count)):
        samples = np.rint(frame * 255).astype(np.uint8).repeat(COARSE, axis=0).repeat(COARSE, axis=1)
        samples = samples[:size[1], :size[0]]
        write_bytes(folder / "in" / f"{k:04d}.png", image_file.encode(samples, ".png"))
    told = ["--sigma", "25"] * takes_sigma(net)
    if not zoo.row_of(name).weights:
        save_weights(net.init(np.random.default_rng(0)), folder / "drawn.h5")
        told += ["--weights", str(folder / "drawn.h5")]
    return told


def on_disk(pid: int) -> int:
    """Bytes of the files without names that a process has open."""
    total = 0
    with suppress(OSError):
        for number in os.listdir(f"/proc/{pid}/fd"):
            with suppress(OSError):
                if os.readlink(f"/proc/{pid}/fd/{number}").endswith(" (deleted)"):
                    total += os.stat(f"/proc/{pid}/fd/{number}").st_blocks * 512
    return total


def peak(pid: int) -> int:
    """Bytes: the largest resident memory of a process so far, 0 where it has ended."""
    with suppress(OSError, StopIteration):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024
    return 0


def measured(name: str, size: tuple[int, int], memory: str, outputs: int) -> dict[str, Any]:
    """One run."""
    net = zoo.build(name)
    row: dict[str, Any] = {"model": name, "size": f"{size[0]}x{size[1]}", "memory": memory, "outputs": outputs,
                           **planned(net, size, memory)}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        told = prepared(folder, net, name, size, outputs + AHEAD)
        started, disk, most, done = time.monotonic(), 0, 0, 0
        run = subprocess.Popen([sys.executable, "-m", "refvr", "restore", str(folder / "in"), str(folder / "out"),
                                "--model", name, "--memory", memory, *told], stderr=subprocess.PIPE, text=True)
        pid = 0
        while not pid:
            time.sleep(0.5)
            disk, most = max(disk, on_disk(run.pid)), max(most, peak(run.pid))
            before, done = done, len(list((folder / "out").glob("[!.]*.png")))
            if done > before:
                took = time.monotonic() - started
                print(f"{name}: frame {done} after {took:.0f} s, peak {most / GB:.2f} GB", flush=True)
            if done >= outputs and "seconds" not in row:
                row["seconds"] = (time.monotonic() - started) / outputs
                run.send_signal(signal.SIGINT)
            pid, status, usage = os.wait4(run.pid, os.WNOHANG)
        said = run.stderr.read() if run.stderr else ""
    if "seconds" not in row:
        row["failed"] = f"exit status {os.waitstatus_to_exitcode(status)}: {said[-500:]}"
    return {**row, "peak": most / GB, "disk": disk / GB,
            "processor": (usage.ru_utime + usage.ru_stime) / outputs}


def table(rows: list[dict[str, Any]]) -> str:
    """Markdown."""
    lines = ["| network | size | stated | laid out, GB | measured | of the disk laid out | measured | s a frame | "
             "processor s |", "|---|---|---:|---:|---:|---:|---:|---:|---:|"]
    for row in rows:
        figures = (f"{row[key]:.2f}" for key in ("planned", "peak", "planned_disk", "disk"))
        times = (row.get("failed", "") or f"{row['seconds']:.0f}", f"{row['processor']:.0f}")
        lines.append(f"| {' | '.join((row['model'], row['size'], row['memory'], *figures, *times))} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", metavar="MODEL")
    parser.add_argument("--size", help="WxH, in place of those of RUNS")
    parser.add_argument("--memory", default="4G")
    parser.add_argument("--outputs", type=int, default=1)
    parser.add_argument("--out", type=Path, metavar="FILE", help="rows are appended to it")
    parser.add_argument("--table", type=Path, metavar="FILE", help="print the rows that are there")
    args = parser.parse_args()
    if args.table:
        print(table([json.loads(line) for line in args.table.read_text().splitlines()]))
        return
    runs = [(name, args.size, args.memory, args.outputs) for name in args.models] if args.size else [
        run for run in RUNS if not args.models or run[0] in args.models]
    rows = []
    for name, size, memory, outputs in runs:
        width, height = map(int, size.split("x"))
        rows.append(measured(name, (width, height), memory, outputs))
        print(json.dumps(rows[-1]), flush=True)
        if args.out:
            with args.out.open("a") as file:
                file.write(json.dumps(rows[-1]) + "\n")
    print(table(rows))


if __name__ == "__main__":
    main()
