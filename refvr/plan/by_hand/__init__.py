"""Schedules that a person wrote, for networks where the plan has none that is as fast; the pages never hear of them.

DUF, whose windows share slabs of a volume, and SAFA, which decides by values what is computed next. Drivers call them
(pipeline/duf.py, pipeline/safa.py); each computes the bytes of its page (tests/plan/test_run.py).
"""
