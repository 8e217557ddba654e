"""One file for each figure of `refvr explain --png`; panel.py has what they share, ../draw.py the list of them."""
