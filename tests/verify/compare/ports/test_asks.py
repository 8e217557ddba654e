"""Which call a program is: what `refvr export` wrote is judged at once, whatever was asked for."""
import json

import pytest
from subjects import PORTS

import refvr
from refvr import ops, zoo
from refvr.cli.main import main
from refvr.verify.compare.ports.asks import asked_by, other_call
from refvr.verify.compare.ports.callables import Takes, takes
from refvr.verify.compare.ports.feeding import Wanted

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
STATE = [Wanted(name, (1, 4, 4, 3)) for name in ("frame", "previous", "restored")] + [Wanted("state", (1, 1, 1, 8))]


@pytest.fixture(autouse=True)
def one_thread():
    with ops.threads(1):
        yield


def drawn(network):
    """(model, size, options that draw it)."""
    model, size, settings = PORTS[network]
    return model, size, ["--init", "5", *(word for key, value in settings.items() for word in (
        "--set", f"{key}={json.dumps(value)}"))]


def exported(network, path, *options):
    model, size, words = drawn(network)
    assert main(["export", model, *words, "--size", size, "-o", str(path), *options]) == 0
    return model, words


@pytest.mark.parametrize(("network", "options", "says"), [
    ("stfan", [], "frame 1"), ("stfan", ["--first"], "scene:20x12: frame"), ("edvr", [], "frame 1"),
    ("remonet", [], "x 1x3x"), ("fastdvdnet", [], "frame 2"), ("duf", [], "frame 3"), ("safa", [], "routing full"),
    ("safa", ["--routing", "quarter", "--time", "0.25"], "routing quarter")])
def test_an_export_has_a_verdict_at_once(network, options, says, tmp_path, capsys):
    model, words = exported(network, tmp_path / "net.onnx", *options)
    capsys.readouterr()
    status = main(["compare", model, "scene", str(tmp_path / "net.onnx"), *words, "--isolate", "--brief"])
    shown = capsys.readouterr().out
    assert status == 0 and "no guilty layer" in shown and says in shown, shown
    assert "not judged" not in shown or "--first" in options, shown


def test_in_this_process_too(tmp_path):
    model, _ = exported("stfan", tmp_path / "net.onnx")
    made = {"init": 5, "settings": PORTS["stfan"][2], "source": "scene:20x12"}
    report = refvr.compare(model, tmp_path / "net.onnx", **made)
    report.assert_healthy()
    assert "frame 1" in report.reference
    frames = []

    def port(frame, previous, restored, state=None):
        frames.append(state)
        return frame

    assert refvr.compare(model, port, **made).guilty.name == "output" and frames[-1] is not None


def test_what_is_said_of_a_call():
    stfan, edvr, safa = (zoo.build(PORTS[name][0], **PORTS[name][2]) for name in ("stfan", "edvr", "safa"))
    assert asked_by(Takes(STATE), stfan) == {"state": True, "sigma": 25.0, "size": (4, 4)}
    assert not asked_by(Takes(STATE[:3]), stfan)["state"]
    assert asked_by(Takes([Wanted("lr", (1, 9, 12, 20))]), edvr)["size"] == (20, 12)
    assert "size" not in asked_by(Takes([Wanted("lr", (1, 3, 3, None, None))]), edvr)
    assert asked_by(Takes([Wanted("img0", (1, 3, 64, 96))] * 2), safa)["size"] == (24, 16)
    assert [want.name for want in takes(lambda img, output_last_fea=None, threads=1: img).wanted] == [
        "img", "output_last_fea"]
    assert not takes(lambda *xs: xs).wanted


def test_words_of_strangers_do_no_harm():
    safa = zoo.build(PORTS["safa"][0], **PORTS["safa"][2])

    class Graph:
        wanted = []
        said = {"network": "safa", "times": "[[[", "routing": "sideways"}

    assert asked_by(Graph, safa).keys() == {"state", "sigma"}
    Graph.said = {"network": "safa", "times": "[7]"}
    assert "time" not in asked_by(Graph, safa)


def test_another_call_than_the_program_is_is_told(tmp_path, capsys):
    model, words = exported("safa", tmp_path / "net.onnx", "--routing", "half")
    capsys.readouterr()
    main(["compare", model, "scene", str(tmp_path / "net.onnx"), *words, "--routing", "full", "--isolate", "--brief"])
    assert "your file says that it is of routing half, and the reference is of full" in capsys.readouterr().out
    (note,) = other_call(Takes(STATE[:3]), "stfan", {"frame": 4}, {"frame": 0, "state": 0})
    assert note.startswith("your port takes no state, and frame 4 has one")
    assert not other_call(Takes(STATE), "stfan", {"frame": 4}, {"frame": 0, "state": 0})


def test_weights_of_another_file_are_told(tmp_path, capsys):
    model, words = exported("edvr", tmp_path / "net.onnx")
    words[1] = "6"
    capsys.readouterr()
    assert main(["compare", model, "scene", str(tmp_path / "net.onnx"), *words, "--isolate", "--brief"]) == 1
    assert "of edvr-m-x4; those of the reference are" in capsys.readouterr().out
