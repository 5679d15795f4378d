"""A person says who is whom, once, before or after an invoice waits for it."""

from dataclasses import replace

from invoicing.application.agree_customer import Pair, agree_account_without_vat, agree_customer
from invoicing.application.know_register import KnownRegister
from invoicing.application.list_customers import CustomerLine, list_customers
from invoicing.domain.agreement import Agreed
from invoicing.domain.export import ExportState
from invoicing.domain.issue import IssueCode

from local.ongoing.seed import WAREHOUSE
from tests.books.books import Books

ELSEWHERE = "KK Import AB"
PAIR = Pair(
    goods_owner="Kaffe & Kakao AB",
    customer_number="1001",
    customer_name=ELSEWHERE,
    organisation_number="556111-1111",
)


def said(books: Books, pair: Pair = PAIR) -> int:
    """*Yes, that is them*."""
    return agree_customer(books.world.change_tools(), books.integration, pair, by="anna")


def lines(books: Books) -> dict[str, CustomerLine]:
    """The page Customers, by goods owner."""
    world, integration = books.world, books.integration
    assert integration.settings is not None
    tools = world.sync_tools()
    register = KnownRegister(
        integration_id=integration.id,
        settings=integration.settings,
        exports=world.exports,
        fortnox=tools.fortnox_of(integration),
        clock=world.clock,
    )
    found = list_customers(integration, wms=world.wms(), sealer=world.sealer, exports=world.exports, register=register)
    return {line.goods_owner: line for line in found}


def test_an_invoice_that_waits_is_sent_once_a_person_has_said_who_it_is() -> None:
    """By one click, and the next invoice is not asked about."""
    books = Books().card(Name=ELSEWHERE).run()
    held = books.record.issue
    asked = said(books)
    books.run()
    books.another(7001).run()
    second = books.record_of(7001)

    assert held is not None
    assert held.code is IssueCode.CUSTOMER_NOT_AGREED
    assert asked == 1
    assert books.record.state is ExportState.DONE
    assert second is not None
    assert second.state is ExportState.DONE


def test_it_can_be_said_before_anything_waits() -> None:
    """At set-up, so that nothing is held on the 1st."""
    books = Books().card(Name=ELSEWHERE)

    assert said(books) == 0
    assert books.sent().record.state is ExportState.DONE


def test_what_was_said_of_another_customer_counts_for_nothing() -> None:
    """The number was given to somebody else since the page was shown."""
    books = Books().card(Name=ELSEWHERE)
    said(books)
    books.card(Name="Biltvätt i Borås AB", OrganisationNumber="556999-9999").run()

    assert books.record.issue is not None
    assert books.record.issue.params["customer_name"] == "Biltvätt i Borås AB"


def test_whoever_got_invoices_before_names_were_compared_is_not_asked_about() -> None:
    """Records of an older version do not say what the customer was called."""
    books = Books().sent()
    books.world.exports.save(
        replace(books.record, version=books.record.version + 1, customer_name="", history=()), event=None
    )
    books.card(Name=ELSEWHERE)
    books.world.later(days=2)
    books.another(7001).run()
    sent = books.record_of(7001)
    books.card(Name="Biltvätt i Borås AB")
    books.world.later(days=2)
    books.another(7002).run()
    held = books.record_of(7002)

    assert sent is not None
    assert sent.state is ExportState.DONE
    assert held is not None
    assert held.issue is not None
    assert held.issue.code is IssueCode.CUSTOMER_NOT_AGREED


def test_an_account_without_vat_is_asked_about_once() -> None:
    """Some sales bear none, and a person knows which."""
    books = Books().account(3041, VATCode="MF").run()
    held = books.record.issue
    pair = replace(PAIR, customer_name="Kaffe & Kakao AB")
    asked = agree_account_without_vat(books.world.change_tools(), books.integration, pair, 3041, by="anna")
    books.run()
    books.another(7001).run()
    second = books.record_of(7001)

    assert held is not None
    assert held.code is IssueCode.VAT_MISSING
    assert asked == 1
    assert (books.record.state, books.marked) == (ExportState.DONE, True)
    assert second is not None
    assert second.state is ExportState.DONE


def test_the_page_shows_goods_owners_beside_customers_and_who_said_so() -> None:
    """Those that have an invoice, sent or not; what would hold one is said."""
    books = Books().card(Name=ELSEWHERE)
    before = lines(books)[PAIR.goods_owner]
    said(books)
    after = lines(books)[PAIR.goods_owner]
    books.owner(financial_code="4242")
    unknown = lines(books)[PAIR.goods_owner]
    books.owner(financial_code="")
    without = lines(books)[PAIR.goods_owner]

    assert before.customer is not None
    assert (before.customer.name, before.customer.vat_type, before.agreed) == (ELSEWHERE, "SEVAT", Agreed.NOT_YET)
    assert before.issue is not None
    assert before.issue.code is IssueCode.CUSTOMER_NOT_AGREED
    assert (after.agreed, after.agreed_by, after.issue) == (Agreed.BY_PERSON, "anna", None)
    assert unknown.issue is not None
    assert unknown.issue.code is IssueCode.CUSTOMER_UNKNOWN
    assert without.issue is not None
    assert without.issue.code is IssueCode.CUSTOMER_CODE_MISSING


def test_a_page_of_customers_that_are_known_asks_fortnox_nothing() -> None:
    """They are remembered for a day."""
    books = Books().sent()
    books.world.fortnox.clear_calls()
    line = lines(books)[PAIR.goods_owner]

    assert line.agreed is Agreed.BY_NAME
    assert books.calls("GET") == 0


def test_an_ordinary_invoice_costs_one_call() -> None:
    """Customer and articles are known."""
    books = Books().sent()
    books.another(7001).run()

    assert (books.calls("GET"), books.calls("POST")) == (0, 1)
    assert books.world.exports.register(WAREHOUSE).customers["1001"][0].name == "Kaffe & Kakao AB"
