"""Output that pages show is what is printed now, on smaller inputs than pages have."""
import re
import shlex

import numpy as np
import pytest
from doc_pages import sample, shown, worded

from refvr import ops
from refvr.cli.main import main
from refvr.verify.mistakes import MISTAKES
from refvr.verify.runs.inputs import subject_of
from refvr.verify.runs.planted import planted
from refvr.verify.runs.tracing import listen

SMALL = {"features": 8, "frames": 3, "offset_groups": 2, "extract_blocks": 1, "reconstruct_blocks": 1}


def printed(command, capsys):
    capsys.readouterr()
    status = main(shlex.split(command))
    return status, capsys.readouterr().out.splitlines()


def test_compare(tmp_path, monkeypatch, capsys):
    """The port of the page: its dump has no offsets and masks, and two values whose names are not known."""
    monkeypatch.chdir(tmp_path)
    settings = " ".join(f"--set {key}={value}" for key, value in SMALL.items())
    assert main(shlex.split(f"trace edvr-m-x4 scene:20x12 --init 7 --frame 0 {settings} -o trace.h5")) == 0
    rng = np.random.default_rng(0)
    mine = {"feature_extraction.4.conv2": rng.random(7), "reconstruction": rng.random(7)}
    with ops.threads(1), planted(MISTAKES["deform_conv2d.offsets_x_y"]), \
            listen(lambda named, value: mine.update({named.name: value.copy()})):
        subject_of("edvr-m-x4", "scene:20x12", init=7, settings=SMALL, frame=0).run()
    np.savez("mine.npz", **{name: y for name, y in mine.items() if not name.endswith((".offset_px", ".mask"))})
    status, lines = printed("compare trace.h5 mine.npz --diagnose --brief --threads 1", capsys)
    assert status == 1 and worded(lines) == worded(sample("compare.md", "reference "))


def test_export(tmp_path, monkeypatch, capsys):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    monkeypatch.chdir(tmp_path)
    status, lines = printed("export edvr-s-x4 --size 16x8 -o edvr.onnx --check", capsys)
    page = sample("export.md", "edvr.onnx: ")
    assert status == 0 and worded(lines) == worded(page)
    assert lines[0].partition(", ")[2] == page[0].partition(", ")[2]   # the same operators at any size


def test_bounds(capsys):
    """The layers are those of the page, the figures and the order of equals the processor's."""
    page = sample("compare.md", "kept in float32")
    status, lines = printed("bounds remonet-s scene:16x8 --emulate int8 --sweep --layers 'unet.*' --threads 1", capsys)
    lines = lines[next(k for k, line in enumerate(lines) if line.startswith("kept in float32")):]
    assert status == 0 and lines[0].split() == page[0].split() and worded(lines[-1:]) == worded(page[-1:])
    for table in (lines, page):
        assert set(table[1]) == {"─"} and len({len(line) for line in table[:-1]}) == 1
        assert all(re.fullmatch(r"(\+ )?[\w.]+(, [\w.]+)* +\d+\.\d\d +\+\d+\.\d\d", line) for line in table[2:-1])


def test_diagnose(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    command = "diagnose deform_conv2d --mine y.npy --inputs in.npz --layout nchw"
    draw = np.random.default_rng(0).standard_normal
    given = {"x": draw((1, 6, 7, 4)), "weight": draw((3, 3, 4, 5)), "offset_px": draw((1, 6, 7, 18)), "bias": draw(5),
             "mask": 1 / (1 + np.exp(-draw((1, 6, 7, 9))))}
    given = {name: x.astype(np.float32) for name, x in given.items()}
    with planted(MISTAKES["deform_conv2d.offsets_x_y"]):
        y = ops.deform_conv2d(*(given[name] for name in ("x", "offset_px", "mask", "weight", "bias")))
    np.savez("in.npz", **{name: x.transpose(3, 2, 0, 1) if name == "weight" else np.moveaxis(x, -1, 1) if x.ndim > 1
                          else x for name, x in given.items()})
    np.save("y.npy", np.moveaxis(y, -1, 1))
    status, lines = printed(command, capsys)
    assert status == 1 and worded(lines) == worded(shown("diagnose.md", f"refvr {command}"))


def test_vectors(tmp_path, monkeypatch, capsys):
    """The hash is that of the page, to the last digit; the answers are our own."""
    monkeypatch.chdir(tmp_path)
    command = "vectors export --ops deform_conv2d -o vectors"
    assert printed(command, capsys) == (0, shown("vectors.md", f"refvr {command}"))
    status, lines = printed("vectors run vectors --module refvr.ops", capsys)
    page = shown("vectors.md", "refvr vectors run vectors --program ./deform_conv2d")
    assert status == 0 and worded(lines) == worded(page)


def test_other_words_are_seen():
    assert worded(["own error 0.1 of a.b (2 exact, 1 value)"]) == worded(["own error 12 of c.d.e (7 official)"])
    assert worded(["own error 0.1"]) != worded(["error 0.1"]) and worded(["[fac.x]"]) == ["[fac.x]"]
