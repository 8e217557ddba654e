"""Where the time of a training step goes, recipe by recipe, and how PyTorch's step of the network compares.

    python tools/measure_steps.py                          all small recipes
    python tools/measure_steps.py stfan-s --parts 12       one, with its twelve longest operations
    python tools/measure_steps.py stfan-s --rounds 9       against PyTorch, so many rounds in turns

Batches are drawn by the recipe's own sampler from drawn clips. A run draws the next batch in a second thread; "waited"
is the share of its time in which a step waits for that. "update" is what follows the gradients: their length,
clipping, Adam, the moving average. The race is of forward, mean square error, backward, Adam on equal batches,
both sides without the options of ours that the peers in tools/torch_peers lack; of STFAN for one frame of a clip.
"""
from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from refvr import ops, zoo  # noqa: E402
from refvr.autodiff import Tensor, backward  # noqa: E402
from refvr.cli.table import markdown  # noqa: E402
from refvr.ops.core.operation import watch  # noqa: E402
from refvr.records import record_of  # noqa: E402
from refvr.train.clips import Clip  # noqa: E402
from refvr.train.loop import Trainer  # noqa: E402
from refvr.train.memory import keep_memory  # noqa: E402
from refvr.train.optim import Adam  # noqa: E402
from refvr.train.recipes import recipe_of  # noqa: E402

SMALL = ("remonet-s", "remonet-s-told", "duf-s-x4", "edvr-s-x4", "edvr-s-x4-real", "stfan-s", "safa-s", "safa-s-moved")
WITHOUT = {"remonet": {"noise_map": False}, "edvr": {"base": "bilinear"},
           "stfan": {"skips": False, "identity_init": False},
           "safa": {"decoder_blocks": 12, "motion": False}}  # options of ours that the peers lack; SAFA's names need 12
CLIPS, FRAMES, SIDE = 3, 24, 288


def clock() -> float:
    """Seconds: of processor time where there is one thread, so that what else the machine does hardly counts."""
    return time.process_time() if ops.thread_count() == 1 else time.perf_counter()


def clips(blurs: bool) -> list[Clip]:
    """Drawn clips as smooth as pictures are, which drift; pairs have six channels."""
    from scipy.ndimage import gaussian_filter

    made = []
    for k in range(CLIPS):
        wide = gaussian_filter(np.random.default_rng(k).random((SIDE, SIDE + FRAMES, 3)), (2, 2, 0))
        wide = np.rint((wide - wide.min()) / np.ptp(wide) * 255).astype(np.uint8)
        frames = np.stack([wide[:, t:t + SIDE] for t in range(FRAMES)])
        made.append(Clip(f"drawn {k}", np.concatenate([frames, frames], -1) if blurs else frames))
    return made


class Operations:
    """`with operations:` adds up seconds by operation: the time since the one before, and that of its adjoint."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._watching: Any = None
        self._timed: set[int] = set()

    def __enter__(self) -> None:
        self._last = clock()
        self._watching = watch(self._hear)
        self._watching.__enter__()

    def __exit__(self, *exception: Any) -> None:
        self._watching = self._watching.__exit__(*exception)

    def _hear(self, operation: Any, *_: Any) -> None:
        self._add(operation.name)
        if operation.adjoint["fast"] and id(operation) not in self._timed:
            self._timed.add(id(operation))
            operation.adjoint = {**operation.adjoint, "fast": self._timing(operation.name, operation.adjoint["fast"])}

    def _timing(self, name: str, adjoint: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **options: Any) -> Any:
            self._last = clock()
            found = adjoint(*args, **options)
            self._add(f"adjoint of {name}")
            return found

        return timed

    def _add(self, name: str) -> None:
        now = clock()
        if self._watching:  # adjoints stay timed after that
            self.seconds[name] += now - self._last
        self._last = now


def parts_of(name: str, rounds: int, operations: Operations | None) -> dict[str, float]:
    """Seconds of the parts of a step, medians of some; the first, which may compile, is not counted.

    operations  to hear of those that gradients take, which makes them slower
    """
    recipe = replace(recipe_of(name), scenes=0.0, pool=0)
    trainer = Trainer(name, recipe, seed=0)
    sampler = trainer.objective.sampler(clips(trainer.objective.blurs), recipe, trainer.networks[0].config, 0, [])
    parts = {
        "data": lambda batch, k: sampler.batch(k),
        "forward": lambda batch, k: list(trainer.objective.losses(trainer.networks, batch, recipe, None)),
        "gradients": lambda batch, k: trainer.gradients(batch),
        "step": lambda batch, k: trainer.step(batch, recipe.lr * 1e-3)}
    times: dict[str, list[float]] = {part: [] for part in parts}
    for k in range(rounds + 1):
        batch = sampler.batch(k)
        for part, run in parts.items():
            with operations if operations and k and part == "gradients" else nullcontext():
                began = clock()
                run(batch, k)
                times[part].append(clock() - began)
    seconds = {part: median(found[1:]) for part, found in times.items()}
    return {"step": seconds["step"], "data": seconds["data"], "forward": seconds["forward"],
            "backward": seconds["gradients"] - seconds["forward"], "update": seconds["step"] - seconds["gradients"]}


def waited(name: str, rounds: int) -> float:
    """Share of a run's time in which a step waits for its batch; the next is drawn beside it, as in train/fit.py."""
    recipe = replace(recipe_of(name), scenes=0.0, pool=0)
    trainer = Trainer(name, recipe, seed=0)
    sampler = trainer.objective.sampler(clips(trainer.objective.blurs), recipe, trainer.networks[0].config, 0, [])
    waits = 0.0
    with ThreadPoolExecutor(1) as feeder:
        coming = feeder.submit(sampler.batch, 0)
        for k in range(2 * rounds + 2):
            if k == 2:
                began, waits = time.perf_counter(), 0.0
            at = time.perf_counter()
            batch = coming.result()
            waits += time.perf_counter() - at
            coming = feeder.submit(sampler.batch, k + 1)
            trainer.step(batch, recipe.lr * 1e-3)
        return waits / (time.perf_counter() - began)


def race(name: str, rounds: int) -> tuple[float, float]:
    """Seconds of our step and of PyTorch's, medians of rounds that take turns."""
    import torch
    import torch_peers
    from torch_peers.clips import tensor

    torch.set_num_threads(ops.thread_count())
    recipe, network = recipe_of(name), zoo.row_of(name).network
    net = zoo.build(name, **WITHOUT.get(network, {})).init(np.random.default_rng(0)).train()
    peer = torch_peers.from_refvr(net).train()
    inputs, answer, options = _inputs(net, recipe), _answer(), _options(net)
    theirs = [torch.from_numpy(x)[None] if x.ndim == 1 else tensor(x) for x in inputs]
    torch_peers.keep_statistics(peer)   # as in a race of refvr bench
    adam = torch.optim.Adam(peer.parameters(), 1e-5)

    def their_step() -> None:
        adam.zero_grad()
        y = answer(peer(*theirs, **options))
        (y * y).mean().backward()
        adam.step()

    last = torch_peers.channels_last_of(peer)
    fastest = min((_timed(their_step, layout, peer) for layout in (torch.contiguous_format, last)), key=lambda x: x[0])
    peer.to(memory_format=fastest[1])
    ours, adam_ours, parameters = [], Adam(1e-5), net.watch()
    their_times = []
    for k in range(rounds + 1):
        began = clock()
        _our_step(net, parameters, adam_ours, inputs, answer, options)
        middle = clock()
        their_step()
        if k:
            ours.append(middle - began)
            their_times.append(clock() - middle)
    return median(ours), median(their_times)


def _timed(step: Callable[[], None], layout: Any, peer: Any) -> tuple[float, Any]:
    peer.to(memory_format=layout)
    step()
    began = clock()
    step()
    return clock() - began, layout


def _our_step(net: Any, parameters: dict[str, Tensor], adam: Adam, inputs: list[np.ndarray],
              answer: Callable[[Any], Any], options: dict) -> None:
    """As a Trainer makes it: parameters stay on the tape."""
    y = answer(net(*inputs, **options))
    backward(ops.mse_loss(y, np.zeros(y.shape, np.float32)))
    gradients = {path: t.grad if t.grad is not None else np.zeros_like(t.data) for path, t in parameters.items()}
    for t in parameters.values():
        t.grad = None
    adam.step({path: t.data for path, t in parameters.items()}, gradients)


def _inputs(net: Any, recipe: Any) -> list[np.ndarray]:
    """Of one update of the recipe."""
    from refvr.bench.subjects import inputs_of

    side = record_of(net).call.enlarged * recipe.patch
    return inputs_of(net, recipe.batch, side, (0.5,))


def _answer() -> Callable[[Any], Any]:
    return lambda y: y[0] if isinstance(y, tuple) else y


def _options(net: Any) -> dict[str, Any]:
    from refvr.bench.subjects import call_options

    return call_options(net)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="*", metavar="RECIPE", default=SMALL)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--parts", type=int, default=0, metavar="N", help="print the N longest operations too")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--no-race", action="store_true", help="without PyTorch")
    args = parser.parse_args()
    keep_memory()
    rows = []
    with ops.threads(args.threads):
        for name in args.recipes:
            operations = Operations()
            parts = parts_of(name, args.rounds, operations if args.parts else None)
            row = [name, *(f"{1e3 * x:.0f}" for x in parts.values())]
            row.append(f"{100 * waited(name, args.rounds):.1f}")
            if not args.no_race:
                ours, theirs = race(name, args.rounds)
                row += [f"{1e3 * ours:.0f}", f"{1e3 * theirs:.0f}", f"{theirs / ours:.2f}"]
            rows.append(row)
            print(" ".join(row), file=sys.stderr, flush=True)
            for operation, seconds in operations.seconds.most_common(args.parts):
                print(f"    {operation:32} {1e3 * seconds / args.rounds:8.1f} ms", file=sys.stderr, flush=True)
    header = ["recipe", "ms a step", "data", "forward", "backward", "update", "waited %"]
    header += [] if args.no_race else ["raced", "PyTorch ms", "speed"]
    print(markdown(header, rows, right=set(range(1, len(header)))))


if __name__ == "__main__":
    main()
