"""What weights.md and the manifest say of the embedded weights is what the files hold."""
import json
import re
from pathlib import Path

from refvr import zoo

ROOT = Path(__file__).parents[2]


def test_parameters_are_those_of_the_networks():
    page = (ROOT / "docs" / "weights.md").read_text()
    manifest = json.loads((ROOT / "weights/manifest.json").read_text())
    found = re.findall(r"^\| `([\w-]+)` \|[^|]*\| ([\d,]+) \|", page, re.M)
    rows = {name: int(count.replace(",", "")) for name, count in found}
    counts = {name: zoo.build(name).parameter_count() for name, row in zoo.MODELS.items() if row.weights}
    assert rows == counts == {name: facts["parameters"] for name, facts in manifest.items()}


def test_files_are_small_and_all_are_in_the_manifest():
    files = sorted((ROOT / "weights").glob("*.h5"))
    manifest = json.loads((ROOT / "weights/manifest.json").read_text())
    assert {file.name for file in files} == {facts["file"] for facts in manifest.values()}
    assert sum(file.stat().st_size for file in files) < 25e6
