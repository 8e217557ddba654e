"""A user's own table of names, theirs and ours: `--map FILE`."""
from __future__ import annotations

import json
import re
from pathlib import Path

from refvr.errors import InputError

_REMARK = re.compile(r"(?:^|\s)#.*")


def read_table(path: str | Path) -> dict[str, str]:
    """Pairs of names, theirs and ours: a JSON object, or two columns. A word that begins with # begins a remark;
    within a name it is a call, "conv1#1".
    """
    try:
        text = Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}",
                         fix="expected JSON or two columns, theirs and ours") from None
    if text.lstrip().startswith("{"):
        try:
            pairs = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path} is no JSON: {error}") from None
        return {str(theirs): str(ours) for theirs, ours in pairs.items()}
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = _REMARK.sub("", line).split()
        if len(words) not in (0, 2):
            raise InputError(f"{path}, line {number}: got {len(words)} words, expected two names, theirs and ours")
        found |= {words[0]: words[1]} if words else {}
    return found
