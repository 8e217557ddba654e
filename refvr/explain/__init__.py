"""The X-ray of a network: what it saw, what it made of it and why, as one page for a browser (docs/explain.md)."""
