"""Static quantisation of an exported model by ONNX Runtime, on frames of a clip; what tools and long tests share."""
from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from onnxruntime import quantization

from refvr.verify.runs.inputs import subject_of
from refvr.verify.runs.network_call import Subject

CALIBRATED = (0, 3, 5)   # frames of the demo scene
JUDGED = 4               # another one
SIGMA = 25.0


def subject_at(model: str, frame: int = JUDGED, clip: str = "scene:48x32") -> Subject:
    """A model of the zoo with its own weights, given one frame."""
    return subject_of(model, clip, frame=frame, sigma=SIGMA)


class Frames(quantization.CalibrationDataReader):
    """What the network is given for each of some frames."""

    def __init__(self, model: str, frames: Sequence[int] = CALIBRATED) -> None:
        self._left: Iterator[dict[str, np.ndarray]] = iter([subject_at(model, frame).operands for frame in frames])

    def get_next(self) -> dict[str, np.ndarray] | None:
        """Called by the quantiser until it is None."""
        return next(self._left, None)


def quantise(model: str, source: Path, target: Path, *, form: str = "QDQ", without: Sequence[str] = (),
             types: Sequence[str] | None = None) -> Path:
    """Write `source`, an export of `model`, in int8. form: QDQ or QOperator; without: nodes that stay in float."""
    logging.disable(logging.WARNING)   # it recommends a step that refvr's exports do not need
    quantization.quantize_static(str(source), str(target), Frames(model), per_channel=True,
                                 quant_format=quantization.QuantFormat[form], nodes_to_exclude=list(without),
                                 op_types_to_quantize=types and list(types))
    logging.disable(logging.NOTSET)
    return target


def answer(path: Path, subject: Subject) -> np.ndarray:
    """What ONNX Runtime answers, in float64."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, subject.operands)[0], np.float64)
