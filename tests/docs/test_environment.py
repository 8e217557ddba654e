"""Every environment variable that the code reads or sets is in the table of developing.md, and none besides."""
import re

from places import ROOT

CALL = re.compile(r"""(?:environ(?:\.get|\.setdefault)?[(\[]|getenv\()\s*["'](\w+)["']""")
SET = re.compile(r"""["']((?:OMP|MKL|OPENBLAS)_[A-Z_]+|REFVR_[A-Z_]+|PYTHONPATH)["']""")   # in dictionaries, constants
FOLDERS = ("refvr", "tools")


def used():
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    files += [ROOT / "tests" / "conftest.py", ROOT / "tests" / "test_smoke.py"]
    return {name for path in files for pattern in (CALL, SET) for name in pattern.findall(path.read_text())}


def test_the_table_of_environment_variables_is_that_of_the_code():
    page = (ROOT / "docs" / "developing.md").read_text()
    table = page.split("## Environment variables")[1].split("\n\n")[1]
    listed = {name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert used() == listed


def test_reading_and_setting_are_seen():
    seen = CALL.findall('os.environ.get("A_B", 1); os.environ["C"]; os.environ.setdefault("D", "1"); os.getenv("E")')
    assert seen == ["A_B", "C", "D", "E"]
