"""`make bench`: what the product costs, measured on this machine. Prints tables and writes build/bench.json."""
