"""What is free on the heap goes back to the system, where that can be done."""
from refvr.media import heap


def test_it_can_be_asked_for_anywhere_and_again(monkeypatch):
    heap.give_back()
    heap.give_back()
    for platform in ("linux", "darwin"):
        monkeypatch.setattr(heap.sys, "platform", platform)
        monkeypatch.setattr(heap.ctypes, "CDLL", lambda name: object())   # a C library without it
        heap.give_back()
