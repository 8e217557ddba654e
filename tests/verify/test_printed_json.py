"""What `--json` prints of differences, byte for byte: names, order and figures that other programs read."""
import json
from dataclasses import replace

import numpy as np

from refvr.cli.table import print_json
from refvr.verify.cases.checked import checked
from refvr.verify.cases.report import CaseReport, OutputReport
from refvr.verify.compare.found import Found, GradientRow, Guilty, Row
from refvr.verify.compare.pieces import difference
from refvr.verify.runs.exported import Certified

OURS = np.array([1, -4, 10, 0.5], np.float32)
OFF = np.array([1, -4, 12, 0.5], np.float32)
SPOILED = np.array([1, -4, 10 + 2**-9, np.nan], np.float32)

CASE = """{"path": "a.h5", "family": "op.warp", "backend": "fast", "dtype": "float32", "precision": "winograd", \
"seconds": 0.5, "outputs": [{"name": "y", "group": "outputs", "shape": [4], "tolerance": 4.0, "origin": "floor", \
"difference": {"max_abs": 2.0, "max_rel": 0.2, "ulp_median": 0.0, "ulp_p99": 0.0, "ulp_max": 2097152.0, \
"psnr_db": 20.0, "worst": [2], "used": 0.5, "got": 12.0, "want": 10.0}, "problem": "", "run": "", \
"passed": true}, {"name": "z", "group": "outputs", "shape": [4], "tolerance": 4.0, "origin": "floor", "difference": \
{"max_abs": "inf", "max_rel": "inf", "ulp_median": 0.0, "ulp_p99": 2048.0, "ulp_max": "inf", "psnr_db": "-inf", \
"worst": [3], "used": "inf", "got": "nan", "want": 0.5}, "problem": "", "run": "", "passed": false}, {"name": "x", \
"group": "trace", "shape": [2], "tolerance": 0.0, "origin": "", "difference": null, "problem": "not computed", "run": \
"traced", "passed": false}], "error": "", "passed": false}"""

OFF_FIGURES = """{"max_abs": 2.0, "max_rel": 0.2, "rms_rel": 0.18470283861584405, "ulp_50": 0.0, "ulp_99": 0.0, \
"ulp_max": 2097152.0, "cosine": 0.9981735688475685, "nan": 0, "inf": 0, "peak": 10.0}"""

SPOILED_FIGURES = """{"max_abs": null, "max_rel": null, "rms_rel": null, "ulp_50": 0.0, "ulp_99": 2048.0, \
"ulp_max": null, "cosine": 0.9989333306643954, "nan": 1, "inf": 0, "peak": 10.0}"""

COMPARED = """{"reference": "trace.h5", "mine": "mine.npz", "rows": [{"name": "a", "theirs": ["a"], "aligned": \
"exact", "axes": "c", "shape": [4], "stage": "", "total": %(spoiled)s, "own": %(off)s, "noise": 1e-07, "explained": \
1e-06, "times": 2.5}, {"name": "b", "theirs": ["b"], "aligned": "exact", "axes": "c", "shape": [4], "stage": "", \
"total": %(spoiled)s, "own": null, "noise": null, "explained": null, "times": null}], "aligned": {"exact": 2}, \
"names": 2, "unknown": [], "misfits": [], "healthy": null, "guilty": {"name": "a", "times": 2.5, "own": %(off)s, \
"noise": 1e-07, "after": "", "span": ["a"], "where": [], "grew": [], "others": [], "map": [], "diagnosis": null, \
"inner": "", "inherit": [], "between": [], "calls": []}, "mispaired": [], "precision": "", \
"stopped": "", "last": "", "not_finite": "", "misfit_results": [], \
"gradients": [{"name": "a", "kind": "value", "own": %(off)s, "noise": 1e-07, "after": "", "terms": 1}], "notes": [], \
"digits": "", "digits_explain_all": false}"""


def test_what_verify_prints_of_a_case():
    off = checked(OFF, OURS, np.array(4.0), np.float32)
    spoiled = checked(SPOILED, OURS, np.array(4.0), np.float32)
    outputs = [OutputReport("y", "outputs", (4,), 4.0, "floor", off),
               OutputReport("z", "outputs", (4,), 4.0, "floor", spoiled),
               OutputReport("x", "trace", (2,), problem="not computed", run="traced")]
    report = CaseReport("a.h5", "op.warp", "fast", "float32", "winograd", 0.5, outputs)
    assert json.dumps(report.as_dict()) == CASE


def test_what_compare_prints_of_values_layers_and_gradients(capsys):
    off = difference(OFF, OURS)
    spoiled = difference(SPOILED, OURS)
    row = Row("a", ("a",), "exact", "c", (4,), "", spoiled, off, 1e-7, 1e-6, 2.5)
    bare = replace(row, name="b", theirs=("b",), own=None, noise=None, explained=None, times=None)
    guilty = Guilty("a", 2.5, off, 1e-7, "", ("a",), (), (), (), [])
    print_json(Found("trace.h5", "mine.npz", [row, bare], {"exact": 2}, 2, [], [], guilty=guilty,
                     gradients=[GradientRow("a", "value", off, 1e-7)]))
    expected = COMPARED % {"off": OFF_FIGURES, "spoiled": SPOILED_FIGURES}
    assert capsys.readouterr().out == json.dumps(json.loads(expected), indent=2) + "\n"


def test_what_export_prints_of_a_certificate(capsys):
    row = Certified("y", 1e-7, 2e-7, 8e-7, 1.0, "our own float32 run")
    print_json([row])
    expected = [{"name": "y", "difference": 1e-7, "floor": 2e-7, "allowed": 8e-7, "peak": 1.0,
                 "origin": "our own float32 run"}]
    assert capsys.readouterr().out == json.dumps(expected, indent=2) + "\n"
