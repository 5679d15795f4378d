"""Before the 1st: what will stop the invoices that gather is found beforehand, and is the very issue that comes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from invoicing.application.look_before import is_night_look_due, look_before
from invoicing.application.wms_login import login_of
from invoicing.domain.issue import IssueCode
from invoicing.domain.outlook import Outlook, Trouble, Unseen
from invoicing.domain.wms_invoice import WmsLogin

from local.fortnox.seed import TENANT_ID
from local.ongoing.faults import Effect, FaultRule, Match
from local.ongoing.options import Nulls, PriceLists
from local.ongoing.seed import CAFE, KAFFE, MOBLER, NORDIC, UNKNOWN, WAREHOUSE
from local.ongoing.warehouse import Charge, PriceListItem
from tests.books.books import Books, charge

LAST_OF_MARCH = date(2026, 3, 31)
PERIOD: dict[str, Any] = {
    "invoice_date": LAST_OF_MARCH,
    "period_start": date(2026, 3, 1),
    "period_end": LAST_OF_MARCH,
}
GATHERS = 8001


def gathering(*charges: Charge, owner: int = KAFFE, **fields: Any) -> Books:
    """One invoice of this month, that is not due before it has ended; the one of last month is in Fortnox."""
    books = Books().sent()
    return with_list(books.another(GATHERS, *charges, goods_owner_id=owner, **{**PERIOD, **fields}))


def with_list(books: Books, *items: PriceListItem) -> Books:
    """The price lists of the system."""
    warehouse = books.world.ongoing.warehouse(WAREHOUSE)
    books.world.ongoing.put_warehouse(replace(warehouse, price_list=items or (entry(),)))
    return books


def entry(number: int = 301, **fields: Any) -> PriceListItem:
    """One entry that is right, unless it says otherwise."""
    usual: dict[str, Any] = {
        "goods_owner_id": KAFFE,
        "title": "Pallplats",
        "unit_price": Decimal("85.00"),
        "code": "100",
        "account": "3041",
    }
    return PriceListItem(id=number, **{**usual, **fields})


def look(books: Books) -> Outlook:
    """Somebody presses *Look now*."""
    books.world.fortnox.clear_calls()
    books.world.ongoing.clear_calls()
    found = look_before(books.world.parts.before_tools(books.integration), books.integration)
    assert found is not None
    return found


def codes(outlook: Outlook) -> list[IssueCode]:
    """What it found, in its order."""
    return [one.issue.code for one in outlook.troubles]


def only(outlook: Outlook) -> Trouble:
    """The one thing that was found."""
    assert len(outlook.troubles) == 1, codes(outlook)
    return outlook.troubles[0]


def calls_to_ongoing(books: Books) -> list[str]:
    """The operations of the last look."""
    return [call.operation for call in books.world.ongoing.calls]


def test_when_nothing_will_break_it_says_what_was_looked_at() -> None:
    """And what could not be, which is no trouble."""
    outlook = look(gathering())

    assert (outlook.troubles, outlook.trouble_count) == ((), 0)
    assert outlook.gathering.sums == {"SEK": Decimal("1020.00")}
    assert (outlook.goods_owners, outlook.price_lists) == (1, 1)
    assert (outlook.first, outlook.unseen) == (date(2026, 4, 1), (Unseen.ACCOUNTS,))


BREAKS: dict[str, tuple[Callable[[], Books], IssueCode]] = {
    "no customer code": (lambda: gathering(owner=CAFE), IssueCode.CUSTOMER_CODE_MISSING),
    "no such customer": (lambda: gathering(owner=UNKNOWN), IssueCode.CUSTOMER_UNKNOWN),
    "inactive customer": (lambda: gathering().card(Active=False), IssueCode.CUSTOMER_INACTIVE),
    "another currency": (lambda: gathering().card(Currency="EUR"), IssueCode.CURRENCY_DIFFERS),
    "another company": (lambda: gathering(owner=MOBLER).card(), IssueCode.CUSTOMER_NOT_AGREED),
    "an account abroad": (
        lambda: gathering().settings(accounts_abroad="hold").card(VATType="EXPORT"),
        IssueCode.ACCOUNT_ABROAD,
    ),
    "no article number": (lambda: gathering(charge(code=None)), IssueCode.ARTICLE_NUMBER_MISSING),
    "an article number with a space": (lambda: gathering(charge(code="A B")), IssueCode.ARTICLE_NUMBER_REFUSED),
    "a junk account": (lambda: gathering(charge(account="1")), IssueCode.ACCOUNT_NOT_VALID),
    "no account": (lambda: gathering(charge(account=None)), IssueCode.ACCOUNT_MISSING),
    "an inactive article": (
        lambda: article_off(gathering()),
        IssueCode.ARTICLE_INACTIVE,
    ),
    "rows that do not add up": (lambda: gathering(amount=Decimal("99.00")), IssueCode.AMOUNTS_DISAGREE),
    "a number that is none": (lambda: gathering(number="A-1"), IssueCode.NUMBER_NOT_VALID),
    "a locked period": (lambda: locked(gathering()), IssueCode.PERIOD_LOCKED),
}


def article_off(books: Books) -> Books:
    """Somebody switches the article off in Fortnox."""
    books.world.fortnox.change_entry(TENANT_ID, "articles", "100", {"Active": False})
    return books


def locked(books: Books) -> Books:
    """Somebody locks the month in Fortnox too early."""
    books.world.fortnox.change_company(TENANT_ID, {"locked_until": LAST_OF_MARCH.isoformat()})
    return books


@pytest.mark.parametrize("why", BREAKS)
def test_what_is_foreseen_is_what_then_comes(why: str) -> None:
    """The same issue of the same words, but for what only Fortnox's refusal says."""
    makes, code = BREAKS[why]
    books = makes()
    if code is IssueCode.CUSTOMER_NOT_AGREED:
        books.world.fortnox.change_entry(TENANT_ID, "customers", "1002", {"Name": "Biltvätt i Borås AB"})
    foreseen = next(one for one in look(books).troubles if one.issue.code is code)
    books.run(after=timedelta(days=31))
    record = books.record_of(GATHERS)
    assert record is not None
    assert record.issue is not None
    came = record.issue
    said = {name: word for name, word in came.params.items() if name not in {"message", "code"}}

    assert came.code is code
    assert {name: word for name, word in foreseen.issue.params.items() if name != "message"} == said
    assert foreseen.work.count == 1


def test_all_that_would_stop_an_invoice_is_said_at_once() -> None:
    """And not only what would stop it first, so that it is mended in one round."""
    books = gathering(
        charge(code=None), charge(id=2, account="1"), charge(id=3, code="X Y"), owner=UNKNOWN, amount=Decimal("3060.00")
    )

    assert set(codes(look(books))) == {
        IssueCode.CUSTOMER_UNKNOWN,
        IssueCode.ARTICLE_NUMBER_MISSING,
        IssueCode.ACCOUNT_NOT_VALID,
        IssueCode.ARTICLE_NUMBER_REFUSED,
    }


def test_one_thing_to_mend_is_told_once_with_all_that_it_stops_and_the_largest_sum_comes_first() -> None:
    """What only a further charge would bring comes last."""
    books = gathering(charge(account="1"))
    books.another(8002, charge(account="1"), **PERIOD)
    books.another(8003, charge(unit_price=Decimal("9000.00")), goods_owner_id=UNKNOWN, **PERIOD)
    with_list(books, entry(account="x"), entry(302, code="PLOCK"))
    found = look(books)

    assert codes(found) == [
        IssueCode.CUSTOMER_UNKNOWN,
        IssueCode.ACCOUNT_NOT_VALID,
        IssueCode.ACCOUNT_NOT_VALID,
    ]
    assert [one.work.count for one in found.troubles] == [1, 2, 0]
    assert (found.trouble_count, found.later_count) == (2, 1)


# ---- price lists


ENTRIES: dict[str, tuple[PriceListItem, list[IssueCode]]] = {
    "right": (entry(), []),
    "no number": (entry(code=None), [IssueCode.ARTICLE_NUMBER_MISSING]),
    "an empty number": (entry(code=""), [IssueCode.ARTICLE_NUMBER_MISSING]),
    "a refused number": (entry(code="PLOCK RAD"), [IssueCode.ARTICLE_NUMBER_REFUSED]),
    "no account": (entry(account=None), [IssueCode.ACCOUNT_MISSING]),
    "a junk account": (entry(account="1"), [IssueCode.ACCOUNT_NOT_VALID]),
    "five digits": (entry(account="30410"), [IssueCode.ACCOUNT_NOT_VALID]),
    "below 1000": (entry(account="0999"), [IssueCode.ACCOUNT_NOT_VALID]),
    "neither": (entry(code=None, account="1"), [IssueCode.ARTICLE_NUMBER_MISSING, IssueCode.ACCOUNT_NOT_VALID]),
    "no income": (entry(account="1930"), [IssueCode.ACCOUNT_NOT_INCOME]),
    "no price": (entry(unit_price=None), [IssueCode.PRICE_MISSING]),
    "a price of 0": (entry(unit_price=Decimal(0)), [IssueCode.PRICE_MISSING]),
    "a price in tiers": (entry(unit_price=None, tiers=(Decimal(5), Decimal(4))), []),
    "a price by statistics": (entry(unit_price=None, is_from_statistics=True), []),
    "a negative price": (entry(unit_price=Decimal("-5.00")), []),
}


@pytest.mark.parametrize("nulls", Nulls)
@pytest.mark.parametrize("what", ENTRIES)
def test_entries_of_a_price_list_are_judged_as_their_charges_will_be(what: str, nulls: Nulls) -> None:
    """However the system writes what is missing."""
    item, expected = ENTRIES[what]
    books = with_list(gathering(), entry(300, code="PLOCK"), item)
    books.world.ongoing.set_options(nulls=nulls)

    assert sorted(codes(look(books))) == sorted(expected)


def test_an_article_that_is_switched_off_is_found_in_the_price_list() -> None:
    """Before anybody is charged for it."""
    books = with_list(article_off(gathering(charge(code="PLOCK"))), entry(), entry(302, code="NY-1"))
    found = only(look(books))

    assert (found.issue.code, found.work.count) == (IssueCode.ARTICLE_INACTIVE, 0)
    assert found.owners == ("Kaffe & Kakao AB",)


def test_where_the_articles_accounts_count_those_of_the_price_list_are_not_judged() -> None:
    """Nobody would be held for them."""
    books = with_list(gathering(), entry(account="1")).settings(account_source="article")

    assert look(books).troubles == ()


@pytest.mark.parametrize("answer", [PriceLists.UNKNOWN, PriceLists.NOT_PERMITTED])
def test_a_system_without_price_lists_is_told_of_once_and_asked_once(answer: PriceLists) -> None:
    """It is no error, and rings nobody's alarm; all else is looked at."""
    books = gathering(charge(account="1"))
    books.another(8002, goods_owner_id=NORDIC, **PERIOD)
    books.world.ongoing.set_options(price_lists=answer)
    books.world.reports.clear()
    found = look(books)

    assert Unseen.PRICE_LISTS in found.unseen
    assert calls_to_ongoing(books).count("GetPriceListByQuery") == 1
    assert IssueCode.ACCOUNT_NOT_VALID in codes(found)
    assert not {event for event, _ in books.world.reports} & {"wms_not_understood", "our_defect"}


@pytest.mark.parametrize("layout", [PriceLists.NESTED, PriceLists.FLAT])
@pytest.mark.parametrize(
    "renamed",
    [
        {},
        {"Code": "ArticleNumber", "Title": "ArticleTitle"},
        {"Price": "UnitPrice"},
        {"InvoiceArticles": "Articles"},
    ],
)
def test_names_that_a_price_list_may_have_are_all_read(renamed: dict[str, str], layout: PriceLists) -> None:
    """The junk is found under each of them."""
    books = with_list(gathering(), entry(code=None, account="1"))
    books.world.ongoing.set_options(price_lists=layout, renamed=renamed)

    found = books.world.wms().price_list(login(books), KAFFE).articles

    assert [(one.title, one.number, one.account, one.price) for one in found] == [
        ("Pallplats", "", "1", Decimal("85.0000"))
    ]


def login(books: Books) -> WmsLogin:
    """Of the system."""
    return login_of(books.integration, books.world.sealer)


@pytest.mark.parametrize("field", ["Code", "Account"])
def test_a_field_under_a_name_that_nobody_knows_is_not_taken_for_empty(field: str) -> None:
    """The name is reported as elsewhere, and no entry is blamed."""
    books = with_list(gathering(), entry(), entry(302, code="PLOCK"))
    books.world.ongoing.set_options(renamed={field: f"Okand{field}"})
    books.world.reports.clear()
    found = books.world.wms().price_list(login(books), KAFFE)

    assert {getattr(one, {"Code": "number", "Account": "account"}[field]) for one in found.articles} == {None}
    names = [fields["element"] for event, fields in books.world.reports if event == "wms_name_unknown"]
    assert names == [f"price list entry: Okand{field}"]


@pytest.mark.parametrize(
    "effect", [Effect.BEFORE, Effect.HTML, Effect.SOAP_FAULT, Effect.HALF, Effect.TRUNCATE, Effect.BOMB]
)
def test_price_lists_without_an_answer_stop_nothing(effect: Effect) -> None:
    """After two in a row the system is left alone."""
    books = gathering()
    for number, owner in enumerate((MOBLER, NORDIC, UNKNOWN, CAFE), start=8002):
        books.another(number, goods_owner_id=owner, **PERIOD)
    books.world.ongoing.add_fault(
        FaultRule(effect=effect, match=Match(operation="GetPriceListByQuery"), times=None, message="Timeout expired.")
    )
    found = look(books)

    assert {Unseen.PRICE_LISTS, Unseen.SOME_PRICE_LISTS} & set(found.unseen)
    assert calls_to_ongoing(books).count("GetPriceListByQuery") <= 2
    assert found.goods_owners == 5


# ---- what is asked


def test_one_look_costs_few_calls() -> None:
    """Ongoing: the list, and one for each price list. Fortnox: the locked period, each customer, and the articles."""
    books = gathering()
    books.another(8002, goods_owner_id=MOBLER, **PERIOD)
    look(books)

    assert calls_to_ongoing(books) == ["GetInvoicesByQuery", *["GetPriceListByQuery"] * 2]
    assert books.calls("GET", "settings/lockedperiod") == 1
    assert books.calls("GET", "customers") == 2
    assert books.calls("GET") <= 6
    assert books.calls("POST") + books.calls("PUT") == 0


def test_without_an_answer_of_fortnox_the_rest_is_looked_at() -> None:
    """It is asked once in vain, and what was not seen is said."""
    books = gathering(charge(account="1"), owner=UNKNOWN)
    books.world.fortnox.add_faults([{"match": {"path_regex": "^/3/"}, "times": 9, "effect": "before"}])
    found = look(books)

    assert codes(found) == [IssueCode.ACCOUNT_NOT_VALID]
    assert Unseen.FORTNOX in found.unseen
    assert books.calls("GET") == 1


def test_a_company_that_does_not_show_its_locked_period_is_no_trouble() -> None:
    """All else is looked at."""
    books = gathering(charge(account="1"))
    books.world.fortnox.add_faults(
        [
            {
                "match": {"path_regex": "^/3/settings"},
                "effect": "status",
                "status": 403,
                "body": {
                    "ErrorInformation": {"Error": 1, "Message": "Har inte behörighet för scope.", "Code": 2000663}
                },
            }
        ]
    )
    found = look(books)

    assert Unseen.LOCKED_PERIOD in found.unseen
    assert codes(found) == [IssueCode.ACCOUNT_NOT_VALID]


def test_when_time_runs_low_it_ends_with_what_it_has() -> None:
    """And says so."""
    books = gathering(charge(account="1"))
    books.world.time_left = 3.0
    found = look(books)

    assert codes(found) == [IssueCode.ACCOUNT_NOT_VALID]
    assert {Unseen.FORTNOX, Unseen.SOME_PRICE_LISTS} <= set(found.unseen)


def test_who_was_invoiced_of_late_is_looked_at_without_gathering() -> None:
    """The customer has been switched off meanwhile."""
    books = Books().sent().card(Active=False)
    found = only(look(books))

    assert (found.issue.code, found.work.count) == (IssueCode.CUSTOMER_INACTIVE, 0)


@pytest.mark.parametrize(("day", "months", "expected"), [(19, 2, 0), (20, 2, 1), (31, 2, 1), (25, 1, 0)])
def test_who_is_invoiced_each_month_and_has_nothing_is_said_late_in_the_month(
    day: int, months: int, expected: int
) -> None:
    """It stops nothing, and is none of what will."""
    books = Books()
    if months == 2:
        january = {"invoice_date": date(2026, 1, 31), "period_start": date(2026, 1, 1), "period_end": date(2026, 1, 31)}
        books.another(GATHERS, **january)
    books.run()
    books.world.later(days=day - 2)
    found = look(books)
    books.another(8002, **PERIOD)

    assert codes(found) == [IssueCode.NOTHING_GATHERS] * expected
    assert (found.trouble_count, found.later_count) == (0, 0)
    assert codes(look(with_list(books))) == []


SENDING = [
    ("email", {"Email": "", "EmailInvoice": ""}, IssueCode.SEND_NO_ADDRESS),
    ("email", {"Email": "a@b.example"}, None),
    (
        "e_invoice",
        {"DeliveryAddress1": "Lagervägen 1", "DeliveryCountry": ""},
        IssueCode.SEND_NO_COUNTRY,
    ),
    ("e_invoice", {"Email": "", "EmailInvoice": ""}, None),
    ("leave", {"Email": "", "EmailInvoice": "", "DeliveryAddress1": "Lagervägen 1"}, None),
    ("as_on_customer", {"Email": "", "DefaultDeliveryTypes": {"Invoice": "EMAIL"}}, IssueCode.SEND_NO_ADDRESS),
]


@pytest.mark.parametrize(("way", "card", "expected"), SENDING)
def test_what_sending_needs_is_looked_for_on_the_card(
    way: str, card: dict[str, Any], expected: IssueCode | None
) -> None:
    """Only where invoices are sent by themselves, and that way."""
    books = gathering().settings(send_invoices=way).card(**card)

    assert codes(look(books)) == ([expected] if expected else [])


# ---- by night


def at(books: Books, day: int, hour: int, minute: int = 0) -> Books:
    """A run at that time of March in Sweden, where it is winter until the 29th."""
    now = books.world.clock()
    moment = datetime(2026, 3, day, hour, minute, tzinfo=now.tzinfo) - timedelta(hours=1)
    return books.run(after=moment - now)


def looked(books: Books) -> datetime | None:
    """When the outlook that is kept was made."""
    outlook = books.world.exports.outlook(WAREHOUSE)
    return outlook.at if outlook else None


def test_it_is_looked_once_a_night_in_a_quarter_of_its_own() -> None:
    """Runs by day and the other runs of the night ask nothing more than before."""
    books = gathering(charge(account="1"))
    by_day = [at(books, 9, hour).calls("GET") for hour in (12, 23)]
    times, lists = [], []
    for quarter in range(16):
        at(books, 10, 1 + quarter // 4, quarter % 4 * 15)
        times.append(looked(books))
        lists.append(calls_to_ongoing(books))
    after = at(books, 10, 8)

    assert by_day == [0, 0]
    assert len({one for one in times if one}) == 1
    assert sum(len(one) > 1 for one in lists) == 1
    assert calls_to_ongoing(after) == ["GetInvoicesByQuery"]


def night(books: Books, day: int) -> Books:
    """The run of the quarter of an hour in which this system's look is due."""
    at(books, day, 0)
    due = next(quarter for quarter in range(12) if is_night_look_due(books.integration, quarter_of(day, quarter)))
    return at(books, day, 1 + due // 4, due % 4 * 15)


def quarter_of(day: int, quarter: int) -> datetime:
    """A quarter of an hour of a night in March, after one o'clock in Sweden."""
    return datetime(2026, 3, day, tzinfo=UTC) + quarter * timedelta(minutes=15)


def test_a_month_in_which_nothing_gathers_costs_nothing() -> None:
    """No call, and nothing is stored."""
    books = with_list(Books().sent().run())
    for quarter in range(12):
        at(books, 10, 1 + quarter // 4, quarter % 4 * 15)

        assert books.calls("GET") == 0
        assert calls_to_ongoing(books) == ["GetInvoicesByQuery"]
    assert looked(books) is None


def test_a_night_in_vain_is_no_failure_and_the_next_one_looks_again() -> None:
    """Ongoing shows its list once, and not once more."""
    books = gathering(charge(account="1")).run()
    for nth in (3, 4):  # two runs read it, and the look asks for a smaller page before it gives up
        match = Match(operation="GetInvoicesByQuery", nth=nth)
        books.world.ongoing.add_fault(FaultRule(effect=Effect.HTML, status=503, match=match))
    night(books, 10)
    run = books.integration.last_run
    assert run is not None
    in_vain = (run.problem, run.failed, looked(books))
    night(books, 11)

    assert in_vain == (None, 0, None)
    assert looked(books) is not None


def test_dead_keys_are_found_out_before_the_1st() -> None:
    """The look needs them, so the mail goes out now, and not when everything is due. One refusal is not believed."""
    books = gathering()
    books.world.fortnox.destroy_tokens(TENANT_ID)
    books.world.fortnox.expire_access_tokens(TENANT_ID)
    night(night(books, 10), 11)

    assert books.integration.broken_since is not None


def test_who_was_invoiced_for_this_month_already_does_not_lack_it() -> None:
    """Where invoices are sent as soon as they are seen."""
    books = Books().settings(export_when="as_seen")
    january = {"invoice_date": date(2026, 1, 31), "period_start": date(2026, 1, 1), "period_end": date(2026, 1, 31)}
    books.another(8002, **january).another(GATHERS, **PERIOD).run()
    books.world.later(days=23)

    assert books.record_of(GATHERS) is not None
    assert codes(look(books)) == []


def test_two_goods_owners_of_one_name_and_code_have_a_price_list_each() -> None:
    """They are two in Ongoing."""
    books = gathering()
    warehouse = books.world.ongoing.warehouse(WAREHOUSE)
    twin = replace(books.owner_of(KAFFE), id=99)
    books.world.ongoing.put_warehouse(replace(warehouse, goods_owners=(*warehouse.goods_owners, twin)))
    books.another(8002, goods_owner_id=99, **PERIOD)
    found = look(with_list(books, entry(), entry(302, goods_owner_id=99, account="1")))

    assert found.price_lists == 2
    assert codes(found) == [IssueCode.ACCOUNT_NOT_VALID]
