"""`make bench`: what the product costs, measured on this machine. Prints tables and writes build/bench.json."""


class DidNotMeasureError(Exception):
    """What was to be measured did not happen; says what, and what happened instead."""
