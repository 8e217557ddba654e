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

import hashlib
import os
import sys
from pathlib import Path
from typing import Any

from refvr.checkpoints import h5, names
from refvr.checkpoints.read import HDF5, sha256
from refvr.errors import OutputError, WeightsError


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
    from refvr.networks import zoo

    row = zoo.row_of(name)
    places = [home() / "weights" / file for file in (f"{name}.h5", row.file) if file]
    places += [zoo.WEIGHTS / row.weights] if row.weights else []
    return next((path for path in places if path.is_file()), None)


def load_file(path: str | Path, model: str | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
    """(state, attributes) of a weight file of ours, or of an official one, which is converted and kept.

    model  a name of the zoo that an official file is to be taken for; None: found by its names and shapes
    """
    if not Path(path).is_file():
        raise WeightsError(f"there is no weight file {path}", fix="check the path")
    with open(path, "rb") as file:
        is_hdf5 = file.read(len(HDF5)) == HDF5
    if is_hdf5 and "network" in h5.provenance(path):
        return h5.load(path)
    return _converted(path, model)


def _converted(path: str | Path, model: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """The conversion of an official file, made only once."""
    from refvr.networks.official import check_published, load_official, provenance

    digest = sha256(path)
    check_published(path, digest)
    kept = home() / "converted" / _tables() / f"{digest[:24]}-{model or 'any'}.h5"
    if kept.is_file():
        return h5.load(kept)
    official = load_official(path, model)
    attributes = provenance(path, official)
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        h5.save(kept, official.state, attributes)
    except (OSError, OutputError):  # a folder that cannot be written costs time, nothing else
        pass
    return official.state, attributes


def _tables() -> str:
    """A name for this version of the tables that conversion goes by: one with other tables may not be used."""
    digest = hashlib.sha256()
    for path in sorted(Path(names.__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
