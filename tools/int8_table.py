"""What `refvr bounds --graph` says of layers in float, and what ONNX Runtime then answers: a table of docs/verify.md.

    python tools/int8_table.py                     both models
    python tools/int8_table.py --models edvr-s-x4 --form QOperator

Each model is exported and quantised on frames 0, 3 and 5 of the demo scene, and judged on frame 4. "Said" is of our run
of the quantised graph; "measured" is of the model quantised once more without those layers, run by ONNX Runtime,
against the export in float.
"""
from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from quantise import answer, quantise, subject_at

from refvr.verify.bounds.quantized import quantized_cost
from refvr.verify.runs.exported import export
from refvr.verify.runs.sweep import EmulateReport, decibels

MODELS = ("edvr-s-x4", "remonet-s-told")
ALONE = (0, 1, 2, 5, 10, 20)   # places in the ranking that are measured too


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--models", nargs="*", default=MODELS)
    parser.add_argument("--form", default="QDQ", choices=["QDQ", "QOperator"])
    options = parser.parse_args()
    print("| model | in float | said, dB | measured, dB |\n|---|---|---:|---:|")
    for model in options.models:
        with tempfile.TemporaryDirectory(prefix="refvr-int8-") as folder:
            _rows(model, Path(folder), options.form)
    return 0


def _rows(model: str, folder: Path, form: str) -> None:
    subject, plain = subject_at(model), folder / "float.onnx"
    export(subject, plain)
    right = answer(plain, subject)
    report = quantized_cost(subject, quantise(model, plain, folder / "int8.onnx", form=form), sweep=True)

    def row(layers: list[str], says: str, said: float) -> None:
        other = quantise(model, plain, folder / "other.onnx", form=form, without=_nodes(report, layers))
        print(f"| {model} | {says} | {said:.2f} | {decibels(answer(other, subject), right):.2f} |", flush=True)

    row([], "none", report.psnr)
    had = 0
    for k, said in report.gains:
        row(list(report.order[:k]), "+ " * bool(had) + ", ".join(report.order[had:k]), said)
        had = k
    for name, said in (report.each[k] for k in ALONE if k < len(report.each)):
        row([other for other in report.layers if other != name], f"all but {name}", said)


def _nodes(report: EmulateReport, layers: list[str]) -> list[str]:
    return [node for name in layers for node in report.nodes[name]]


if __name__ == "__main__":
    raise SystemExit(main())
