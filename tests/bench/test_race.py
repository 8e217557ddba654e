"""refvr bench: races in processes of their own, growth, pictures; at sizes that say nothing about speed."""
import json
from dataclasses import asdict, replace
from importlib.util import find_spec

import pytest
import subjects as subjects_of_tests

from refvr import records
from refvr.bench import race, sides
from refvr.cli import bench as cli
from refvr.cli.main import main

TINY = subjects_of_tests.TINY["remonet-t3"]
SPEC = {"job": "clip", "model": "remonet-t3", "options": TINY, "size": [24, 16], "threads": 1, "precision": "winograd"}


def error_line(capsys, status):
    err = capsys.readouterr().err
    assert status == 2 and err.count("\n") == 1, err
    return err


@pytest.fixture(scope="module")
def row():
    return race.race(SPEC, repeats=2, peers=False)


def test_a_race_alone(row):
    assert row.peer is row.speed is row.memory is None
    assert row.without_peer == "not asked for"
    assert len(row.ours.runs_ms) == 2 and min(row.ours.runs_ms) == row.ours.best_ms <= row.ours.ms
    assert row.ours.peak_mb > 20 and row.sgemm_gflops > 1 and row.copy_gb_s > 0.1
    assert {"conv2d", "separable_conv2d"} <= {dot["operation"] for dot in row.operations}
    # what ran, fused operations too, is what the definition says: three frames, and nothing shared between windows;
    # but for the state that nobody sees, of the last: 3x3 from widths[0] to `state` channels at every pixel
    state = 2 * 9 * TINY["widths"][0] * TINY["state"] * 24 * 16
    assert sum(dot["flop"] for dot in row.operations) == pytest.approx(3 * row.gflop * 1e9 - state)
    assert row.ours.gflops == pytest.approx(row.gflop / row.ours.ms * 1e3)


@pytest.mark.skipif(not find_spec("torch") or bool(sides.why_no_peer()), reason="the peers need PyTorch")
def test_a_race_against_the_peer():
    found = race.race(SPEC, repeats=1)
    assert found.without_peer == ""
    assert found.speed == found.peer.ms / found.ours.ms
    assert found.memory == found.ours.peak_mb / found.peer.peak_mb
    assert found.peer.layout in ("channels first", "channels last")


def test_a_side_that_cannot_run_is_left_out_with_the_reason():
    found = race.race(SPEC, repeats=1, peers=False, more=("keeps",))
    assert not found.more and ("keeps no features" in found.without["keeps"] or sides.why_no_peer())


def test_the_table_of_the_page_is_made_from_what_was_stored(monkeypatch, row):
    monkeypatch.syspath_prepend(sides.TOOLS)
    import race_table

    peer, kept = replace(row.ours, ms=3 * row.ours.ms), replace(row.ours, ms=2 * row.ours.ms)
    raced = replace(row, network="edvr-m-x4", peer=peer, onnx=kept, memory=0.5, more={"keeps": kept})
    about = {"date": "d", "commit": "c", "machine": "m", "threads": 1, "repeats": 2, "load_before": 0.0, "seconds": 9}
    found = about | {"left_out": ["safa"], "rows": [json.loads(json.dumps(asdict(raced)))]}
    text = race_table.table(found)
    assert "| 3.00 | 2.00 | - | 2.00 | 4.0 |" in text and "2.00 times ours" in text
    assert "and ONNX Runtime: edvr-m-x4. No time was left for safa" in text


def test_specs():
    assert [(s["model"], s["size"], s["threads"]) for s in race.specs(["stfan", "safa"], threads=[1, 2])] == [
        ("stfan", [640, 360], 1), ("stfan", [640, 360], 2), ("safa", [320, 180], 1), ("safa", [320, 180], 2)]
    assert [s["model"] for s in race.specs(job="train", threads=[1])] == list(records.raced("train"))
    assert [s["model"] for s in race.specs(threads=[1])] == list(records.raced())


def test_bad_input(capsys):
    assert "no model 'nonet'" in error_line(capsys, main(["bench", "nonet"]))
    assert "no model 'nonet'" in error_line(capsys, main(["bench", "--growth", "nonet"]))
    assert "threads: got 0" in error_line(capsys, main(["bench", "remonet", "--threads", "0"]))
    assert "repeats: got 0" in error_line(capsys, main(["bench", "remonet-t3", "--repeats", "0", "--size", "8x8"]))
    assert "expected numbers" in error_line(capsys, main(["bench", "--threads", "two"]))
    assert "WIDTHxHEIGHT" in error_line(capsys, main(["bench", "--size", "640"]))
    assert ".png" in error_line(capsys, main(["bench", "--png", "race.jpg"]))


def test_the_output(monkeypatch, capsys, tmp_path, row):
    """JSON, Markdown, the table and the picture, with a peer that is as large as ours and half as fast."""
    peer = replace(row.ours, ms=2 * row.ours.ms, peak_mb=4 * row.ours.peak_mb)
    rows = [row, replace(row, peer=peer, speed=2.0, memory=0.25, without_peer="")]
    monkeypatch.setattr(race, "races", lambda *args, **options: iter(rows))
    assert main(["bench", "remonet-t3", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["complete"] is True and [r["speed"] for r in report["rows"]] == [None, 2.0]
    assert {"network", "job", "size", "threads", "precision", "ours", "peer", "memory", "sgemm_gflops", "copy_gb_s",
            "without_peer", "operations"} <= report["rows"][0].keys()
    assert main(["bench", "remonet-t3", "--markdown"]) == 0
    assert capsys.readouterr().out.startswith("| network | size |")
    options = []
    if find_spec("matplotlib"):
        options = ["--png", str(tmp_path / "race.png")]
    assert main(["bench", "remonet-t3", *options]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert " - " in lines[2] and "2.00" in lines[3] and "0.25" in lines[3]
    assert not options or (tmp_path / "race.png").read_bytes().startswith(b"\x89PNG")


def test_ctrl_c_keeps_rows(monkeypatch, capsys, row):
    def stopped(*args, **options):
        yield row
        raise KeyboardInterrupt

    monkeypatch.setattr(race, "races", stopped)
    assert main(["bench", "remonet-t3", "--json"]) == 130
    out, err = capsys.readouterr()
    report = json.loads(out)
    assert len(report["rows"]) == 1 and report["complete"] is False
    assert "1 rows were measured" in err


def test_the_table_has_a_cell_for_every_head(row):
    assert len(cli.cells(row)) == len(cli.HEADER) == len(cli.WIDTHS)


def test_a_race_ends_after_five_rounds_three_or_two():
    """By the seconds that a round of both sides takes."""
    def rounds(seconds):
        return next((k for k in range(1, 5) if race.enough(k, k * seconds)), 5)

    assert [rounds(seconds) for seconds in (1, 11, 13, 16, 25, 31, 50)] == [5, 5, 4, 3, 3, 2, 2]
    assert not race.enough(0, 0.0)
