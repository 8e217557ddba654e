"""Which precision a port computes in, by its values: nearly all of them are numbers of a shorter format."""
from __future__ import annotations

import numpy as np

from refvr.verify.compare.nearness import distance
from refvr.verify.compare.pairs import Alignment
from refvr.verify.compare.ports.quantized import Grid
from refvr.verify.compare.ports.values import RunValues
from refvr.verify.runs.arrays_in import Arrays
from refvr.verify.runs.emulate import rounded
from refvr.verify.runs.layer_precision import Precision

SAMPLE = 4096   # values of each array
MOST = 0.75     # of the arrays; one layer in float16 in a port of float32 is a mistake and no precision
ALIKE = 0.2     # of the deviation: values of our run that few digits cannot tell apart
FORMATS = {"bf16": "bfloat16", "fp16": "float16"}   # the coarsest first; TF32 shows in products alone, int8 not here


def detected(alignment: Alignment, theirs: Arrays) -> str:
    """"fp16", "bf16", or "" where values have more digits than these."""
    counts, total = dict.fromkeys(FORMATS, 0), 0
    for pair in alignment.pairs.values():
        value = pair.read(theirs).reshape(-1)
        sample = value[::max(1, value.size // SAMPLE)].astype(np.float32)
        if sample.size < 8 or not np.isfinite(sample).all():
            continue
        total += 1
        for name in FORMATS:
            counts[name] += np.array_equal(rounded(sample, name), sample)
    return next((name for name, count in counts.items() if total and count > MOST * total), "")


def grids_of(theirs: Arrays) -> dict[str, Grid]:
    """Name of theirs -> numbers that a quantised value is rounded to; empty where nothing is known of them."""
    return theirs.grids if isinstance(theirs, RunValues) else {}


def grid_at(name: str, alignment: Alignment, theirs: Arrays) -> Grid | None:
    """That of the value which stands for ours called `name`."""
    grids = {grids_of(theirs).get(part) for part, _ in alignment.pairs[name].parts}
    return grids.pop() if len(grids) == 1 else None


def settled_precision(stated: Precision, alignment: Alignment, theirs: Arrays) -> tuple[Precision, list[str]]:
    """What was said, or else what the values tell, and a line about that; "" is float32."""
    if stated:
        return "" if stated == "fp32" else stated, []
    if grids_of(theirs):
        return "int8", ["the graph quantises its values (QuantizeLinear): what rounding explains is that of int8, with "
                        "scales and zero points of the graph (--precision says otherwise)"]
    found = detected(alignment, theirs)
    return found, [f"all values are {FORMATS[found]} numbers: what rounding explains is that of {found} (--precision "
                   "says otherwise)"] if found else []


def told_apart(alignment: Alignment) -> Alignment:
    """Without pairs by value alone that have a neighbour in our run: in few digits the two are too alike."""
    samples = {place.named.name: (place.shape, place.sample) for place in alignment.places}

    def alone(name: str) -> bool:
        shape, sample = samples[name]
        return not any(other != name and there == shape and distance(sample, near) < ALIKE
                       for other, (there, near) in samples.items())

    return alignment.with_pairs({name: pair for name, pair in alignment.pairs.items()
                                 if pair.how != "value" or alone(name)})
