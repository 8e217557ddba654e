"""`refvr models`."""
import json

from refvr import zoo
from refvr.cli.main import main


def test_every_model_is_there_once(capsys):
    assert main(["models", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == list(zoo.MODELS)
    assert {row["name"] for row in rows if row["recommended"]} == {
        zoo.recommended(task) for task in ("denoise", "sr", "deblur", "spacetime")}
