"""refvr train: train a network on one's own clips."""
from __future__ import annotations

import argparse
import json
import sys
import time
from types import TracebackType
from typing import Any

HELP = "train a network on your clips"

EXAMPLE = """
writes to the --out folder, from time to time and at the end:
  weights.h5      the trained network: refvr restore noisy.mp4 clean.mp4 --weights RUN/weights.h5
  checkpoint.h5   everything that --resume needs
  log.csv         one line a step
  loss.png        the curve
  validation/     pictures: without a network, with it, clean

example:
  refvr train remonet-s --data clips/train --val clips/val --out runs/first --hours 2
  refvr train duf-s-x4 --data clips/train --val clips/val --out runs/larger --hours 1
  refvr train --resume --out runs/larger

docs/train.md explains every option and what can be repeated to the bit.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `refvr train`."""
    parser.epilog = EXAMPLE
    add = parser.add_argument
    add("model", nargs="?", help="what to train: remonet, duf, edvr, stfan or safa, in any configuration that "
        "`refvr models` lists; those with -s are small")
    add("--data", metavar="DIR", help="clip files, folders of images, or both, at any depth")
    add("--out", required=True, metavar="DIR", help="folder for the results")
    add("--val", metavar="DIR", help="clips for validation; never train on them")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--steps", metavar="N", help="length in steps, repeatable to the bit (default: the recipe's)")
    length.add_argument("--hours", type=float, metavar="H", help="length as a time budget, in which the schedule ends")
    add("--resume", action="store_true", help="go on with the checkpoint in --out, to the same bits; needs no "
        "other option")
    add("--start", metavar="FILE", help="start from these weights instead of random ones, as far as they fit")
    add("--vgg", metavar="FILE", help="torchvision's weights of VGG19, for the perceptual loss of stfan")
    add("--recipe", metavar="NAME", help="name of a recipe (default: that of the model); docs/train.md lists them")
    add("--batch", type=int, metavar="N", help="windows in a step")
    add("--patch", type=int, metavar="PX", help="side of the squares that windows are cut to")
    add("--lr", type=float, metavar="R", help="peak learning rate")
    add("--set", action="append", default=[], metavar="KEY=VALUE", dest="changes",
        help="change any number of the recipe or the network, e.g. --set loss=l1 --set widths=[16,48,96]")
    add("--seed", type=int, metavar="N", help="of weights, crops and noise (default: 0)")
    add("--threads", type=int, metavar="N", help="threads (default: all cores; the result does not depend on it)")
    add("--save-every", type=float, default=5, metavar="MIN", help="minutes between checkpoints (default: 5)")
    add("--val-every", type=float, default=10, metavar="MIN", help="minutes between validations (default: 10)")
    add("--val-frames", type=int, default=5, metavar="N", help="frames of each validation clip used (default: 5)")
    add("--licence", default="not stated", metavar="TEXT", help="licence of the weights, noted in the file")


def run(args: argparse.Namespace) -> int:
    """Train; returns the exit status."""
    from refvr import ops
    from refvr.train.fit import Habits
    from refvr.train.start import train

    if args.threads is not None:
        ops.set_threads(args.threads)
    changes = dict(_pair(text) for text in args.changes)
    changes.update({key: getattr(args, key) for key in ("batch", "patch", "lr") if getattr(args, key) is not None})
    habits = Habits(hours=args.hours, save_every_s=60 * args.save_every, validate_every_s=60 * args.val_every,
                    val_frames=args.val_frames, licence=args.licence)
    with _Console() as console:
        weights = train(args.model, args.data, args.out, val=args.val, recipe=args.recipe, changes=changes,
                        steps=args.steps, seed=args.seed, resume=args.resume, start=args.start, vgg=args.vgg,
                        habits=habits, report=console)
    print(weights)
    return 0


def _pair(text: str) -> tuple[str, Any]:
    """KEY=VALUE, the value as JSON where it is JSON and as text where not."""
    from refvr.errors import InputError

    key, equals, value = text.partition("=")
    if not equals:
        raise InputError(f"--set: got {text!r}, expected KEY=VALUE", fix="for example --set loss=l1")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value


class _Console:
    """A bar with notes above it on a terminal; otherwise notes and a line every half minute. On stderr."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._began = self._last = time.monotonic()

    def __enter__(self) -> _Console:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            self._bar = Progress(TextColumn("training"), BarColumn(), MofNCompleteColumn(),
                                 TextColumn("steps, {task.description}, left"), TimeRemainingColumn(),
                                 console=Console(stderr=True), transient=True, speed_estimate_period=120)
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None,
                 trace: TracebackType | None) -> None:
        if self._bar:
            self._bar.stop()

    def note(self, line: str) -> None:
        """One line that stays."""
        if self._bar:
            self._bar.console.print(line, highlight=False, markup=False)
        else:
            print(line, file=sys.stderr, flush=True)

    def step(self, done: int, total: int, text: str) -> None:
        """Progress of this session."""
        now = time.monotonic()
        if done == 1:
            self._began = self._last = now   # the first step may have compiled kernels
        if self._bar:
            if not self._bar.tasks:
                self._bar.add_task("", total=total)
            self._bar.update(self._bar.task_ids[0], completed=done, total=total, description=text)
        elif now - self._last >= 30 and done > 1:
            self._last = now
            seconds = (now - self._began) / (done - 1)
            left = round(seconds * (total - done))
            self.note(f"step {done} of {total}, {text}, {seconds:.3f} s a step, "
                      f"{left // 3600}:{left // 60 % 60:02d}:{left % 60:02d} left")
