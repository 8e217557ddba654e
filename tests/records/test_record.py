"""Records: what they name is there, and nobody else decides by the name of a network."""
import re
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

import refvr
from refvr.pipeline.driver import Driver
from refvr.records import MODELS, NETWORKS, record_of, resolved

PACKAGE = Path(refvr.__file__).parent
TITLES = "|".join(record.title for record in NETWORKS.values())
NAMES = f"{'|'.join(NETWORKS)}|{TITLES}"
BY_NAME = re.compile(   # such as network == "safa", network.startswith("stfan"), type(net).__name__ in ("DUF", ...)
    rf"""startswith\(\(?["'](?:{NAMES})|(?:==|!=|\bin) \(?["'](?:{NAMES})["']"""
    rf"""|isinstance\([a-z_.]+, \(?(?:{TITLES})\b|__name__\.startswith""")


def references(part):
    for field in fields(part):
        value = getattr(part, field.name)
        if is_dataclass(value):
            yield from references(value)
        elif "Reference" in str(field.type) and value is not None:
            values = value.values() if isinstance(value, dict) else [order for _, order in value] \
                if isinstance(value, tuple) else [value]
            yield from ((field.name, one) for one in values)


@pytest.mark.parametrize("name", NETWORKS)
def test_what_a_record_names_is_there(name):
    record = NETWORKS[name]
    for field, reference in references(record):
        assert resolved(reference) is not None, field
    assert record.name == name and resolved(record.page).__name__ == record.title
    assert record_of(resolved(record.page).__new__(resolved(record.page))) is record
    driver = resolved(record.driver)
    assert isinstance(driver, Driver) or callable(driver)
    assert all(MODELS[model].network == name for model in record.models)


def test_nobody_decides_by_the_name_of_a_network():
    """What differs between networks is in their records; code asks for that, not for a name."""
    found = [f"{path.relative_to(PACKAGE)}:{number}: {line.strip()}" for path in sorted(PACKAGE.rglob("*.py"))
             if path.parts[len(PACKAGE.parts)] not in ("networks", "records")
             for number, line in enumerate(path.read_text().splitlines(), 1)
             if BY_NAME.search(line) and "augment ==" not in line]   # a way of a recipe, which any network may take
    assert found == []


@pytest.mark.parametrize("line", ['if network == "safa":', 'network.startswith("stfan")', "isinstance(net, (STFAN, X))",
                                  'type(net).__name__ in ("DUF", "EDVR")'])
def test_the_search_finds_such_lines(line):
    assert BY_NAME.search(line)
