"""What verifying a case found, as plain data."""
import json

from refvr.verify.cases.report import CaseReport, OutputReport


def test_what_was_not_compared_is_not_passed():
    output = OutputReport("y", "outputs", (2,), problem="is missing")
    report = CaseReport("a.h5", "op.warp", "fast", "float32", "winograd", outputs=[output])
    assert not output.passed and not report.passed and report.worst is None
    assert not CaseReport("a.h5", "op.warp", "fast", "float32", "winograd").passed     # nothing was checked
    assert json.loads(json.dumps(report.as_dict()))["outputs"][0]["passed"] is False
