"""--precision FILE: ports whose layers differ in precision, of weights, values and sums."""
import json

import numpy as np
import pytest

from refvr import ops
from refvr.cli.main import main
from refvr.errors import InputError
from refvr.verify.compare.compare import compare
from refvr.verify.runs.layer_precision import Digits, stated_precision


def test_the_last_line_that_fits_counts(tmp_path):
    lines = "layer, weights, values, sums\n*, fp16\na, int8, fp32, bf16   # first\n*.norm, fp32\n"
    (tmp_path / "p.csv").write_text(lines)
    rules = {"*": "fp16", "a": {"weights": "int8", "sums": "bf16"}, "*.norm": "fp32"}
    (tmp_path / "p.json").write_text(json.dumps(rules))
    for name in ("p.json", "p.csv"):
        said = stated_precision(str(tmp_path / name))
        assert said.of("b.c") == Digits("fp16", "fp16", "fp32")
        assert said.of("a") == said.of("a.b") == Digits("int8", "fp32", "bf16")
        assert said.of("a.norm") == Digits() and said.of("ab") == said.of("b.c")


@pytest.mark.parametrize("text, words", [
    ('{"*": "fp17"}', "fp17"), ('{"*": {"sums": "int8"}}', "sums"),
    ('{"*": {"weight": "fp16"}}', "weights, values, sums"), ("a, fp16, fp16", "line 1"),
    ("", "names no layer"), ("{", "no JSON"),
])
def test_what_is_no_precision_is_one_line(tmp_path, text, words, capsys):
    (tmp_path / "p").write_text(text)
    with pytest.raises(InputError, match=words):
        stated_precision(str(tmp_path / "p"))
    np.savez(tmp_path / "mine.npz", y=np.zeros(3))
    assert main(["compare", "remonet-s", "scene:16x16", str(tmp_path / "mine.npz"), "--precision",
                 str(tmp_path / "p")]) == 2
    assert words in capsys.readouterr().err


def test_a_word_that_is_neither(tmp_path):
    with pytest.raises(InputError, match="fp32, fp16, bf16, tf32, int8, or a file"):
        stated_precision("fp8")


def mixed(network, path, part, plant=None):
    """A port of which one module computes in float16, the rest in float32."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    import compare_ports

    def plants(peer):
        if plant:
            plant(peer)
        module = getattr(peer, part).half()
        module.register_forward_pre_hook(lambda module, args: tuple(x.half() for x in args))
        module.register_forward_hook(lambda module, args, y: y.float())
        assert torch.is_tensor(next(module.parameters()))

    return compare_ports.port(network, path, plants)


def test_a_port_of_mixed_precision(tmp_path):
    (tmp_path / "p.json").write_text('{"temp2": "fp16"}')
    said = stated_precision(str(tmp_path / "p.json"))
    given = mixed("fastdvdnet", tmp_path / "mine.npz", "temp2")
    with ops.threads(1):
        plain = compare(given, tmp_path / "mine.npz", with_isolation=True)
        report = compare(given, tmp_path / "mine.npz", with_isolation=True, precision=said)
    assert plain.guilty.name.startswith("temp2")
    assert report.healthy and report.precision.endswith("p.json"), max(report.rows, key=lambda row: row.times)

    def plant(peer):
        peer.temp2.downc0.convblock[0].weight.data = peer.temp2.downc0.convblock[0].weight.data.mT

    mixed("fastdvdnet", tmp_path / "wrong.npz", "temp2", plant)
    with ops.threads(1):
        report = compare(given, tmp_path / "wrong.npz", with_isolation=True, precision=said)
    assert report.guilty.name == "temp2.downc0.stride.conv"
