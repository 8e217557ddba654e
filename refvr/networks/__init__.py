"""Networks: one page each. The zoo (`refvr/zoo/`) says which configurations there are."""
