"""Modules: named parameters, the layers and blocks that networks are made of, and the trace of a run."""
from refvr.nn.module import Module
from refvr.nn.trace import Trace, note, scope, trace

__all__ = ["Module", "Trace", "note", "scope", "trace"]
