"""A network as an ONNX model, run by ONNX Runtime, beside our own answer. Needs the extra `peers`."""
import numpy as np
import onnxruntime

from refvr.verify.runs.exported import export
from refvr.verify.runs.inputs import subject_of

subject = subject_of("edvr-s-x4", "scene:48x32", frame=1)
report = export(subject, "edvr-s-x4.onnx")
print(f"{report.path}: {report.bytes / 1e3:.0f} kB, opset {report.opset}, inputs {report.inputs}")

session = onnxruntime.InferenceSession("edvr-s-x4.onnx")
theirs = session.run(None, subject.operands)[0]                             # channels last, as here
ours = subject.run()
print(f"largest difference {np.abs(theirs - ours).max():.1e}")
assert np.abs(theirs - ours).max() < 1e-5
