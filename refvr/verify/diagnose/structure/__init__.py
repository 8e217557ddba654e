"""Mistakes of structure: right operations and right weights, but given something else than the network gives them.

pool.py has the values of a run that may stand where another one should, each with a name in words; operands.py what may
be wrong with the operands of one call; calls.py records calls, and makes them with other operands or other weights;
recurrences.py what may be wrong from one step to the next; candidate.py is one mistake; variants.py puts those of a
span together, in stages.
"""
