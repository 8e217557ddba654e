"""What tests of the command line share: what a failing command may print, and what a verb calls."""
from importlib import import_module


def one_line(capsys, status, *parts):
    """Check what was printed by a failing command: one line on stderr with `parts` in it, nothing on stdout."""
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1, err
    assert err.startswith("refvr: "), err
    assert "Traceback" not in err
    assert not [part for part in parts if part not in err], err
    assert status == 2


def recorded(monkeypatch, name, answer=None):
    """Put a stand-in for the function "refvr.room.module.function", which answers so; returns its calls to be."""
    module, _, function = name.rpartition(".")
    calls = []

    def stand_in(*args, **options):
        calls.append((args, options))
        return answer

    monkeypatch.setattr(import_module(module), function, stand_in)
    return calls
