"""A goods owner's price list in Ongoing: what its charges are made from."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedArticle:
    """One entry, as it was typed. None: the answer does not say, so that nothing is known of it.

    An empty text was left empty in Ongoing. No price, and 0, are 0; one that depends on something is None.
    """

    title: str
    number: str | None
    account: str | None
    price: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceList:
    """The entries of one goods owner."""

    articles: tuple[PricedArticle, ...] = ()
