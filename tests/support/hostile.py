"""Files that mean harm, made byte by byte: name -> bytes. `zip_file` and `legacy_file` also make good ones."""

import io
import json
import struct
import tarfile
import zipfile
import zlib

import numpy as np

from refvr.checkpoints.pth_write import text_of, tuple_of

MAGIC = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
PROTOCOL, MACHINE = b"\x80\x02M\xe9\x03.", b"\x80\x02}(X\x0d\x00\x00\x00little_endian\x88u."


def storage(key=b"0", count=4, kind=b"FloatStorage"):
    """Opcodes of a persistent id in legacy form, with no part of a storage (None), and what they refer to."""
    return (
        b"("
        + text_of("storage")
        + b"ctorch\n"
        + kind
        + b"\n"
        + text_of(key.decode())
        + text_of("cpu")
        + b"\x8a\x08"
        + struct.pack("<q", count)
        + b"tQ"
    )


def tensor(sizes=(4,), strides=(1,), offset=0, *, count=4, kind=b"FloatStorage"):
    """Opcodes that rebuild one tensor."""
    return (
        b"ctorch._utils\n_rebuild_tensor_v2\n("
        + storage(count=count, kind=kind)
        + long_of(offset)
        + b"("
        + b"".join(map(long_of, sizes))
        + b"t("
        + b"".join(map(long_of, strides))
        + b"t\x89NtR"
    )


def long_of(value):
    return b"\x8a\x09" + value.to_bytes(9, "little", signed=True)


def state(value, *more):
    """A pickle of {"w": value, ...}: `more` are opcodes of further keys and values."""
    return b"\x80\x02}(" + text_of("w") + value + b"".join(more) + b"u."


def zip_file(pickle, storages=(b"\0" * 16,), *, folder="archive", method=zipfile.ZIP_STORED, more=()):
    """A zip file as torch.save makes it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        file.writestr(f"{folder}/data.pkl", pickle)
        for key, data in enumerate(storages):
            file.writestr(f"{folder}/data/{key}", data)
        for name, data in more:
            file.writestr(name, data)
    return buffer.getvalue()


def legacy_file(pickle, storages=((4, b"\0" * 16),), *, machine=MACHINE):
    """A legacy file as torch.save made it."""
    keys = b"\x80\x02](" + b"".join(text_of(str(k)) for k in range(len(storages))) + b"e."
    return MAGIC + PROTOCOL + machine + pickle + keys + b"".join(struct.pack("<q", n) + data for n, data in storages)


def tar_file(**members):
    """A tar file of members."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as file:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def call(function, *args):
    """Opcodes that would call `function`, "module name", with texts."""
    return b"c" + function.replace(" ", "\n").encode() + b"\n(" + b"".join(map(text_of, args)) + b"tR"


def calls(marker):
    """Pickles that would make the file `marker` if anything in them were called: name -> opcodes of a value."""
    make = f"open({marker!r}, 'w')"
    return {
        "os.system": call("os system", f"touch {marker}"),
        "posix.system": call("posix system", f"touch {marker}"),
        "eval": call("builtins eval", make),
        "exec": call("builtins exec", make),
        "python2": call("__builtin__ eval", make),
        "runstring": b"cnumpy.testing._private.utils\nrunstring\n(" + text_of(make) + b"}tR",
        "open": call("builtins open", marker, "w"),
        "pty": call("pty spawn", f"touch {marker}"),
        "new": b"csubprocess\nPopen\n(" + text_of(f"touch {marker}") + b"t\x81",
        "instance": b"(" + text_of(f"touch {marker}") + b"ios\nsystem\n",
        "object": b"(cos\nsystem\n" + text_of(f"touch {marker}") + b"o",
        "stack_global": text_of("os") + text_of("system") + b"\x93(" + text_of(f"touch {marker}") + b"tR",
        "chain": b"cbuiltins\ngetattr\n(cbuiltins\n__import__\n("
        + text_of("os")
        + b"tR"
        + text_of("system")
        + b"tR("
        + text_of(f"touch {marker}")
        + b"tR",
        "chain_of_results": call("functools partial", "x") + b"(" + text_of("y") + b"tR",
        "torch_load": call("torch load", marker),
        "load_from_bytes": b"ctorch.storage\n_load_from_bytes\n(C\x03abctR",
        "build": b"c__main__\nA\n)\x81}(" + text_of("__setstate__") + call("os system", f"touch {marker}") + b"ub",
        "build_on_class": b"c__main__\nA\n}(" + text_of("__reduce__") + b"cos\nsystem\nub",
        "build_on_tensor": tensor() + b"}(" + text_of("read") + b"cos\nsystem\nub",
        "subclass": b"ctorch._tensor\n_rebuild_from_type_v2\n(cos\nsystem\nN(" + text_of(f"touch {marker}") + b"t}tR",
        "subclass_chain": b"ctorch._tensor\n_rebuild_from_type_v2\n(ctorch._tensor\n_rebuild_from_type_v2\nN)}tR",
        "items": b"c__main__\nA\n)\x81(" + text_of("a") + call("os system", f"touch {marker}") + b"u",
        "extension": b"\x82\x01",
        "hooks": b"ctorch._utils\n_rebuild_tensor_v2\n("
        + storage()
        + b"K\0K\x04\x85K\x01\x85\x89"
        + call("os system", f"touch {marker}")
        + b"tR",
    }


def bombs():
    """Pickles that would take time or memory: name -> whole pickle."""
    doubling = b"".join(b"(h\0h\0tq\0" for _ in range(200))
    return {
        "memo": b"\x80\x02)q\0" + doubling + b".",
        "memo_lists": b"\x80\x02]q\0" + b"".join(b"](h\0h\0eq\0" for _ in range(200)) + b".",
        "memo_in_state": state(b")q\0" + doubling),
        "deep_tuples": b"\x80\x02)" + b"\x85" * 1_000_000 + b".",
        "deep_lists": b"\x80\x02" + b"](" * 200_000 + b"e" * 200_000 + b".",
        "deep_below_steps": state(b")" + b"\x85" * 400_000, b"", text_of("v"), tensor()),
        "deep_key": b"\x80\x02}()" + b"\x85" * 400_000 + b"Nu.",
        "deep_calls": b"\x80\x02)" + b"q\0cA\nB\nh\0R\x85" * 60_000 + b".",
        "deep_dicts": b"\x80\x02" + (b"}(" + text_of("a")) * 90_000 + b"N" + b"u" * 90_000 + b".",
        "cycle": b"\x80\x02]q\0h\0ah\0ah\0a.",
        "cycle_of_dicts": b"\x80\x02}q\0(" + text_of("a") + b"h\0u.",
        "many_marks": b"\x80\x02" + b"(" * 3_000_000,
        "many_dicts": b"\x80\x02(" + b"}" * 499_000 + b"t.",
        "many_sets": b"\x80\x02(" + b"\x8f" * 499_000 + b"t.",
        "many_memos": b"\x80\x02)" + b"\x94" * 499_000 + b".",
        "many_tensors": b"\x80\x02](" + tensor() + b"q\0" + b"h\0" * 490_000 + b"e.",
        "many_names": b"\x80\x02](" + b"".join(b"cm\n%06d\n" % k for k in range(490_000)) + b"e.",
        "wide_texts": b"\x80\x02}(" + text_of("k" * 1_000_000) + b"q\0" + (b"}(h\0") * 1000 + b"N" + b"u" * 1001 + b".",
        "wide_and_deep": b"\x80\x02}("
        + text_of("k" * 300)
        + b"q\0"
        + b"}(h\0" * 38
        + b"]("
        + b"}(K\0Nu" * 60_000
        + b"e"
        + b"u" * 39
        + b".",
        "colliding_keys": b"\x80\x02}("
        + b"".join(b"\x8a\x20" + (k * ((1 << 61) - 1)).to_bytes(32, "little") + b"N" for k in range(1, 100_000))
        + b"u.",
        "huge_integer": b"\x80\x02\x8b" + struct.pack("<i", 20_000_000) + b"\x7f" * 20_000_000 + b".",
        "integer_text": b"\x80\x02I" + b"9" * 60_000 + b"\n.",
        "no_line_end": b"\x80\x02I" + b"9" * 1_000_000,
        "announced_text": b"\x80\x02\x8d" + struct.pack("<Q", 1 << 62),
        "announced_bytes": b"\x80\x02\x8e" + struct.pack("<Q", 1 << 40),
        "announced_frame": b"\x80\x04\x95" + struct.pack("<Q", 1 << 60) + b"N.",
        "negative_length": b"\x80\x02T\xff\xff\xff\xff.",
        "long_text": b"\x80\x02X" + struct.pack("<I", 33 << 20) + b"a" * (33 << 20) + b".",
        "wide_text": b"\x80\x02X"
        + struct.pack("<I", (8 << 20) + 4)
        + b"a" * (8 << 20)
        + "\N{PILE OF POO}".encode()
        + b".",
        "empty_stack": b"\x80\x02.",
        "only_mark": b"\x80\x02(.",
        "pop_beyond": b"\x80\x0200.",
        "no_memo": b"\x80\x02h\7.",
        "protocol_9": b"\x80\x09N.",
        "unknown_opcode": b"\x80\x02\xff.",
        "append_to_none": b"\x80\x02NNa.",
        "reduce_none": b"\x80\x02N)R.",
        "args_no_tuple": b"\x80\x02cA\nB\nNR.",
        "set_in_tuple": b"\x80\x02)NNs.",
        "odd_items": b"\x80\x02}(Nu.",
        "storage_called": b"\x80\x02ctorch\nFloatStorage\n)R.",
        "own_persistent_id": b"\x80\x02NQ.",
        "bad_scalar": b"\x80\x02cnumpy.core.multiarray\nscalar\n(NNtR.",
        "object_scalar": b"\x80\x02cnumpy\ndtype\n(" + text_of("O8") + b"\x89\x88tR.",
    }


def tensors():
    """Tensors that reach where they should not: name -> opcodes of a tensor (its storage has 4 numbers, 16 bytes)."""
    big = 1 << 62
    return {
        "beyond": tensor((5,)),
        "offset": tensor((4,), (1,), 1),
        "stride": tensor((4,), (2,)),
        "negative_stride": tensor((4,), (-1,), 3),
        "negative_offset": tensor((1,), (1,), -1),
        "negative_size": tensor((-4,)),
        "huge": tensor((big,)),
        "huge_product": tensor((1 << 40, 1 << 40), (0, 0)),
        "huge_empty": tensor((0, big), (1, 1)),
        "expanded": tensor((1 << 20, 1 << 20), (0, 0)),
        "expanded_to_beyond_64k": tensor((1 << 17,), (0,)),
        "overflow": tensor((1 << 33, 1 << 33), (1 << 33, 1 << 33)),
        "many_dimensions": tensor((1,) * 40, (1,) * 40),
        "other_strides": tensor((2, 2), (1,)),
        "storage_too_large": tensor((4,), count=5),
        "storage_huge": tensor((4,), count=1 << 62),
        "storage_negative": tensor((4,), count=-1),
        "storage_unknown": tensor(kind=b"SecretStorage"),
        "storage_of_other_type": tensor(kind=b"DoubleStorage"),
        "true_as_size": b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage() + b"K\0\x88\x85K\x01\x85\x89NtR",
        "text_as_size": b"ctorch._utils\n_rebuild_tensor_v2\n("
        + storage()
        + b"K\0"
        + text_of("4")
        + b"\x85K\x01\x85\x89NtR",
        "no_storage": b"ctorch._utils\n_rebuild_tensor_v2\n(NK\0)" + tuple_of((1,)) + b"\x89NtR",
        "too_few_arguments": b"ctorch._utils\n_rebuild_tensor_v2\n)R",
    }


def containers():
    """Containers that lie: name -> whole file."""
    good = state(tensor())
    zeros = b"\0" * (64 << 20)
    plain = zip_file(good)
    end = plain.rfind(b"PK\5\6")
    npy = b"\x93NUMPY\x01\x00"
    header = (
        json.dumps({"descr": "<f4", "fortran_order": False, "shape": [1 << 40]})
        .replace("false", "False")
        .replace("[", "(")
        .replace("]", ",)")
        .encode()
    )
    packed = io.BytesIO()
    np.savez_compressed(packed, w=np.zeros(40 << 20, np.float32))
    objects = io.BytesIO()
    np.savez(objects, w=np.array([{}], object))
    return {
        "empty": b"",
        "one_byte": b"\x80",
        "text": b"not a checkpoint" * 99,
        "zip_bomb": zip_file(zeros, method=zipfile.ZIP_DEFLATED),
        "zip_bomb_in_storage": zip_file(good, (zeros,), method=zipfile.ZIP_DEFLATED),
        "absolute_path": zip_file(good, more=[("/etc/passwd", b"x")]),
        "parent_path": zip_file(good, more=[("a/../../x", b"x")]),
        "windows_path": zip_file(good, more=[("C:/x", b"x")]),
        "no_pickle": zip_file(good).replace(b"data.pkl", b"dota.pkl"),
        "two_pickles": zip_file(good, more=[("b/data.pkl", good)]),
        "no_storage": zip_file(good, ()),
        "directory_beyond": plain[: end + 16] + struct.pack("<I", 1 << 31) + plain[end + 20 :],
        "many_entries": plain[: end + 10] + b"\xfe\xff" + plain[end + 12 :],
        "wrong_checksum": plain.replace(struct.pack("<I", zlib.crc32(good)), b"\1\2\3\4"),
        "local_header_beyond": plain.replace(b"PK\1\2", b"PK\1\2", 1)[: end - 200]
        + plain[end - 200 :].replace(b"\x00\x00\x00\x00archive/data.pkl", b"\xff\xff\xff\x7farchive/data.pkl"),
        "byte_order": zip_file(good, more=[("archive/byteorder", b"middle")]),
        "legacy_count": legacy_file(good, ((1 << 60, b""),)),
        "legacy_short": legacy_file(good)[:-1],
        "legacy_other_count": legacy_file(good, ((5, b"\0" * 20),)),
        "legacy_no_storage": legacy_file(good, ()),
        "legacy_spare_storage": legacy_file(good, ((4, b"\0" * 16),) * 2),
        "legacy_protocol": MAGIC + b"\x80\x02K\1.",
        "legacy_keys": legacy_file(good).replace(b"](X\x01\0\0\x000e.", b"}K\x05K\x01s."),
        "plain_pickle": b"\x80\x04" + call("os system", "true") + b".",
        "tar_without_parts": tar_file(readme=b"hello"),
        "tar_size": tar_file(storages=b"").replace(b"00000000000", b"00000000089"),
        "tar_count": tar_file(
            storages=b"\x80\x02\x8a\x05" + b"\x7f" * 5 + b".", tensors=b"\x80\x02K\0.", pickle=b"\x80\x02N."
        ),
        "tar_dimensions": tar_file(
            storages=b"\x80\x02K\0.\x80\x02].",
            pickle=b"\x80\x02N.",
            tensors=b"\x80\x02K\1.\x80\x02K\1K\1N\x87." + struct.pack("<i", 1 << 30),
        ),
        "npz_huge": zip_file(b"", (), more=[]).replace(b"archive/data.pkl", b"archive/data.npy"),
        "npz_announced": npz_file(npy + struct.pack("<H", len(header)) + header),
        "npz_bomb": packed.getvalue(),
        "npz_objects": objects.getvalue(),
        "npz_code": npz_file(npy + b"\x20\x00" + b"__import__('os').system('true')\n"),
        "npz_deep": npz_file(npy + struct.pack("<H", 60000) + b"(" * 60000),
        "safetensors_header": struct.pack("<Q", 1 << 60) + b'{"a":',
        "safetensors_offsets": safetensors_file([0, 1 << 40]),
        "safetensors_negative": safetensors_file([-8, 8]),
        "hdf5_magic_only": b"\x89HDF\r\n\x1a\n" + b"\xff" * 600,
    }


def npz_file(array):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("w.npy", array)
    return buffer.getvalue()


def safetensors_file(offsets):
    header = json.dumps({"w": {"dtype": "F32", "shape": [4], "data_offsets": offsets}}).encode()
    return struct.pack("<Q", len(header)) + header + b"\0" * 16


def files(marker):
    """All of them: name -> bytes."""
    found = {f"container {name}": data for name, data in containers().items()}
    for name, value in calls(marker).items():
        alone, beside = b"\x80\x02" + value + b".", state(value, text_of("v"), tensor())
        found |= {
            f"alone zip {name}": zip_file(alone, ()),
            f"alone legacy {name}": legacy_file(alone, ()),
            f"plain {name}": alone,
            f"beside zip {name}": zip_file(beside),
            f"beside legacy {name}": legacy_file(beside),
        }
    for name, pickle in bombs().items():
        found |= {f"bomb zip {name}": zip_file(pickle), f"bomb legacy {name}": legacy_file(pickle)}
    for name, value in tensors().items():
        found |= {f"tensor zip {name}": zip_file(state(value)), f"tensor legacy {name}": legacy_file(state(value))}
    return found
