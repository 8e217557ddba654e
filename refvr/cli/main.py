"""`refvr VERB ...`: finds the verb, and turns deliberate errors into one line and an exit status.

    0    done                    2    bad input, weights, output or usage: one line on stderr says what to do
    1    a check failed          3    the input ended early; everything that could be read was used
    70   a fault of refvr itself, with its traceback: no verdict about anything, as 1 would be
    130  stopped by Ctrl-C, SIGTERM or SIGHUP; the line names what was kept

A verb is a module with `HELP` (one line), `add_arguments(parser)` and `run(args) -> exit status`. Verbs import what
they work with inside `run`, so that help and usage errors come at once.
"""
from __future__ import annotations

import argparse
import re
import signal
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType

from refvr import __version__
from refvr.cli import standard_streams
from refvr.errors import RefvrError, nearest, printable
from refvr.interrupt import SIGNALS, stop_as_by_ctrl_c

VERBS = {
    "restore": "refvr.cli.restore",
    "demo": "refvr.cli.demo",
    "models": "refvr.cli.models",
    "info": "refvr.cli.info",
    "inspect": "refvr.cli.inspect",
    "convert": "refvr.cli.convert",
    "score": "refvr.cli.score",
    "degrade": "refvr.cli.degrade",
    "verify": "refvr.cli.verify",
    "trace": "refvr.cli.trace",
    "compare": "refvr.cli.compare",
    "bounds": "refvr.cli.bounds",
    "diagnose": "refvr.cli.diagnose",
    "vectors": "refvr.cli.vectors",
    "plan": "refvr.cli.plan",
    "shots": "refvr.cli.shots",
    "worker": "refvr.cli.worker",
    "status": "refvr.cli.status",
    "export": "refvr.cli.export",
    "work": "refvr.cli.work",
    "explain": "refvr.cli.explain",
    "train": "refvr.cli.train",
    "bench": "refvr.cli.bench",
}


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message: str) -> None:  # type: ignore[override]  # argparse says NoReturn
        """Print the error and where help is, exit with status 2."""
        odd = next((word for word in sys.argv[1:] if word[0:1] == "-" and word[1:2] != "-" and "." in word[2:]), None)
        hint = f"; a name that begins with - is written ./{odd}" if odd else ""
        said = "; ".join(filter(None, (message, self._meant(message))))
        self.exit(2, f"{self.prog.replace(' ', ': ', 1)}: {said} (see {self.prog} --help{hint})\n")

    def parse_known_args(  # type: ignore[override]  # argparse has three signatures
            self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
            ) -> tuple[argparse.Namespace, list[str]]:
        """As argparse does, with the words kept for its errors."""
        self._words = list(args or ())
        return super().parse_known_args(args, namespace)

    def _meant(self, message: str) -> str:
        """The nearest choice, or the nearest option where one is unknown: it may be what argparse misses. What begins
        with - and stands where a value should."""
        if wrong := re.match(r"argument (\S+): invalid choice: '([^']*)'", message):
            action = self._option_string_actions.get(wrong[1].split("/")[0])
            return nearest(wrong[2], map(str, action.choices or ())) if action else ""
        if missing := re.match(r"argument (\S+): expected one argument", message):
            pairs = zip(self._words, self._words[1:])
            came = next((word for name, word in pairs if name in missing[1].split("/") and word[:1] == "-"), "")
            return came and f"got {came}, which begins as options do"
        options = list(self._option_string_actions)
        words = (word.partition("=")[0] for word in self._words if word[:2] == "--")
        unknown = next((word for word in words if not any(name.startswith(word) for name in options)), "")
        near = unknown and nearest(unknown, options)
        return near if not near or unknown in message else f"{unknown} is no option, {near}"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (default: that of the process) and return the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if argv is None:  # our process
        standard_streams.prepare()
        stop_as_by_ctrl_c()
    try:
        status = _dispatch(arguments)
        if sys.stdout:   # it may be closed
            sys.stdout.flush()
        return status
    except SystemExit as stop:  # argparse: help was shown, or the usage was wrong
        return int(stop.code or 0)
    except RefvrError as error:
        return _fail(str(error), error.exit_status)
    except KeyboardInterrupt as stop:
        if argv is None:  # again while threads finish, it ends at once and without a traceback
            for number in SIGNALS:
                signal.signal(number, signal.SIG_DFL)
        return _fail(f"stopped{f'; {stop}' if str(stop) else ''}", 130)
    except BrokenPipeError:  # the reader of our output has gone, which is no error of ours
        standard_streams.abandon_stdout()
        return 1
    except OSError as error:
        if argv is None:  # it may be standard output, which is full
            standard_streams.abandon_stdout()
        return _fail(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}", 2)
    except MemoryError as error:
        return _fail(f"not enough memory: {error} (use a smaller clip, or --precision winograd)", 2)
    except Exception as error:
        traceback.print_exc()
        return _fail(f"a fault of refvr, not of your input ({type(error).__name__}): nothing was found out; please "
                     "report it with the lines above", 70)


def make_parser(verb: str) -> Parser:
    """The parser of one verb; imports nothing but the verb's own module."""
    module = verb_module(verb)
    parser = Parser(prog=f"refvr {verb}", description=module.HELP, formatter_class=argparse.RawDescriptionHelpFormatter)
    module.add_arguments(parser)
    return parser


def verb_module(verb: str) -> ModuleType:
    """The module of a verb."""
    return import_module(VERBS[verb])


def overview() -> str:
    """What `refvr --help` prints."""
    width = max(map(len, VERBS))
    rows = "\n".join(f"  {verb:{width}}  {verb_module(verb).HELP}" for verb in VERBS)
    return (f"usage: refvr VERB ...\n\nrefvr {__version__}: video restoration on a CPU, readable and repeatable.\n\n"
            f"{rows}\n\n"
            "`refvr VERB --help` shows the options of a verb and an example.\nexample:\n  refvr demo --out demo\n")


def _dispatch(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(overview(), end="")
        return 0
    verb = arguments[0]
    if verb in ("-V", "--version"):
        print(f"refvr {__version__}")
        return 0
    if verb not in VERBS:
        return _fail(f"unknown verb {verb!r}; {nearest(verb, VERBS, 'verbs are: ' + ', '.join(VERBS))}", 2)
    parser = make_parser(verb)
    args = parser.parse_args(arguments[1:])
    for before, word in zip(arguments, arguments[1:]):   # a file of that name would be the current folder
        if not word or word[:2] == "--" and word[-1] == "=":
            where = f"for {word[:-1]}" if word else f"after {before}"
            parser.error(f"got nothing {where}, expected a name or a value; is a variable of the shell empty?")
    return verb_module(verb).run(args)


def _fail(message: str, status: int) -> int:
    """One line on stderr, whatever line breaks and control characters the message has."""
    print(f"refvr: {printable(' '.join(message.split()))}", file=sys.stderr)
    return status
