"""What can be done in Fortnox by a button: every issue whose cause lies there has an answer, and no button is dead."""

from itertools import product

import pytest
from invoicing.domain.issue import Fixer, Issue, IssueCode
from invoicing.domain.remedy import (
    EVERYBODY_HAS,
    PERMISSIONS,
    REMEDIES,
    VAT_TYPES,
    Act,
    ByHand,
    CustomerDraft,
    DraftProblem,
    Remedy,
    Thing,
    remedy_of,
)

IN_FORTNOX = frozenset({Fixer.FORTNOX_USER, Fixer.FORTNOX_ADMINISTRATOR, Fixer.EITHER})
KEYS = {
    "customer_number": "1013",
    "article_number": "199",
    "account": "3999",
    "cost_centre": "NORD",
    "currency": "DKK",
}
EVERY_PERMISSION = tuple(PERMISSIONS.values())


def draft(**fields: str) -> CustomerDraft:
    """A Swedish company, unless it says otherwise."""
    return CustomerDraft(**{"number": "1013", "name": "Te & Ting AB", "currency": "SEK", "vat_type": "SEVAT", **fields})


def test_every_issue_that_is_fixed_in_fortnox_has_a_remedy_or_a_reason() -> None:
    """And no other has one."""
    fixed_there = {code for code in IssueCode if Issue(code=code).fixer in IN_FORTNOX}

    assert set(REMEDIES) == fixed_there
    assert {ByHand.DECIDED, ByHand.JUDGED, ByHand.BY_RUNS, ByHand.NO_CALL} <= set(REMEDIES.values())


@pytest.mark.parametrize("code", [code for code, found in REMEDIES.items() if isinstance(found, tuple)])
def test_a_remedy_names_what_it_is_about(code: IssueCode) -> None:
    """By the number or code that the issue says."""
    found = REMEDIES[code]
    assert isinstance(found, tuple)
    thing, act = found
    remedy = remedy_of(Issue(code=code, params=KEYS), EVERY_PERMISSION)

    assert remedy is not None
    assert (remedy.thing, remedy.act) == (thing, act)
    assert remedy.key in KEYS.values()
    assert str(remedy) == f"{act} {thing} {remedy.key}"


@pytest.mark.parametrize(
    ("code", "params"),
    [
        (IssueCode.CUSTOMER_UNKNOWN, {}),
        (IssueCode.CUSTOMER_UNKNOWN, {"customer_number": ""}),
        (IssueCode.COST_CENTRE_UNKNOWN, {"cost_centre": "NORD / SYD"}),
        (IssueCode.INVOICE_CANCELLED, KEYS),
        (IssueCode.CUSTOMER_CODE_MISSING, KEYS),
    ],
)
def test_where_nobody_knows_what_it_is_about_there_is_no_button(code: IssueCode, params: dict[str, str]) -> None:
    """Fortnox often does not say which of several rows it means."""
    assert remedy_of(Issue(code=code, params=params), EVERY_PERMISSION) is None


@pytest.mark.parametrize("thing", list(Thing))
def test_a_button_is_there_only_with_its_permission(thing: Thing) -> None:
    """What a connection always has is enough for customers and articles."""
    code = next(code for code, found in REMEDIES.items() if isinstance(found, tuple) and found[0] is thing)
    issue = Issue(code=code, params=KEYS)
    others = set(EVERY_PERMISSION) - {PERMISSIONS[thing]}

    assert (remedy_of(issue, others) is not None) is (PERMISSIONS[thing] in EVERYBODY_HAS)
    assert remedy_of(issue, {PERMISSIONS[thing]}) is not None


@pytest.mark.parametrize(
    ("fields", "problems"),
    [
        ({}, {}),
        ({"name": ""}, {"name": DraftProblem.MISSING}),
        ({"currency": "KRONOR"}, {"currency": DraftProblem.NOT_A_CURRENCY}),
        ({"currency": ""}, {"currency": DraftProblem.NOT_A_CURRENCY}),
        ({"email": "faktura"}, {"email": DraftProblem.NOT_AN_ADDRESS}),
        ({"vat_type": ""}, {"vat_type": DraftProblem.NOT_A_CHOICE}),
        ({"vat_type": "SOMETHING"}, {"vat_type": DraftProblem.NOT_A_CHOICE}),
        ({"country_code": "SE"}, {}),
        (
            {"country_code": "NORGE", "vat_type": ""},
            {"country_code": DraftProblem.NOT_A_COUNTRY, "vat_type": DraftProblem.NOT_A_CHOICE},
        ),
        ({"country_code": "S3"}, {"country_code": DraftProblem.NOT_A_COUNTRY}),
        ({"country_code": "DK"}, {"country_code": DraftProblem.COUNTRY_DIFFERS}),
        ({"vat_type": "EXPORT"}, {"country_code": DraftProblem.MISSING}),
        ({"vat_type": "EXPORT", "country_code": "NO"}, {}),
        ({"vat_type": "EXPORT", "country_code": "DK"}, {"country_code": DraftProblem.COUNTRY_DIFFERS}),
        ({"vat_type": "EXPORT", "country_code": "SE"}, {"country_code": DraftProblem.COUNTRY_DIFFERS}),
        ({"vat_type": "EUVAT", "country_code": "DK"}, {}),
        ({"vat_type": "EUVAT", "country_code": "NO"}, {"country_code": DraftProblem.COUNTRY_DIFFERS}),
        ({"vat_type": "EUREVERSEDVAT", "country_code": "DK"}, {"vat_number": DraftProblem.MISSING}),
        ({"vat_type": "EUREVERSEDVAT", "country_code": "DK", "vat_number": "DK12345678"}, {}),
        ({"vat_type": "EUREVERSEDVAT", "country_code": "GR", "vat_number": "EL123456789"}, {}),
        (
            {"vat_type": "EUREVERSEDVAT", "country_code": "DK", "vat_number": "12345678"},
            {"vat_number": DraftProblem.NOT_A_VAT_NUMBER},
        ),
        (
            {"vat_type": "EUREVERSEDVAT", "country_code": "DK", "vat_number": "FI12345678"},
            {"vat_number": DraftProblem.NOT_A_VAT_NUMBER},
        ),
    ],
)
def test_a_customer_is_sent_only_when_its_vat_can_be_right(
    fields: dict[str, str], problems: dict[str, DraftProblem]
) -> None:
    """Domestic, EU or export is asked for, and the country must go with it."""
    assert draft(**fields).problems == problems


def test_every_vat_type_can_be_chosen_and_every_act_said() -> None:
    """So that no form ends in a word that Fortnox does not know."""
    assert set(VAT_TYPES) == {"SEVAT", "SEREVERSEDVAT", "EUREVERSEDVAT", "EUVAT", "EXPORT"}
    assert len({str(Remedy(thing=thing, act=act, key="1")) for thing, act in product(Thing, Act)}) == 10
