"""Whose invoice it is: a goods owner in Ongoing and a customer in Fortnox that are the same company.

The customer code is typed by hand, and Fortnox gives the numbers of deleted customers to new ones. So the names are
compared; where they are not plainly the same, a person says once that they are.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from invoicing.domain.fortnox_invoice import Customer

# Legal forms, which some write and some do not. Two companies that differ in nothing else are asked about if they
# write different ones: an AB is not the HB of the same name.
_FORMS = {
    **dict.fromkeys(("ab", "aktiebolag", "aktiebolaget", "publ"), "ab"),
    **dict.fromkeys(("hb", "handelsbolag", "handelsbolaget"), "hb"),
    **dict.fromkeys(("kb", "kommanditbolag", "kommanditbolaget"), "kb"),
    **dict.fromkeys(("ef", "enskild", "firma"), "ef"),
    **dict.fromkeys(("as", "aksjeselskap", "aktieselskab"), "as"),
    **{form: form for form in ("asa", "aps", "oy", "oyj", "gmbh", "ltd", "limited", "inc", "llc", "bv", "sarl", "srl")},
}
_AND = {"&": "och", "+": "och", "and": "och", "og": "och", "u": "och", "und": "och", "ja": "och"}


class Agreed(StrEnum):
    """Why a goods owner and a customer count as the same company."""

    BY_NAME = "by_name"  # the names are plainly the same
    BY_PERSON = "by_person"
    BY_HISTORY = "by_history"  # invoices were sent so before anybody was asked
    NOT_YET = "not_yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """A person's word that a goods owner is a customer, as both were called then."""

    goods_owner: str
    customer_number: str
    customer_name: str
    organisation_number: str
    by: str  # a user name; empty: invoices were sent so before anybody was asked
    at: datetime
    without_vat: frozenset[int] = frozenset()  # accounts that rightly bear no VAT for this customer

    def holds_for(self, customer: Customer) -> bool:
        """Whether the customer in Fortnox is still the one that was agreed on."""
        return (self.customer_number, self.customer_name, self.organisation_number) == (
            customer.number,
            customer.name,
            customer.organisation_number,
        )


def plainly_the_same(one: str, other: str) -> bool:
    """Whether two names are one: but for case, accents, signs, legal forms, and how "and" is written."""
    words, forms = _folded(one)
    other_words, other_forms = _folded(other)
    return bool(words) and words == other_words and (not forms or not other_forms or forms == other_forms)


def _folded(name: str) -> tuple[str, frozenset[str]]:
    plain = unicodedata.normalize("NFKD", re.sub(r"(?<!\d)/|/(?!\d)", "", name.casefold()))
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    plain = re.sub(r"(?<!\d)[.’'´`\u2019]|[.’'´`\u2019](?!\d)", "", plain).replace("ø", "o").replace("æ", "ae")
    words = [_AND.get(word, word) for word in re.findall(r"[&+]|\w+", plain)]
    # Whether words are written together is no difference, either; 1:2 and 12 are two numbers.
    core = re.sub(r"(?<!\d) | (?!\d)", "", " ".join(word for word in words if word not in _FORMS))
    return core, frozenset(_FORMS[word] for word in words if word in _FORMS)
