"""`refvr plan MODEL`."""
from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from refvr.pipeline.film.forecast import Film
    from refvr.pipeline.forecast import Forecast

HELP = "say what a clip will cost before it is restored: schedule, memory, multiply-adds, time per frame"

EPILOG = """\
MODEL is a name of `refvr models`; its weights need not be there. The schedule is the one by which `refvr restore` runs
with the same --memory: what it prints is laid out, not estimated, but for the time, which is measured on a small frame
and scaled. docs/plan.md says how a network becomes a schedule.

With OUT the first argument is a clip: what `refvr restore CLIP OUT` with these options will cost, in one process and
with --workers on so many processes or machines. Times are measured on its first frames, in half a minute or so.

exit status: 0; 2 where no schedule fits, with the size that would

example:
  refvr plan duf-s-x4 --size 3840x2160 --memory 6G
  refvr plan remonet --size 640x360 --json
  refvr plan film.mp4 large.mp4 --task sr --cuts auto --workers 8
"""


OF_A_CLIP = {"task": "--task", "named": "--model", "weights": "--weights", "scale": "--scale", "rate": "--rate",
             "sigma": "--sigma", "cuts": "--cuts", "at_cuts": "--at-cuts", "workers": "--workers", "piece": "--piece"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `refvr plan`."""
    parser.epilog = EPILOG
    parser.add_argument("model", metavar="MODEL", help="which network; or a clip, with OUT")
    parser.add_argument("target", metavar="OUT", nargs="?", help="the output that the clip is to become")
    parser.add_argument("--size", metavar="WxH", help="of a clip's frames, where there is no OUT (default: 640x360)")
    parser.add_argument("--memory", metavar="M",
                        help="most that it may take, 2G or 800M (default: 3/4 of what is free)")
    parser.add_argument("--ensemble", action="store_true", help="with that option of `refvr restore`")
    parser.add_argument("--threads", type=int, metavar="N", help="default: all cores")
    clip = parser.add_argument_group("of a clip, as for `refvr restore`")
    clip.add_argument("--task", choices=("denoise", "sr", "deblur", "spacetime"), help="default: denoise")
    clip.add_argument("--model", dest="named", metavar="NAME", help="a name of `refvr models`")
    clip.add_argument("--weights", metavar="FILE", help="weight file to use in place of the embedded one")
    clip.add_argument("--scale", type=int, metavar="N", help="enlarge 2 or 4 times each way")
    clip.add_argument("--rate", metavar="N", help="N output frames for each of the clip (SAFA)")
    clip.add_argument("--sigma", type=float, metavar="S", help="noise level, 0..255")
    clip.add_argument("--cuts", metavar="WHICH", help="auto, none or a file (default: none)")
    clip.add_argument("--at-cuts", choices=("repeat", "nothing"), help="between shots (SAFA; default: repeat)")
    clip.add_argument("--workers", type=int, metavar="N", help="on so many processes, or machines like this one")
    clip.add_argument("--piece", type=int, metavar="N", help="frames of a piece (default: 48)")
    parser.add_argument("--json", action="store_true", help="print as JSON")


def run(args: argparse.Namespace) -> int:
    """Lay it out and print."""
    _check(args)
    if args.target is not None:
        return _run_film(args)
    from refvr import ops, zoo
    from refvr.cli.sizes import frame_size
    from refvr.cli.table import print_json
    from refvr.pipeline.drivers import driver_of, needs_sigma
    from refvr.pipeline.forecast import forecast

    w, h = frame_size(args.size or "640x360")
    net = zoo.build(args.model)
    driver_of(net, {"sigma": 1.0 if needs_sigma(net) else None, "ensemble": args.ensemble})
    with ops.threads(args.threads):
        found = forecast(net, h, w, args.memory, args.ensemble)
    if args.json:
        print_json(found)
    else:
        show_frame(args.model, found)
    return 0


def _check(args: argparse.Namespace) -> None:
    """Refuse options that would not be listened to, and a clip without its output."""
    from pathlib import Path

    from refvr import zoo
    from refvr.errors import InputError

    if args.target is not None:
        if args.size is not None:
            raise InputError(f"got --size {args.size} beside a clip, whose frames have a size",
                             fix="leave it out, or plan a model: refvr plan MODEL --size WxH")
        return
    if args.model not in zoo.MODELS and Path(args.model).exists():
        raise InputError(f"got the clip {args.model} alone, expected its output too", fix="refvr plan CLIP OUT")
    given = {word: getattr(args, name) for name, word in OF_A_CLIP.items() if getattr(args, name) is not None}
    if given:
        word, value = next(iter(given.items()))
        raise InputError(f"got {word} {value} for {args.model} alone, expected a clip and its output",
                         fix=f"refvr plan CLIP OUT {word} {value}")


def show_frame(model: str, found: Forecast) -> None:
    """A line for every piece, and the sums for a frame."""
    from refvr.cli.table import figures, prose, show
    from refvr.plan.memory import gigabytes

    show(["piece", "schedule", "stages", "calls a frame", "values", "held", "10^9 multiply-adds", "moved", "s a call",
          "runs whole"],
         [[stage.name, stage.schedule, str(stage.stages), figures(stage.calls), gigabytes(stage.values),
           gigabytes(stage.held), figures(stage.gmacs), gigabytes(stage.moved), figures(stage.seconds),
           ", ".join(f"{count} {name}" for name, count in stage.whole) or "-"] for stage in found.stages],
         right={2, 3, 4, 5, 6, 7, 8}, least=["moved", "10^9 multiply-adds", "stages", "values", "runs whole"])
    limit = "" if found.memory is None else f" of {gigabytes(found.memory)}"
    disk = f", and {gigabytes(found.disk)} of the disk" if found.disk else ""
    prose(f"{model}, {found.width}x{found.height}: about {gigabytes(found.peak)}{limit}{disk}; a frame takes "
          f"{figures(found.gmacs)} * 10^9 multiply-adds, {gigabytes(found.moved)} moved, about "
          f"{figures(found.seconds, 2)} s here")
    prose(f"written as images of 8 bits; x264 keeps so many frames that a video takes {gigabytes(found.video)} more")


def _run_film(args: argparse.Namespace) -> int:
    """Measure the clip and print."""
    import sys

    from refvr import ops
    from refvr.cli.table import print_json
    from refvr.pipeline.chosen import chosen
    from refvr.pipeline.drivers import driver_of
    from refvr.pipeline.film.forecast import forecast_film
    from refvr.pipeline.film.run import check_workers
    from refvr.pipeline.rate import check_rate

    check_workers(args.workers, args.model, args.target)
    rate = check_rate("1" if args.rate is None else args.rate)
    net, name = chosen(args.task, args.named, args.scale, args.weights, "winograd", rate)
    options = {"sigma": args.sigma, "official": False, "ensemble": args.ensemble, "rate": rate, "routing": "threshold",
               "at_cuts": args.at_cuts or "repeat"}
    driver_of(net, options)
    with ops.threads(args.threads):
        film = forecast_film(args.model, args.target, net, name or str(args.weights), options, cuts=args.cuts or "none",
                             workers=args.workers, piece=48 if args.piece is None else args.piece, memory=args.memory,
                             say=lambda line: print(f"refvr: {line}", file=sys.stderr))
    if args.json:
        print_json(film)
    else:
        _show_film(film)
    return 0


def _show_film(film: Film) -> None:
    """The clip in two lines, and a row for every way to restore it."""
    from refvr.cli.table import figures, prose, show
    from refvr.plan.memory import gigabytes

    shots = "" if film.shots is None else f", {film.shots} shot{'s' * (film.shots != 1)}"
    about = "" if film.exact else "about "
    prose(f"{film.target}: {about}{film.frames} frames of {film.out_width}x{film.out_height} by {film.model}{shots}, "
          f"{film.pieces} piece{'s' * (film.pieces != 1)} of at most {film.longest}")
    prose("a frame here: " + ", ".join(f"{name} {figures(1000 * seconds)} ms" for name, seconds in film.times.items()))
    show(["way", "threads", "s a frame", "time", "joining", "memory of each", "disk"],
         [[way.where, str(way.threads), figures(way.seconds_frame), _clock(way.seconds), f"{way.joining:.0%}",
           gigabytes(way.memory), gigabytes(way.disk)] for way in film.ways], right={1, 2, 3, 4, 5, 6},
         least=["threads", "joining"])


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"
