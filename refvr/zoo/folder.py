"""Where weights are looked for when a model is named and no file is: the user's folder, then what comes with refvr.

The user's folder, and what is in it:

    REFVR_HOME, else     Linux    XDG_DATA_HOME/refvr, ~/.local/share/refvr
                         macOS    ~/Library/Application Support/refvr
                         Windows  LOCALAPPDATA/refvr
    weights/MODEL.h5     converted weights; or the authors' file under the authors' name
    converted/           official files that were converted on the fly, in a folder for each version of the tables of
                         names; may be deleted at any time
"""
from __future__ import annotations

import os
import sys
from pathlib import Path

from refvr.zoo.models import row_of

_INSTALLED = Path(__file__).parents[1] / "weights"  # a wheel has them there; in a checkout they lie beside it
WEIGHTS = _INSTALLED if _INSTALLED.is_dir() else Path(__file__).parents[2] / "weights"


def home() -> Path:
    """The user's folder; it need not exist."""
    if os.environ.get("REFVR_HOME"):
        return Path(os.environ["REFVR_HOME"]).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "refvr"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "refvr"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "refvr"


def find(name: str) -> Path | None:
    """The weight file of a model: in the user's folder, else embedded; None if there is none."""
    row = row_of(name)
    places = [home() / "weights" / file for file in (f"{name}.h5", row.file) if file]
    places += [WEIGHTS / row.weights] if row.weights else []
    return next((path for path in places if path.is_file()), None)
