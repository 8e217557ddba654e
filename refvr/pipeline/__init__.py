"""The code around a network, as iterators: windows, borders, padding, and `restore` that ties them together."""
