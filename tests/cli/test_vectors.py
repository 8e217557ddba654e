"""`refvr vectors`."""
from refvr.cli.main import main
from refvr.cli.vectors import share_in_words
from refvr.verify.vectors.export import chosen


def test_the_list_has_every_vector(capsys):
    assert main(["vectors", "list"]) == 0
    out = capsys.readouterr().out
    assert all(vector.name in out for vector in chosen(()))


def test_what_is_not_there_is_one_line(tmp_path, capsys):
    for words in (["export", "-o", str(tmp_path / "v"), "--ops", "nothing"],
                  ["run", str(tmp_path), "--module", "json"]):
        assert main(["vectors", *words]) == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_how_much_of_a_tolerance_is_used_is_said_in_words():
    said = [share_in_words(share) for share in (0.004, 0.5, 7, 1234.5, 4e14, float("inf"), float("nan"))]
    assert said == ["0%", "50%", "700%", "1.23e+03 times it", *["far beyond"] * 3]
