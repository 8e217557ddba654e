"""Ports whose values come in another order."""
from refvr.verify.mistakes import MISTAKES
from refvr.verify.runs.inputs import subject_of
from refvr.verify.runs.planted import planted
from refvr.verify.runs.trace_file import write_trace

SHUFFLED = "pixel_shuffle.rows_and_columns_of_the_block_exchanged"


def shuffled_port(path, size, settings, only=()):
    """Values of a port whose second pixel shuffle is wrong."""
    with planted(MISTAKES[SHUFFLED], only=1):
        write_trace(subject_of("edvr-m-x4", f"scene:{size}", init=7, settings=settings), path, only=only, layout="nchw")
