"""Where things lie, wherever a test is."""
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
GOLDEN = TESTS / "golden"
WEIGHT_FILES = TESTS / "weight_files"
SHARED = ROOT.parent / "shared"   # larger cases and clips, where they lie beside the repository
