"""Networks: one page each. `zoo.py` says which there are."""
