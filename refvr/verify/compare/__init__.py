"""Where does a port differ? Its values paired with ours, their differences, and where a difference is born."""
