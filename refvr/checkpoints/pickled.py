"""Pickles, interpreted opcode by opcode: nothing is imported, nothing is called, nothing outside the file is touched.

Unpickling as Python does it runs whatever functions the file names. Here a name leads into `known`, a closed list of
functions of ours, or becomes an `Inert` value: it can be listed with its arguments, and that is all. Numbers, texts,
lists, tuples and dictionaries are themselves; sets are lists; a dictionary takes keys whose hash is cheap.

Work and memory are bounded by STEPS and BYTES, whatever the file says. The opcodes: CPython's Lib/pickletools.py.
"""
from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence

from refvr.checkpoints.contents import Inert, LazyArray, Mapped
from refvr.errors import WeightsError, printable

STEPS, BYTES, NAMES, LINE, DIGITS = 500_000, 32 << 20, 20_000, 1 << 16, 32
MARK = object()  # stands on the stack where a run of values begins
DAMAGED = (IndexError, KeyError, struct.error, ValueError, TypeError, AttributeError, OverflowError)

Known = Mapping[str, Callable[..., object]]
Persistent = Callable[[object], object]


def interpret(data: Mapped, start: int = 0, *, known: Known, persistent: Persistent | None = None,
              steps: int = STEPS) -> tuple[object, int, tuple[str, ...]]:
    """The pickle that begins at `start` of `data` (bytes or a memory map).

    known       "module.name" -> function that stands for it
    persistent  what a persistent id stands for; None: there must be none
    steps       how many opcodes it may have
    Returns (value, index after it, other names that it mentions). Raises WeightsError for whatever is no pickle.
    """
    machine = Machine(data, start, known, persistent)
    try:
        value = machine.run(steps)
    except DAMAGED as error:
        what = str(error) if isinstance(error, (ValueError, TypeError)) else type(error).__name__
        raise WeightsError(f"damaged or no pickle, at byte {machine.at}: {what[:200]}",
                           fix="download or save the file again") from None
    return value, machine.at, tuple(map(printable, machine.inert))


class Machine:
    """The pickle machine: a stack, a memo and a place in the data."""

    def __init__(self, data: Mapped, start: int, known: Known, persistent: Persistent | None) -> None:
        self.data, self.start, self.at = data, start, start
        self.known, self.persistent = known, persistent
        self.stack: list[object] = []
        self.memo: dict[int, object] = {}
        self.inert: dict[str, Inert] = {}
        self.names: dict[str, Inert] = {}

    def run(self, steps: int) -> object:
        """Interpret until STOP; returns what is on the stack then."""
        data, handlers, size = self.data, HANDLERS, len(self.data)
        for _ in range(steps):
            if self.at >= size:
                raise ValueError("it ends in the middle")
            if self.at - self.start > BYTES:
                raise ValueError(f"it is longer than {BYTES} bytes, tensors not counted")
            op = data[self.at]
            self.at += 1
            if op == STOP:
                return self.pop()
            handler = handlers.get(op)
            if handler is None:
                raise ValueError(f"opcode {op:#04x} is none that a checkpoint needs")
            handler(self)
        raise ValueError(f"it has more than {steps} steps")

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        if not 0 <= count <= min(BYTES, len(self.data) - self.at):
            raise ValueError(f"{count} bytes are announced, {len(self.data) - self.at} are left")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, code: str) -> int:
        """The next integer, packed as `struct` calls `code`."""
        return struct.unpack(code, self.take(struct.calcsize(code)))[0]

    def line(self) -> str:
        """The rest of the line."""
        end = self.data.find(b"\n", self.at, self.at + LINE)
        if end < 0:
            raise ValueError("a line has no end")
        text = self.data[self.at:end].decode("latin-1")
        self.at = end + 1
        return text

    def pop(self) -> object:
        """The top of the stack."""
        value = self.stack.pop()
        if value is MARK:
            raise ValueError("a mark stands where a value should")
        return value

    def pop_to_mark(self) -> list[object]:
        """All values above the last mark, which goes too."""
        for k in range(len(self.stack) - 1, -1, -1):
            if self.stack[k] is MARK:
                values = self.stack[k + 1:]
                del self.stack[k:]
                return values
        raise ValueError("a mark is missing")

    def find(self, module: str, name: str) -> Inert:
        """The value that stands for a name; whether it is known shows when it is used."""
        full = f"{module}.{name}"
        if len(self.names) > NAMES:
            raise ValueError(f"it mentions more than {NAMES} names")
        found = self.names.setdefault(full, Inert(full))
        if full not in self.known:
            self.inert[full] = found
        return found

    def call(self, function: object, args: object) -> object:
        """What stands for the result of a call."""
        if not isinstance(function, Inert):
            raise ValueError("something is called that is no function")
        if not isinstance(args, tuple):
            raise ValueError("arguments are no tuple")
        if function.args is not None:  # what an unknown function would have returned is unknown too
            return Inert(function.name, (function, *args))
        if function.name in self.known:
            return self.known[function.name](*args)
        return Inert(function.name, args)

    def build(self) -> None:
        """BUILD: attributes. Only inert values keep them; `_metadata` of a state dict, for one, is not needed."""
        state = self.pop()
        target = self.stack[-1]
        if isinstance(target, Inert) and target.args is not None:
            target.state = state
        elif hasattr(target, "take_state"):
            target.take_state(state)
        elif not isinstance(target, (dict, list, Inert, LazyArray)):
            raise ValueError("attributes are set on a value that has none")

    def extend(self, values: list[object]) -> None:
        """Add values to the list on top of the stack."""
        target = self.stack[-1]
        if isinstance(target, Inert):
            target.items = target.items if isinstance(target.items, list) else []
            target = target.items
        if isinstance(target, list):
            target += values
        else:
            raise ValueError("values are appended to what is no list")

    def update(self, values: list[object]) -> None:
        """Add pairs to the dictionary on top of the stack."""
        target = self.stack[-1]
        if isinstance(target, Inert):
            target.items = {} if not isinstance(target.items, dict) else target.items
            target = target.items
        if not isinstance(target, dict) or len(values) % 2:
            raise ValueError("pairs are set in what is no dictionary")
        target.update(dictionary(zip(values[::2], values[1::2])))


def dictionary(pairs: Iterable[Sequence[object]]) -> dict[object, object]:
    """A dictionary of the pairs whose keys are texts, truth values or integers of 64 bits.

    Others are left out: hashing a tuple goes as deep as the tuple, and large numbers can be made to collide.
    """
    return {key: value for key, value in pairs
            if isinstance(key, str) or key is None or (isinstance(key, int) and abs(key) < 1 << 63)}


def _integer(text: str) -> int | bool:
    if text in ("00", "01"):
        return text == "01"
    if len(text) > DIGITS:
        raise ValueError("an integer of too many digits")
    return int(text.removesuffix("L"))


def _long(m: Machine, count: int) -> int:
    if count > DIGITS:
        raise ValueError(f"an integer of {count} bytes")
    return int.from_bytes(m.take(count), "little", signed=True)


def _quoted(text: str) -> str:
    if len(text) < 2 or text[0] not in "'\"" or text[-1] != text[0]:
        raise ValueError("a text without quotes")
    return text[1:-1].encode("latin-1").decode("unicode_escape")


def _instance(m: Machine) -> object:
    cls = m.find(m.line(), m.line())
    return m.call(cls, tuple(m.pop_to_mark()))


def _object(m: Machine) -> object:
    cls, *args = m.pop_to_mark()
    return m.call(cls, tuple(args))


def _new(m: Machine, keywords: bool = False) -> object:
    if keywords and not isinstance(m.pop(), dict):
        raise ValueError("named arguments are no dictionary")
    args = m.pop()
    return m.call(m.pop(), args)


def _stack_global(m: Machine) -> Inert:
    name, module = m.pop(), m.pop()
    if not isinstance(name, str) or not isinstance(module, str) or len(name) + len(module) > LINE:
        raise ValueError("a global whose name is no text")
    return m.find(module, name)


def _persistent(m: Machine, pid: object) -> object:
    if m.persistent is None:
        raise ValueError("a reference to something outside the pickle")
    return m.persistent(pid)


def _tuple(m: Machine, count: int) -> tuple[object, ...]:
    return tuple([m.pop() for _ in range(count)][::-1])


def _remember(m: Machine, key: int) -> None:
    if m.stack[-1] is MARK:
        raise ValueError("a mark is to be remembered")
    m.memo[key] = m.stack[-1]


def _proto(m: Machine) -> None:
    if m.number("<B") > 5:
        raise ValueError("a pickle protocol above 5")


VALUES: dict[str, Callable[[Machine], object]] = {  # opcode -> what it puts on the stack
    "(": lambda m: MARK, "N": lambda m: None, "\x88": lambda m: True, "\x89": lambda m: False,
    "J": lambda m: m.number("<i"), "K": lambda m: m.number("<B"), "M": lambda m: m.number("<H"),
    "G": lambda m: struct.unpack(">d", m.take(8))[0],
    "I": lambda m: _integer(m.line()), "L": lambda m: _integer(m.line()),
    "F": lambda m: float(m.line()), "\x8a": lambda m: _long(m, m.number("<B")),
    "\x8b": lambda m: _long(m, m.number("<i")), "S": lambda m: _quoted(m.line()),
    "V": lambda m: m.line().encode("latin-1").decode("raw_unicode_escape"),
    "T": lambda m: m.take(m.number("<i")).decode("latin-1"), "U": lambda m: m.take(m.number("<B")).decode("latin-1"),
    "X": lambda m: m.take(m.number("<I")).decode("utf-8", "surrogatepass"),
    "\x8c": lambda m: m.take(m.number("<B")).decode("utf-8", "surrogatepass"),
    "\x8d": lambda m: m.take(m.number("<Q")).decode("utf-8", "surrogatepass"),
    "B": lambda m: m.take(m.number("<I")), "C": lambda m: m.take(m.number("<B")),
    "\x8e": lambda m: m.take(m.number("<Q")), "\x96": lambda m: m.take(m.number("<Q")),
    "]": lambda m: [], "l": lambda m: m.pop_to_mark(), "\x8f": lambda m: [], "\x91": lambda m: m.pop_to_mark(),
    ")": lambda m: (), "t": lambda m: tuple(m.pop_to_mark()), "\x85": lambda m: _tuple(m, 1),
    "\x86": lambda m: _tuple(m, 2), "\x87": lambda m: _tuple(m, 3), "}": lambda m: {},
    "c": lambda m: m.find(m.line(), m.line()), "\x93": _stack_global, "i": _instance, "o": _object,
    "R": _new, "\x81": _new, "\x92": lambda m: _new(m, keywords=True),
    "P": lambda m: _persistent(m, m.line()), "Q": lambda m: _persistent(m, m.pop()),
    "g": lambda m: m.memo[_integer(m.line())], "h": lambda m: m.memo[m.number("<B")],
    "j": lambda m: m.memo[m.number("<I")], "2": lambda m: m.stack[-1],
}


def _dict(m: Machine) -> None:
    values = m.pop_to_mark()
    m.stack.append({})
    m.update(values)


def _set_item(m: Machine) -> None:
    value, key = m.pop(), m.pop()
    m.update([key, value])


ACTIONS: dict[str, Callable[[Machine], object]] = {  # opcode -> what it does
    "\x80": _proto, "\x95": lambda m: m.number("<Q"), "0": lambda m: m.stack.pop(), "1": lambda m: m.pop_to_mark(),
    "d": _dict, "s": _set_item, "u": lambda m: m.update(m.pop_to_mark()), "b": lambda m: m.build(),
    "a": lambda m: m.extend([m.pop()]), "e": lambda m: m.extend(m.pop_to_mark()),
    "\x90": lambda m: m.extend(m.pop_to_mark()), "p": lambda m: _remember(m, _integer(m.line())),
    "q": lambda m: _remember(m, m.number("<B")), "r": lambda m: _remember(m, m.number("<I")),
    "\x94": lambda m: _remember(m, len(m.memo)),
}

STOP = ord(".")


def _putting(value: Callable[[Machine], object]) -> Callable[[Machine], None]:
    return lambda m: m.stack.append(value(m))


HANDLERS = {ord(op): _putting(value) for op, value in VALUES.items()} | {ord(op): act for op, act in ACTIONS.items()}
