"""How a whole run is dealt out."""
from types import SimpleNamespace

import pytest

SOURCES = pytest.Config.ArgsSource


def dealt(request, source=SOURCES.TESTPATHS, **more):
    conftest = next(plugin for plugin in request.config.pluginmanager.get_plugins()
                    if getattr(plugin, "__file__", "").endswith("conftest.py") and hasattr(plugin, "cores"))
    option = SimpleNamespace(keyword="", markexpr="not long", collectonly=False, usepdb=False, numprocesses=None,
                             dist="no")
    conftest.pytest_cmdline_main(SimpleNamespace(option=option, args_source=source, ArgsSource=SOURCES, **more))
    return option.numprocesses


def test_a_whole_run_gets_a_process_for_every_core_and_these_start_none(request):
    assert dealt(request) >= 1
    assert dealt(request, SOURCES.ARGS) is None
    assert dealt(request, workerinput={}) is None     # they would start as many again, and these too
