"""How good a network is at its task, beside what a user would have without it.

tasks.py       what is done to a clean clip, which answers count
baselines.py   classical answers
score.py       clips, networks and baselines to figures
"""
