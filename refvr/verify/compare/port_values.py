"""The values of a port, however they come: a trace of ours, a file of arrays, a program that is run."""
from __future__ import annotations

from pathlib import Path

from refvr.errors import InputError
from refvr.verify.compare.ports.run_port import program_in, run_port
from refvr.verify.runs.arrays_in import Arrays, open_arrays
from refvr.verify.runs.network_call import Subject
from refvr.verify.runs.trace_file import is_trace, open_trace


def their_arrays(mine: str | Path, reference: Subject | str | Path) -> Arrays:
    """A trace of ours comes in its order; a program is run; anything else as its file has it."""
    program = program_in(mine)
    theirs = run_port(program, reference, str(mine)) if program is not None else \
        open_trace(mine)[0] if Path(mine).is_file() and is_trace(mine) else _real(open_arrays(mine))
    odd = next((name for name, entry in theirs.entries.items() if entry.dtype.startswith("complex")), None)
    if odd is not None:
        raise InputError(f"{mine}: {odd} holds complex numbers, expected real ones", fix="leave it out")
    return theirs


def _real(arrays: Arrays) -> Arrays:
    """Without truths, which are no values of ours."""
    truths = [name for name, entry in arrays.entries.items() if entry.dtype == "bool"]
    return Arrays(arrays.path, {name: entry for name, entry in arrays.entries.items() if name not in truths},
                  [*arrays.skipped, *truths])
