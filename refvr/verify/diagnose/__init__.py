"""Which mistake makes these numbers? The search through the catalogue, for an operation or a whole port."""
