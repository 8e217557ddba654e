"""What `refvr bench` is given."""
import argparse
import sys

import pytest

from refvr.cli.bench import numbers, sizes
from refvr.cli.main import main, make_parser
from refvr.records import raced


def test_lists_of_sizes_and_numbers():
    assert sizes("320x180,640x360") == [(320, 180), (640, 360)] and numbers("1, 2") == [1, 2]
    for parse, text in ((sizes, "320"), (numbers, "two")):
        with pytest.raises(argparse.ArgumentTypeError):
            parse(text)


def test_help_names_the_models_of_the_records():
    (told,) = [action.help for action in make_parser("bench")._actions if action.dest == "networks"]
    assert told == f"default: {' '.join(raced())}; --train: without duf-52-x4"


def test_a_network_that_is_none_is_said_before_a_missing_package(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["bench", "nonet", "--png", "x.png"]) == main(["bench", "--growth", "nonet", "--png", "x.png"]) == 2
    assert capsys.readouterr().err.count("no model 'nonet'") == 2
    assert main(["bench", "remonet", "--png", "x.png"]) == 2
    assert "refvr[plot]" in capsys.readouterr().err
