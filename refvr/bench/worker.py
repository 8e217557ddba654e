"""One side of a race in a process of its own: JSON lines in, JSON lines out. Nothing that it reads is executed.

    python -m refvr.bench.worker
    {"side": "ours", ...}      the spec, see subjects.py    -> {"ready": true}
    {"do": "run"}              one round                    -> {"seconds": 0.2, "frames": 5}
    {"do": "rehearse"}         a round; what it found out   -> {} or the peer's {"layout": "channels last"}
    {"do": "work"}             one round, by operation      -> {"operations": [...]}
    {"do": "forget"}           peak memory starts anew      -> {}
    {"do": "peak"}             peak memory since then       -> {"peak_mb": 240.0}
    {"do": "limits"}           of the machine               -> {"sgemm_gflops": 190.0, "copy_gb_s": 12.0}

What goes wrong with a reason is answered with {"error": "..."}; the end of the input ends the process.
"""
from __future__ import annotations

import json
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from refvr.errors import RefvrError

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def peak_mb() -> float:
    """Largest resident memory since `forget_peak`; where the system does not tell, since the start."""
    if STATUS.exists():
        line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def forget_peak() -> None:
    """Let the peak start from what is resident now, where the system can: compiling is not part of a race."""
    with suppress(OSError):
        CLEAR.write_text("5")


def limits(side: int = 1536, copied: int = 1 << 27) -> dict[str, float]:
    """NumPy's float32 matrix product and its copy of 128 MB, the best of five each."""
    a, source = np.ones((side, side), np.float32), np.ones(copied // 4, np.float32)
    target = np.zeros_like(source)
    product, copy = _best(lambda: a @ a), _best(lambda: np.copyto(target, source))
    return {"sgemm_gflops": 2 * side ** 3 / product / 1e9, "copy_gb_s": 2 * copied / copy / 1e9}


def _best(call: Any, repeats: int = 5) -> float:
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return min(times)


def answer(subject: Any, task: str) -> dict[str, Any]:
    """What one line asks for."""
    if task == "run":
        started = time.perf_counter()
        frames = subject.run()
        return {"seconds": time.perf_counter() - started, "frames": frames}
    if task == "work":
        return {"operations": subject.work()}
    if task == "rehearse":
        return subject.rehearse()
    if task == "peak":
        return {"peak_mb": peak_mb()}
    if task == "limits":
        return limits()
    forget_peak()
    return {}


def main() -> None:
    """Serve one subject until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes the input
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not get between the answers
    subject: object = None
    reply: dict[str, Any]
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            if subject is None:
                from refvr.bench.sides import make

                subject, reply = make(asked), {"ready": True}
            else:
                reply = answer(subject, asked["do"])
        except RefvrError as error:
            reply = {"error": str(error)}
        print(json.dumps(reply), file=out, flush=True)


if __name__ == "__main__":
    main()
