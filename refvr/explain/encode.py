"""Pictures as addresses that an HTML file can hold."""
from __future__ import annotations

import base64
import io

import numpy as np

_START = "data:image/png;base64,"


def png(picture: np.ndarray) -> str:
    """A data address of (h, w, 3) in [0, 1]."""
    return _address(picture, "PNG", optimize=True)


def jpeg(picture: np.ndarray) -> str:
    """A data address of a JPEG, smaller and not exact: where pictures are many and only looked at."""
    return _address(picture, "JPEG", quality=90)


def floats(values: np.ndarray) -> str:
    """Values as they are: little-endian float32 in base64."""
    return base64.b64encode(np.ascontiguousarray(values, "<f4").tobytes()).decode()


def lighter(value: object) -> object:
    """`value` with a JPEG in the place of every PNG, however deep in lists and dictionaries."""
    if isinstance(value, dict):
        return {key: lighter(part) for key, part in value.items()}
    if isinstance(value, list):
        return [lighter(part) for part in value]
    if not (isinstance(value, str) and value.startswith(_START)):
        return value
    from PIL import Image

    with Image.open(io.BytesIO(base64.b64decode(value[len(_START):]))) as picture:
        return jpeg(np.asarray(picture.convert("RGB")) / np.float32(255))


def _address(picture: np.ndarray, kind: str, **options: object) -> str:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(np.rint(255 * np.clip(picture, 0, 1)).astype(np.uint8)).save(file, kind, **options)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(file.getvalue()).decode()}"
