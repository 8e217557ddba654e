"""Images of ONNX, (n, c, w) or (n, c, h, w), as ours, and the attributes that go with them."""
import numpy as np

from onnx_node_calls.refuse import lacks


def to_ours(x):
    """(n, c, h, w) or (n, c, w) -> (n, h, w, c); a line is one row high."""
    lacks("volumes", x.ndim > 4)
    x = x[:, :, None] if x.ndim == 3 else x
    return np.ascontiguousarray(np.moveaxis(x, 1, -1))


def to_theirs(y, like):
    """(n, h, w, c) -> the layout of `like`."""
    y = np.moveaxis(y, -1, 1)
    return y[:, :, 0] if like.ndim == 3 else y


def weight(w):
    """(o, c, kh, kw) or (o, c, kw) -> (kh, kw, c, o)."""
    w = w[:, :, None] if w.ndim == 3 else w
    return np.ascontiguousarray(w.transpose(2, 3, 1, 0))


def both(attributes, name, default=1):
    """An attribute of two axes, as a pair; of one axis: that of the columns, with `default` for rows."""
    values = list(attributes.get(name, []))
    return [default] * (2 - len(values)) + values


def same(attributes, name, lines=False):
    """The one value of both axes; for `lines`, of which rows are one pixel, that of the columns."""
    rows, columns = both(attributes, name)
    lacks("unequal sides", rows != columns and not lines)
    return columns


def sides(attributes, size, window, stride):
    """((top, bottom), (left, right)) of pads or auto_pad, for an input of `size` and windows of `window` pixels."""
    auto = attributes.get("auto_pad", "NOTSET")
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        found = []
        for n, k, s in zip(size, window, stride):
            total = max((-(-n // s) - 1) * s + k - n, 0)
            less, more = total // 2, total - total // 2
            found.append((less, more) if auto == "SAME_UPPER" else (more, less))
        return tuple(found)
    pads = list(attributes.get("pads", []))
    begin, end = pads[:len(pads) // 2], pads[len(pads) // 2:]
    begin, end = [0] * (2 - len(begin)) + begin, [0] * (2 - len(end)) + end
    return tuple(zip(begin, end))
