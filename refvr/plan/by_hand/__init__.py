"""Schedules that a person wrote, for networks where the plan has none that is as fast; the pages never hear of them.

DUF, whose windows share slabs of a volume. Its driver calls it (pipeline/duf.py); it computes the bytes of its page
(tests/plan/test_run.py).
"""
