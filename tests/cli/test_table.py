"""Tables of the command line: whole where there is room, otherwise fewer columns, otherwise a list."""
import pytest

from refvr.cli.table import prose, show, terminal_width

HEADER = ["name", "size", "what it is for"]
ROWS = [["first", "12", "a sentence of some length about the first of them"], ["second", "7", "-"]]


@pytest.fixture
def at(monkeypatch):
    return lambda width: monkeypatch.setenv("COLUMNS", str(width)) if width else monkeypatch.delenv("COLUMNS", False)


def test_a_pipe_gets_every_column_in_full(at, capsys):
    at(None)
    assert terminal_width() is None
    show(HEADER, [*ROWS, ["third", "1", "x" * 900]], right={1}, least=["what it is for"])
    out = capsys.readouterr().out.splitlines()
    assert len(out) == 5 and "x" * 900 in out[-1] and ROWS[0][2] in out[2]


@pytest.mark.parametrize("width", [200, 68])
def test_what_fits_is_a_table(at, width, capsys):
    at(width)
    show(HEADER, ROWS, right={1})
    out = capsys.readouterr().out.splitlines()
    assert len(out) == 4 and max(map(len, out)) <= width and ROWS[0][2] in out[2]


def test_columns_that_do_not_fit_are_left_out_and_named(at, capsys):
    at(40)
    show(HEADER, ROWS, right={1}, least=["what it is for"])
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 40
    assert "sentence" not in out and "not shown at 40 columns: what it is for" in out
    assert [line.split() for line in out.splitlines()[2:4]] == [["first", "12"], ["second", "7"]]


def test_long_first_cells_stand_above_the_others(at, capsys):
    at(30)
    rows = [["frame0.pcd_align.l3.dcn", "12", "1.5", "of two layers"], ["x", "7", "10.25", ""]]
    show(["name", "size", "peak", "note"], rows, right={1, 2}, least=["note"])
    out = capsys.readouterr().out.splitlines()
    assert out[:2] == ["name", "    size    peak"] and set(out[2]) == {"─"}
    assert out[3:7] == ["frame0.pcd_align.l3.dcn", "      12     1.5", "x", "       7   10.25"]
    assert out[7].startswith("not shown at 30 columns: note")


def test_prose_goes_on_below_where_its_text_began(at, capsys):
    line = "reference  a name that is long and a file of many words"
    at(30)
    prose(line, "short")
    assert capsys.readouterr().out.splitlines() == [
        "reference  a name that is long", "           and a file of many", "           words", "short"]
    at(None)
    prose(line)
    assert capsys.readouterr().out.splitlines() == [line]


def test_otherwise_every_row_becomes_a_list(at, capsys):
    at(40)
    show(HEADER, ROWS)
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 40 and " ".join(out.split()).count(ROWS[0][2]) == 1
    assert "second\n  size            7\n" in out


def test_models_and_compare_fit_eighty_columns(at, capsys):
    from refvr.cli.main import main

    at(80)
    assert main(["models"]) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80 and len(out.splitlines()) < 80 and "remonet-s-told *" in out


def test_columns_are_obeyed_in_a_pipe_too(at, capsys):
    """What capsys has is none that anybody looks at: a width comes from COLUMNS alone, and the line says so."""
    at(40)
    assert terminal_width() == 40
    show(HEADER, ROWS, right={1}, least=["what it is for"])
    out = " ".join(capsys.readouterr().out.split())
    assert "not shown at 40 columns: what it is for (a larger COLUMNS, or a pipe without it, has them" in out
