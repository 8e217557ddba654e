"""The race of docs/performance.md from one run: six networks, each against its peers, then table, picture and JSON.

    python tools/race_table.py                     on a quiet machine; about 12 minutes on 2 cores, at most 14
    python tools/race_table.py --from docs/race.json    the table and the picture again, from what was measured

Every network has a row as soon as it is raced, and the JSON is written after each; what no time is left for is named.
"""
from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from refvr.bench.plot import draw_races
from refvr.bench.race import Row, Side, race, specs

ROOT = Path(__file__).parents[1]
PAGE, PICTURE, STORED = ROOT / "docs/performance.md", ROOT / "docs/images/race.png", ROOT / "docs/race.json"
BEGIN, END = "<!-- race: written by tools/race_table.py -->", "<!-- end of race -->"
WANTED = {"remonet": 2.1, "stfan": 2.0, "fastdvdnet": 4.0, "edvr-m-x4": 4.0, "safa": 3.5, "duf-16-x4": 4.5}
SECONDS = {"remonet": 40, "stfan": 40, "fastdvdnet": 40, "edvr-m-x4": 150, "safa": 210, "duf-16-x4": 90}  # expected
HEADER = ("network", "size", "ms, median", "best", "PyTorch ms", "ONNX Runtime ms", "OpenVINO ms", "against PyTorch",
          "ONNX Runtime", "OpenVINO", "against the better of the first two", "wanted", "MB", "PyTorch MB", "memory")


def measured(minutes: float, threads: int, repeats: int, networks: list[str]) -> dict[str, Any]:
    """Race until the time is over; the JSON as it is stored."""
    started, rows, left = time.monotonic(), [], []
    about = {"date": time.strftime("%Y-%m-%d"), "commit": _said("git", "rev-parse", "--short", "HEAD"),
             "machine": _processor(), "threads": threads, "repeats": repeats, "load_before": os.getloadavg()[0]}
    for name in networks:
        more = ("openvino", "keeps") if name.startswith("edvr") else ("openvino",)
        rest = 60 * minutes - (time.monotonic() - started)
        if rest < SECONDS.get(name, 60):
            left.append(name)
            continue

        def tell(what: str, name: str = name) -> None:
            print(f"{time.monotonic() - started:5.0f} s  {name}: {what}", flush=True)

        row = race(specs([name], threads=[threads])[0], repeats=repeats, more=more if rest > 180 else (), tell=tell)
        rows.append(asdict(row))
        found = about | {"seconds": time.monotonic() - started, "left_out": left, "rows": rows}
        STORED.write_text(json.dumps(found, indent=1) + "\n")
        print("  ".join(cells(row)), flush=True)
    return about | {"seconds": time.monotonic() - started, "left_out": left, "rows": rows}


def row_of(stored: dict[str, Any]) -> Row:
    """A row from its JSON."""
    sides = {name: Side(**stored[name]) if stored[name] else None for name in ("ours", "peer", "onnx")}
    more = {name: Side(**side) for name, side in stored["more"].items()}
    return Row(**(stored | sides | {"more": more}))


def cells(row: Row) -> tuple[str, ...]:
    """A row of the table; medians."""
    openvino, better = row.more.get("openvino"), min((x.ms for x in (row.peer, row.onnx) if x), default=None)
    sides = _ms(row.peer), _ms(row.onnx), _ms(openvino)
    return (row.network, row.size, _ms(row.ours), f"{row.ours.best_ms:.0f}", *sides,
            *(f"{side.ms / row.ours.ms:.2f}" if side else "-" for side in (row.peer, row.onnx, openvino)),
            f"{better / row.ours.ms:.2f}" if better else "-", f"{WANTED.get(row.network, '-')}",
            f"{row.ours.peak_mb:.0f}", f"{row.peer.peak_mb:.0f}" if row.peer else "-",
            f"{row.memory:.2f}" if row.memory else "-")


def table(found: dict[str, Any]) -> str:
    """What the page says between the marks."""
    rows = [row_of(stored) for stored in found["rows"]]
    limits = zip(*((row.sgemm_gflops, row.copy_gb_s) for row in rows))
    speeds = [f"{min(part):.0f} to {max(part):.0f}" for part in limits]
    how = (f"{found['threads']} threads of {found['machine']}, {found['date']}, commit {found['commit']}, "
           f"milliseconds a frame in the steady state, {found['repeats']} rounds of each side in turn "
           f"(`python tools/race_table.py`, {found['seconds']:.0f} s; the load before it was "
           f"{found['load_before']:.1f}; sgemm {speeds[0]} GFLOP/s, copy {speeds[1]} GB/s beside it). ONNX Runtime "
           "and OpenVINO run the network as `refvr export` writes it, a call for each window.")
    lines = [how, "", _line(HEADER), "|---|---|" + "---:|" * (len(HEADER) - 2), *map(_line, map(cells, rows)), ""]
    for row in rows:
        if kept := row.more.get("keeps"):
            lines += [f"Against a PyTorch peer that keeps {row.network}'s features between windows, as ours does: "
                      f"{kept.ms:.0f} ms a frame, {kept.ms / row.ours.ms:.2f} times ours.", ""]
        lines += [f"{row.network}: {why}." for side, why in row.without.items() if side != "keeps"]
    missed = [row.network for row in rows if float(cells(row)[10]) < WANTED.get(row.network, 0)]
    lines.append(f"Below what was wanted against the better of PyTorch and ONNX Runtime: {', '.join(missed) or 'none'}."
                 + (f" No time was left for {', '.join(found['left_out'])}." if found["left_out"] else ""))
    return "\n".join(lines)


def _line(values: tuple[str, ...]) -> str:
    return f"| {' | '.join(values)} |"


def _ms(side: Side | None) -> str:
    return f"{side.ms:.0f}" if side else "-"


def _said(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    name = re.search(r"model name\s*: (.*)", info.read_text()) if info.exists() else None
    return f"{os.cpu_count()} cores, {name[1].strip() if name else platform.processor()}"


def main() -> None:
    """Measure, or read, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", default=list(WANTED))
    parser.add_argument("--minutes", type=float, default=14.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--from", dest="source", type=Path, help="what was measured before")
    args = parser.parse_args()
    found = json.loads(args.source.read_text()) if args.source else measured(args.minutes, args.threads, args.repeats,
                                                                             args.networks)
    page = PAGE.read_text()
    before, _, rest = page.partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{table(found)}\n{END}{rest.partition(END)[2]}")
    draw_races([row_of(stored) for stored in found["rows"]], PICTURE)


if __name__ == "__main__":
    main()
