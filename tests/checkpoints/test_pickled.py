"""Pickles without unpickling: plain values are what Python makes of them, everything else can only be listed."""
import collections
import io
import os
import pickle
import struct

import pytest

from refvr.checkpoints import pickled
from refvr.checkpoints.contents import Inert
from refvr.checkpoints.pickled import dictionary, interpret
from refvr.errors import WeightsError

LONG = "ä" * 300
PLAIN = {"none": None, "yes": True, "no": False, "small": 7, "byte": 200, "short": 40_000, "negative": -5,
         "int": 2 ** 31 - 1, "long": -2 ** 70, "float": 0.1, "text": "a\nb'\"", "wide": LONG, "lone": "\ud800",
         "bytes": b"\0\xff", "many": b"x" * 300, "list": [1, [2], []], "empty": {},
         "tuples": ((), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)), "nested": {1: {None: "a", True: "b"}},
         "buffer": bytearray(b"ab")}


def value(data, **options):
    """What a pickle holds, where nothing is known."""
    return interpret(data, **{"known": {}} | options)[0]


@pytest.mark.parametrize("protocol", range(6))
def test_plain_values_are_what_python_reads(protocol):
    """Bytes are a call before protocol 3, bytearrays before protocol 5: those of a closed list are made here."""
    known = {"_codecs.encode": lambda text, how: text.encode(how), "builtins.bytearray": lambda *args: args[0],
             "__builtin__.bytearray": lambda *args: args[0], "__builtin__.bytes": lambda *args: b"".join(args),
             "builtins.bytes": lambda *args: b"".join(args)}
    plain = PLAIN if protocol >= 3 else {name: one for name, one in PLAIN.items() if name != "buffer"}
    found, end, names = interpret(pickle.dumps(plain, protocol), known=known)
    assert found == {**plain, **({"buffer": b"ab"} if "buffer" in plain else {})} and names == ()
    assert end == len(pickle.dumps(plain, protocol))


def test_the_opcodes_of_old_programs():
    """Text of Python 2, numbers as digits, containers from marks; by hand, as no Python writes them now."""
    for code, want in ((b"S'a\\x41'\n.", "aA"), (b'S"a"\n.', "a"), (b"I12\n.", 12), (b"I01\n.", True),
                       (b"I00\n.", False), (b"L12L\n.", 12), (b"F0.5\n.", 0.5), (b"Va\\u0394\n.", "aΔ"),
                       (b"(I1\nI2\nd.", {1: 2}), (b"(I1\nI2\nl.", [1, 2]), (b"(I1\nI2\nt.", (1, 2)),
                       (b"U\x02ab.", "ab"), (b"T\x02\0\0\0ab.", "ab"), (b"I1\n2\x86.", (1, 1)), (b"I1\nI2\n0.", 1),
                       (b"I1\n(I2\nI3\n1.", 1),
                       (b"I5\np3\n0g3\n.", 5), (b"I5\nq\x040h\x04.", 5), (b"I5\nr\x05\0\0\x000j\x05\0\0\0.", 5)):
        assert value(code) == want == pickle.loads(code)


def test_what_is_shared_is_shared_again():
    one = [1]
    found = value(pickle.dumps([one, one, {"a": one}]))
    assert found == [[1], [1], {"a": [1]}] and found[0] is found[1] is found[2]["a"]


def test_sets_are_lists_and_only_cheap_keys_are_kept():
    """Hashing a tuple goes as deep as the tuple, and large numbers can be made to collide."""
    assert sorted(value(pickle.dumps({1, 2, 3}, 4))) == [1, 2, 3]
    assert sorted(value(b"\x80\x04(K\x01K\x02\x91.")) == [1, 2]
    top = 2 ** 63
    pairs = {"a": 1, None: 2, 3: 4, True: 5, top - 1: 6, -top + 1: 7, top: 8, -top: 9, (1,): 10, 0.5: 11, b"x": 12}
    assert value(pickle.dumps(pairs)) == dictionary(pairs.items()) == {
        "a": 1, None: 2, 3: 4, True: 5, top - 1: 6, -top + 1: 7}


class Stranger(list):
    """A class that a file may name."""

    def __init__(self):
        super().__init__([1, 2])
        self.alpha = 3


def test_a_class_that_is_not_known_is_listed_with_what_the_file_says_of_it():
    for protocol in (2, 4):
        found, _, names = interpret(pickle.dumps(Stranger(), protocol), known={})
        full = f"{Stranger.__module__}.Stranger"
        assert isinstance(found, Inert) and full in (found.name, *(getattr(part, "name", "") for part in found.args))
        assert found.items == [1, 2] and found.state == {"alpha": 3} and full in names


def test_pairs_of_an_unknown_dictionary_are_kept():
    found, _, names = interpret(pickle.dumps(collections.OrderedDict(a=1, b=2), 2), known={})
    assert found.name == "collections.OrderedDict" == names[0] and found.items == {"a": 1, "b": 2}


@pytest.mark.parametrize("call", [b"cos\nsystem\n(S'exit 3'\ntR.", b"(S'exit 3'\nios\nsystem\n.",
                                  b"(cos\nsystem\nS'exit 3'\no.",
                                  b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x06exit 3\x85R.",
                                  b"\x80\x04cos\nsystem\n\x8c\x06exit 3\x85\x81.",
                                  b"\x80\x04cos\nsystem\n\x8c\x06exit 3\x85}\x92."])
def test_nothing_is_imported_and_nothing_is_called(call, monkeypatch):
    monkeypatch.setattr(os, "system", lambda command: pytest.fail("it was called"))
    if call.endswith(b"R."):
        with pytest.raises(pytest.fail.Exception):
            pickle.loads(call)   # as Python does it
    found, _, names = interpret(call, known={})
    assert (found.name, found.args, names) == ("os.system", ("exit 3",), ("os.system",))


def test_a_known_name_stands_for_a_function_of_ours():
    call = b"cos\nsystem\n(S'a'\nS'b'\ntR."
    assert interpret(call, known={"os.system": lambda *args: args}) == (("a", "b"), len(call), ())
    found, _, names = interpret(b"cos\nsystem\n(tR(S'x'\ntR.", known={})
    assert found.args[0].name == "os.system" and found.args[1:] == ("x",), "a result of the unknown is unknown"


def test_attributes_are_set_where_there_is_a_place_for_them():
    class Kept:
        def take_state(self, state):
            self.state = state

    kept = Kept()
    assert value(b"cm\nf\n(tR}S'a'\nI1\nsb.", known={"m.f": lambda: kept}) is kept and kept.state == {"a": 1}
    assert value(b"(l}b.") == [], "`_metadata` of a state dict, for one, is not needed"
    with pytest.raises(WeightsError, match="attributes are set on a value that has none"):
        value(b"I1\n}b.")


def test_references_out_of_the_pickle():
    def written(pid):
        file = io.BytesIO()
        pickler = pickle.Pickler(file, 2)
        pickler.persistent_id = lambda one: pid if one == "here" else None
        pickler.dump(["here", 1])
        return file.getvalue()

    assert value(written(("storage", 3)), persistent=lambda pid: {"id": pid}) == [{"id": ("storage", 3)}, 1]
    assert value(b"Pabc\n.", persistent=lambda pid: pid) == "abc"
    with pytest.raises(WeightsError, match="a reference to something outside the pickle"):
        value(written("x"))


def test_one_pickle_after_the_other_in_a_file():
    one, two = pickle.dumps([1], 2), pickle.dumps("b", 2)
    found, end, _ = interpret(one + two, known={})
    assert (found, end) == ([1], len(one)) and interpret(one + two, end, known={})[:2] == ("b", len(one + two))
    assert interpret(memoryview(b"xx" + pickle.dumps(5, 2)), 2, known={})[0] == 5, "as of a file that is mapped"


@pytest.mark.parametrize("data, part", [
    (b"", "it ends in the middle"), (b"I1\n", "it ends in the middle"), (b"K", "1 bytes are announced, 0 are left"),
    (b"X\xff\0\0\0a.", "255 bytes are announced, 2 are left"), (b"I1", "a line has no end"), (b"\x80\x06.", "above 5"),
    (b"\xff.", "opcode 0xff is none that a checkpoint needs"), (b"(.", "a mark stands where a value should"),
    (b"I1\nt.", "a mark is missing"), (b"(p1\n.", "a mark is to be remembered"), (b"h\x07.", "KeyError"),
    (b".", "IndexError"), (b"I1\n(tR.", "called that is no function"), (b"cm\nf\nI1\nR.", "arguments are no tuple"),
    (b"I1\nI2\na.", "appended to what is no list"), (b"I1\nI2\nI3\ns.", "set in what is no dictionary"),
    (b"}(I1\nu.", "set in what is no dictionary"), (b"I1\nI2\n\x93.", "a global whose name is no text"),
    (b"Sabc\n.", "a text without quotes"), (b"S'a\"\n.", "a text without quotes"), (b"S'\n.", "a text without quotes"),
    (b"cm\nf\n)I1\n\x92.", "named arguments are no dictionary"), (b"Ix\n.", "invalid literal"),
    (b"L" + b"1" * 33 + b"\n.", "an integer of too many digits"),
    (b"\x8a\x21" + b"1" * 33 + b".", "an integer of 33 bytes"),
    (b"\x8b\xff\xff\xff\xff.", "bytes are announced")])
def test_what_is_damaged_is_one_line_with_its_place(data, part):
    with pytest.raises(WeightsError, match="damaged or no pickle, at byte") as caught:
        value(data)
    assert part in str(caught.value) and "\n" not in str(caught.value)


def test_numbers_of_as_many_digits_as_are_allowed():
    assert value(b"L" + b"1" * 32 + b"\n.") == int("1" * 32)
    assert value(b"\x8a\x20" + b"\1" * 32 + b".") == int.from_bytes(b"\1" * 32, "little")


def test_work_and_memory_are_bounded(monkeypatch):
    ones = b"I1\n0" * 10
    assert value(ones + b"I2\n.", steps=22) == 2
    with pytest.raises(WeightsError, match="more than 21 steps"):
        value(ones + b"I2\n.", steps=21)
    monkeypatch.setattr(pickled, "BYTES", 30)
    with pytest.raises(WeightsError, match="longer than 30 bytes"):
        value(ones + b"I2\n.")
    with pytest.raises(WeightsError, match="31 bytes are announced"):
        value(b"X" + struct.pack("<I", 31) + b"a" * 31 + b".")
    assert interpret(b" " * 99 + b"I2\n.", 99, known={})[0] == 2, "what lies before it does not count"


def test_names_and_lines_are_bounded(monkeypatch):
    monkeypatch.setattr(pickled, "NAMES", 2)
    names = [b"cm\nf%d\n" % k for k in range(4)]
    assert len(interpret(b"".join(names[:3]) + b".", known={})[2]) == 3
    with pytest.raises(WeightsError, match="mentions more than 2 names"):
        value(b"".join(names) + b".")
    monkeypatch.setattr(pickled, "LINE", 8)
    assert value(b"V1234567\n.") == "1234567"
    for long in (b"V12345678\n.", b"\x80\x04\x8c\x04abcd\x8c\x05efghi\x93."):
        with pytest.raises(WeightsError):
            value(long)
    assert value(b"\x80\x04\x8c\x04abcd\x8c\x04efgh\x93.").name == "abcd.efgh"


def test_names_are_printable_wherever_they_are_shown():
    assert interpret(b"c\x1b[2J\nf\n.", known={})[2] == ("\\x1b[2J.f",)
