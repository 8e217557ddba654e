"""`refvr diagnose`."""
from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from refvr.verify.diagnose.diagnosis import Diagnosis

HELP = "name the mistake that makes a port's numbers differ: the catalogue of classic ones is run on your inputs"

EXAMPLE = """
WHAT is a trace file of ours, --mine then being all values of your port: its guilty layer is found as compare with
--isolate finds it, and what is wrong in it is named (TRACE:NAME chooses another layer). Or WHAT is an operation
(deform_conv2d, fac, dynamic_upsample, warp, conv2d ...), a model of `refvr models`, or a part of one: MODEL:PATH, with
the weights of the model. Inputs are found by name: the operands of the operation (x, weight, bias, offset_px ...), for
a part what its `forward` takes. Files: HDF5, .npz, .npy, a folder of .npy, safetensors.

exit status: 0 the numbers are right, 1 a mistake was found or none explains them, 2 bad input, or names that belong to
other values

example:
  refvr diagnose trace.h5 --mine mine.npz
  refvr diagnose deform_conv2d --mine y.npy --inputs in.npz --set padding=1
  refvr diagnose remonet-s:conv1 --mine trace.h5:conv1 --inputs conv1_input.npy --layout nchw
  refvr diagnose --list

docs/diagnose.md explains what is tried and how it is judged.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `refvr diagnose`."""
    parser.epilog = EXAMPLE
    parser.add_argument("what", metavar="WHAT", nargs="?", help="a trace file, an operation, MODEL or MODEL:PATH")
    parser.add_argument("--mine", metavar="FILE", help="the result to be explained; FILE:NAME where there are several")
    parser.add_argument("--inputs", metavar="FILE", action="append", default=[], help="operands by name; repeatable")
    parser.add_argument("--layout", choices=("nhwc", "nchw"), default="nhwc",
                        help="of all arrays; nchw has weights as (o, c, kh, kw), as PyTorch and ONNX (default: nhwc)")
    parser.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], dest="options",
                        help="an option of the operation, stride=2; values as in JSON")
    parser.add_argument("--precision", metavar="KIND", default="",
                        help="what your port computes in: fp32, fp16, bf16, tf32, int8, or a file that says so of "
                             "each layer (default: as its values tell)")
    parser.add_argument("--map", metavar="FILE", help="names of yours and of ours, where WHAT is a trace file")
    parser.add_argument("--before", metavar="INPUT", default="",
                        help="the clip that your port restored before this one, where WHAT is a trace file; whether "
                             "its state was not reset is tried too")
    parser.add_argument("--weights", metavar="FILE", help="weights of the model")
    parser.add_argument("--seconds", type=float, default=25.0, metavar="S",
                        help="of processor time: nothing more is tried after that (default: 25)")
    parser.add_argument("--list", action="store_true", help="list the catalogue, or the mistakes of WHAT, and stop")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def run(args: argparse.Namespace) -> int:
    """Diagnose and print."""
    from pathlib import Path

    from refvr.errors import InputError
    from refvr.verify.runs.layer_precision import stated_precision

    if args.list:
        return _list(args.what, args.json)
    if not args.what or not args.mine:
        raise InputError("diagnose needs WHAT and --mine", fix="see refvr diagnose --help")
    from refvr.cli.progress import Progress
    from refvr.verify.diagnose.diagnose import diagnose
    from refvr.verify.runs.trace_file import is_trace

    trace, _, at = args.what.partition(":") if not Path(args.what).is_file() else (args.what, "", "")
    if Path(trace).is_file():
        if not is_trace(trace):
            raise InputError(f"{trace} is no trace file", fix="make one with `refvr trace`, or name an operation")
        from refvr.verify.diagnose.port import diagnose_port

        with Progress("diagnosing", "runs") as progress:
            answer = diagnose_port(trace, args.mine, at=at, table=args.map, seconds=args.seconds,
                                   precision=stated_precision(args.precision), before=args.before,
                                   progress=progress.say)
        return _answered(answer, args.json)
    inputs = {name: array for path in args.inputs for name, array in arrays(path).items()}
    with Progress("diagnosing", "runs") as progress:
        answer = diagnose(args.what, one_array(args.mine), inputs, layout=args.layout, weights=args.weights,
                          seconds=args.seconds, progress=progress.say, **options(args.options))
    return _answered(answer, args.json)


def _answered(answer: Diagnosis, as_json: bool) -> int:
    if as_json:
        print(json.dumps(answer.as_dict(), indent=1))
    else:
        show(answer)
    return 2 if answer.mispaired and not answer.agrees else 0 if answer.agrees else 1


def options(pairs: list[str]) -> dict[str, Any]:
    """KEY=VALUE; values as in JSON, anything else is text, lists become tuples."""
    from refvr.errors import InputError

    found: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not key or not equals:
            raise InputError(f"got --set {pair}, expected KEY=VALUE", fix="for example --set stride=2")
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        found[key] = tuple(value) if isinstance(value, list) else value
    return found


def arrays(path: str) -> dict[str, np.ndarray]:
    """Arrays by the last part of their names."""
    from refvr.verify.runs.arrays_in import open_arrays

    file = open_arrays(path)
    return {name.rsplit("/", 1)[-1]: file[name] for name in file}


def one_array(place: str) -> np.ndarray:
    """The array of FILE, or FILE:NAME."""
    from pathlib import Path

    from refvr.errors import InputError
    from refvr.verify.runs.arrays_in import open_arrays

    path, _, name = (place, "", "") if Path(place).exists() else place.rpartition(":")
    file = open_arrays(path or place)
    names = [name] if name else list(file) if len(file) == 1 else [n for n in file if n in ("y", "output", "mine")]
    if len(names) != 1 or names[0] not in file:
        raise InputError(f"{path or place} holds {', '.join(list(file)[:8])}", fix="name one: FILE:NAME")
    return file[names[0]]


def show(answer: Diagnosis) -> None:
    """A few lines for people."""
    from refvr.cli.table import prose

    prose(*answer.lines())


def _list(operation: str | None, as_json: bool) -> int:
    from refvr.cli.table import show as table
    from refvr.errors import InputError
    from refvr.verify.mistakes import MISTAKES

    rows = [m for m in MISTAKES.values() if operation in (None, m.operation)]
    if not rows:
        raise InputError(f"no mistakes are known of {operation!r}", fix="`refvr diagnose --list` shows them all")
    if as_json:
        print(json.dumps([{"name": m.name, "operation": m.operation, "kind": m.kind, "says": m.says} for m in rows],
                         indent=1))
    else:
        table(["mistake", "kind", "the reference with"], [[m.name, m.kind, m.says] for m in rows], right=set())
    return 0
