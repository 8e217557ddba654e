"""A table of docs/verify.md: ports by exporters, precisions and structures, planted and healthy, as tests have them.

    python tools/port_table.py             runs the tests of each row, the long ones too, and prints the table

A planted mistake counts where the test that requires it to be found passes, a healthy port where the test that requires
it not to be accused does; a test that was skipped counts nowhere.
"""
from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]


class Row(NamedTuple):
    """A kind of ports; planted and healthy: pytest's -k of their tests, "" where there are none."""

    says: str
    file: str
    planted: str
    healthy: str


ROWS = [
    Row("both of PyTorch's ONNX exporters", "tests/verify/compare/ports/test_exported.py",
        "planted", "healthy"),
    Row("float16 and bfloat16, modules and graphs", "tests/verify/compare/ports/test_half.py",
        "a_mistake", "a_healthy"),
    Row("int8, QDQ and quantised operators of ONNX Runtime", "tests/verify/compare/ports/test_quantized.py",
        "a_mistake", "a_healthy"),
    Row("structure: frames, orders, operands, weights", "tests/verify/diagnose/structure/test_structure.py",
        "a_mistake", ""),
    Row("recurrences: carried, reset, run twice", "tests/verify/diagnose/structure/test_recurrences.py",
        "is_named or alone", "healthy"),
]


def counted(row: Row, which: str) -> tuple[int, int]:
    """(passed, run) of the tests of a row that `which` selects."""
    if not which:
        return 0, 0
    with tempfile.TemporaryDirectory(prefix="refvr-port-table-") as folder:
        report = Path(folder) / "report.xml"
        subprocess.run([sys.executable, "-m", "pytest", row.file, "-m", "long or not long", "-k", which,
                        f"--junitxml={report}"], cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
        cases = [case for case in ElementTree.parse(report).iter("testcase") if case.find("skipped") is None]
    passed = sum(case.find("failure") is None and case.find("error") is None for case in cases)
    return passed, len(cases)


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", metavar="FILE", nargs="*", default=[], help="only rows of these test files")
    options = parser.parse_args()
    right = True
    print("| ports | tests | planted | found | healthy | accused |\n|---|---|---:|---:|---:|---:|")
    for row in ROWS:
        if options.rows and row.file not in options.rows:
            continue
        found, planted = counted(row, row.planted)
        left, healthy = counted(row, row.healthy)
        right &= found == planted and left == healthy
        print(f"| {row.says} | `{row.file}` | {planted} | {found} | {healthy} | {healthy - left} |", flush=True)
    return int(not right)


if __name__ == "__main__":
    raise SystemExit(main())
