"""ONNX's own node tests of the operation types that refvr has, run by `refvr.ops`: what passes, what we refuse and why.

    python tools/onnx_nodes.py              one line for each type; --cases for each case

A refusal is raised by the adapter alone, before anything is computed, with one of the reasons of `LACKS`; any error of
an operation and any wrong value is a failure. `DIFFERS` has the cases whose answer is another one on purpose.
The cases come with the package `onnx` (onnx.backend.test); results are compared with the tolerances that they bring.
"""
from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx_node_calls import CALLS
from onnx_node_calls.refuse import LACKS, LacksError

DIFFERS = {
    "test_resize_downsample_scales_linear_align_corners":
        "the corners of the rounded size meet, as in PyTorch; ONNX takes the size before it is rounded",
}


@dataclass(frozen=True)
class Outcome:
    """status "pass", "refused" (why: a key of LACKS), "differs" (as DIFFERS says) or "fail" (why: what happened)."""

    name: str
    type: str
    status: str
    why: str = ""


def cases() -> Iterator[Any]:
    """The test cases of one node each, of the types in CALLS."""
    from onnx.backend.test.case.node import collect_testcases

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # onnx casts and divides its way to infinities while it makes them
        made = collect_testcases(None)
    for case in made:
        nodes = case.model.graph.node
        if len(nodes) == 1 and nodes[0].op_type in CALLS:
            yield case


def run(case: Any) -> Outcome:
    """Run one case."""
    from onnx import helper

    node = case.model.graph.node[0]
    attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    attributes = {k: v.decode() if isinstance(v, bytes) else v for k, v in attributes.items()}
    for inputs, wanted in case.data_sets:
        given = iter(inputs)
        operands = [next(given) if name else None for name in node.input]
        try:
            got = CALLS[node.op_type](operands, attributes, [y for y in node.output if y])
        except LacksError as refused:
            return Outcome(case.name, node.op_type, "refused", refused.args[0])
        except Exception as error:  # whatever an operation raises where the adapter did not refuse is a failure
            return Outcome(case.name, node.op_type, "fail", f"{type(error).__name__}: {error}")
        wrong = _wrong(got if isinstance(got, list) else [got], wanted, case)
        if wrong:
            return Outcome(case.name, node.op_type, "differs" if case.name in DIFFERS else "fail", wrong)
    return Outcome(case.name, node.op_type, "pass")


def _wrong(got: list[np.ndarray], wanted: list[np.ndarray], case: Any) -> str:
    """What is wrong with the results; empty: nothing."""
    if len(got) != len(wanted):
        return f"{len(got)} results, expected {len(wanted)}"
    for y, want in zip(got, wanted):
        if y.shape != want.shape or y.dtype != want.dtype:
            return f"{y.dtype} {y.shape}, expected {want.dtype} {want.shape}"
        if not np.allclose(y, want, rtol=case.rtol, atol=case.atol, equal_nan=True):
            return f"off by {np.abs(y - want).max():.2g}"
    return ""


def table(outcomes: list[Outcome]) -> str:
    """The table of docs/vectors.md: one row for each type."""
    rows = ["| type | cases | pass | differ | refused | for |", "| --- | ---: | ---: | ---: | ---: | --- |"]
    kinds = sorted({o.type for o in outcomes})
    for kind in [*kinds, ""]:
        of = [o for o in outcomes if kind in ("", o.type)]
        count = {s: sum(o.status == s for o in of) for s in ("pass", "differs", "refused", "fail")}
        why = sorted({o.why for o in of if o.status == "refused"}) if kind else []
        failed = f" **{count['fail']} FAIL**" if count["fail"] else ""
        rows.append(f"| {kind or 'all'} | {len(of)} | {count['pass']}{failed} | {count['differs']} | "
                    f"{count['refused']} | {', '.join(why)} |")
    return "\n".join(rows)


def main() -> int:
    """Print the table, and what fails."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cases", action="store_true", help="a line for each case")
    options = parser.parse_args()
    outcomes = [run(case) for case in cases()]
    for o in outcomes:
        if options.cases or o.status == "fail":
            print(f"{o.status:8}{o.type} {o.name}  {LACKS.get(o.why, o.why)}")
    print(table(outcomes))
    return int(any(o.status == "fail" for o in outcomes))


if __name__ == "__main__":
    raise SystemExit(main())
