"""How long the SDK waits and how often it tries, per kind of work."""

from botocore.config import Config

# Reads and repeatable writes: the SDK's own retries, bounded to some 15 seconds at worst.
STANDARD = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})

# Stores of the token engine: it counts its own seconds, so the SDK makes exactly one attempt;
# `BoundedRetry` decides about more.
TOKEN_STORES = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 1})

# A mail whose answer was lost may have gone out: the SDK must not send it again by itself.
MAIL = Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 1})

# A function that is invoked by hand is waited for, for as long as the slowest may run, and not invoked twice.
INVOCATION = Config(connect_timeout=2, read_timeout=310, retries={"mode": "standard", "total_max_attempts": 1})
