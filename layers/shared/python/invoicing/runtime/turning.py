"""While the signing secret is turned two are good: the newest signs, and what another one has signed is believed."""

from collections.abc import Callable, Iterator, Sequence


def secrets_of(newest: str, others: Callable[[], Sequence[str]]) -> Iterator[str]:
    """The newest first; the others are fetched only by whom it does not satisfy."""
    yield newest
    yield from (secret for secret in others() if secret != newest)
