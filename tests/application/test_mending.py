"""Fix-it: what stops invoices is mended in Fortnox by a click, exactly once, and they are sent by themselves."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from invoicing.application.mend_in_fortnox import (
    SECONDS_TO_MEND,
    MendTools,
    NotMendedError,
    Plan,
    mend_in_fortnox,
    plan_remedy,
)
from invoicing.domain.cause import Cause, causes_of
from invoicing.domain.change import ChangeKind
from invoicing.domain.errors import ReconnectRequiredError
from invoicing.domain.export import EventKind
from invoicing.domain.issue import IssueCode
from invoicing.domain.notice import NoticeKind
from invoicing.domain.remedy import PERMISSIONS, Act, CustomerDraft, MendProblem, Remedy, Thing, remedy_of

from local.fortnox.seed import TENANT_ID
from local.http import Reply, Request
from local.ongoing.in_process import InProcessTransport
from local.ongoing.seed import WAREHOUSE
from tests.books.books import CUSTOMER, NUMBER, Books, charge

NEW = "2001"
DRAFT = CustomerDraft(
    number=NEW,
    name="Kaffe & Kakao AB",
    currency="SEK",
    vat_type="SEVAT",
    organisation_number="556111-1111",
    address1="Hamngatan 1",
    zip_code="411 05",
    city="Göteborg",
    email="faktura@kaffekakao.example",
)
REGISTERS = {
    Thing.CUSTOMER: "customers",
    Thing.ARTICLE: "articles",
    Thing.ACCOUNT: "accounts",
    Thing.COST_CENTRE: "costcenters",
    Thing.CURRENCY: "currencies",
}


@dataclass
class Fixing:
    """One invoice that something in Fortnox stops, and who mends it."""

    books: Books
    time_left: float = 29.0
    faults: list[dict[str, Any]] = field(default_factory=list)

    @property
    def cause(self) -> Cause:
        """What stops it now."""
        (cause,) = causes_of([self.books.record])
        return cause

    @property
    def remedy(self) -> Remedy:
        """What the button does."""
        found = remedy_of(self.cause.issue, tuple(PERMISSIONS.values()))
        assert found is not None, self.books.issue
        return found

    @property
    def tools(self) -> MendTools:
        """As a page has them."""
        world = self.books.world
        world.time_left = self.time_left
        return world.parts.mend_tools(self.books.integration)

    def run(self) -> None:
        """The run that the click asked for, which has more time than a page."""
        self.books.world.time_left = 300.0
        self.books.run()

    def plan(self) -> Plan:
        """Opens the page."""
        return plan_remedy(self.tools, self.books.integration, self.cause, self.remedy)

    def press(self, *, by: str = "anna", wanted: Act | None = None, **instead: Any) -> Remedy | None:
        """Presses the button of the page as it is now."""
        cause, remedy = self.cause, self.remedy
        draft = instead.get("customer", DRAFT if remedy.act is Act.CREATE and remedy.thing is Thing.CUSTOMER else None)
        return mend_in_fortnox(
            self.tools,
            self.books.integration,
            cause,
            remedy,
            wanted=wanted or remedy.act,
            by=by,
            customer=draft,
        )

    def fault(self, method: str, **rule: Any) -> None:
        """The next call of this method to the register fails."""
        register = REGISTERS[self.remedy.thing]
        match = {"method": method, "path_regex": f"^/3/{register}", **rule.pop("match", {})}
        self.books.world.fortnox.add_faults([{"match": match, "times": 1, **rule}])

    def writes(self) -> list[tuple[str, str]]:
        """What was written to registers since the last run, and carried out or not."""
        calls = self.books.world.fortnox.calls()
        return [
            (call.method, call.path)
            for call in calls
            if call.method in {"POST", "PUT"} and call.path.startswith(tuple(f"/3/{one}" for one in REGISTERS.values()))
        ]

    def entry(self, register: str, key: str) -> dict[str, Any] | None:
        """What Fortnox has."""
        found = self.books.world.fortnox.state()["companies"][TENANT_ID][register]
        return found.get(key)  # type: ignore[no-any-return]


def unknown_customer() -> Fixing:
    """The customer code says a number that is free in Fortnox."""
    return Fixing(Books().owner(financial_code=NEW).run())


def inactive_customer() -> Fixing:
    """Somebody switched it off."""
    return Fixing(Books().card(Active=False).run())


def inactive_article() -> Fixing:
    """Row with an article that was switched off."""
    return Fixing(Books().wms_invoice(charge(code="199")).run())


def closed_account() -> Fixing:
    """The price list's account is closed."""
    return with_permissions(Books().wms_invoice(charge(account="3999")).run())


def unknown_cost_centre() -> Fixing:
    """A profit centre that Fortnox does not have."""
    books = Books().settings(profit_centre_as_cost_centre="on")
    return with_permissions(books.wms_invoice(charge(profit_centre_code="NORD")).run())


def unknown_currency() -> Fixing:
    """The invoice is in one that was never added."""
    books = Books().settings(currency_rule="from_wms").owner(currency="DKK")
    return with_permissions(books.run())


def with_permissions(books: Books) -> Fixing:
    """The approval covers more than the first one."""
    books.world.approve_more(*PERMISSIONS.values())
    return Fixing(books)


STOPPED: dict[IssueCode, Callable[[], Fixing]] = {
    IssueCode.CUSTOMER_UNKNOWN: unknown_customer,
    IssueCode.CUSTOMER_INACTIVE: inactive_customer,
    IssueCode.ARTICLE_INACTIVE: inactive_article,
    IssueCode.ACCOUNT_UNKNOWN: closed_account,
    IssueCode.COST_CENTRE_UNKNOWN: unknown_cost_centre,
    IssueCode.CURRENCY_UNKNOWN: unknown_currency,
}
every_cause = pytest.mark.parametrize("code", list(STOPPED))


@every_cause
def test_a_click_mends_it_and_the_invoice_is_sent(code: IssueCode) -> None:
    """One write in Fortnox; and the next run sends what waited."""
    fixing = STOPPED[code]()
    assert fixing.cause.issue.code is code
    done = fixing.press()
    written = fixing.writes()
    fixing.run()

    assert done is not None
    assert len(written) == 1
    assert fixing.books.marked, fixing.books.issue


@every_cause
def test_looking_changes_nothing(code: IssueCode) -> None:
    """The page says what would be done, and does not do it."""
    fixing = STOPPED[code]()
    changes = fixing.books.integration.changes
    plan = fixing.plan()

    assert plan.act is fixing.remedy.act
    assert not plan.is_there
    assert fixing.writes() == []
    assert fixing.books.integration.changes == changes
    assert NUMBER not in fixing.books.integration.asked


@every_cause
def test_who_did_what_stands_in_both_histories_and_is_mailed(code: IssueCode) -> None:
    """In the invoice's, in the integration's, and to the address that somebody has confirmed."""
    fixing = STOPPED[code]()
    fixing.books.world.integrations.confirm_address(WAREHOUSE, "a@b.example")
    fixing.press(by="Anna (automation)")
    told = [event for event in fixing.books.record.history if event.kind is EventKind.MENDED]
    changes = [one for one in fixing.books.integration.changes if one.kind is ChangeKind.MENDED]
    mails = [
        one
        for one in fixing.books.world.notices.all
        if one.kind is NoticeKind.CHANGED and one.params["what"] == ChangeKind.MENDED
    ]

    assert [(one.by, one.remedy) for one in told] == [("Anna (automation)", fixing.remedy)]
    assert [(one.by, one.remedy) for one in changes] == [("Anna (automation)", fixing.remedy)]
    assert [one.params["by"] for one in mails] == ["Anna (automation)"]


@every_cause
def test_a_second_click_and_two_people_at_once_write_once(code: IssueCode) -> None:
    """Whoever comes second is told that it is there."""
    fixing = STOPPED[code]()
    first, second = fixing.press(by="anna"), fixing.press(by="bo")

    assert first is not None
    assert second is None
    assert len(fixing.writes()) == 1
    assert NUMBER in fixing.books.integration.asked


@every_cause
@pytest.mark.parametrize("effect", ["after", "truncate", "html"])
def test_a_lost_answer_is_looked_up_and_adopted(code: IssueCode, effect: str) -> None:
    """It was carried out, and nobody heard: what is there afterwards tells, and nothing is written twice."""
    fixing = STOPPED[code]()
    rule = {"effect": effect, "status": 502, "commit": True} if effect == "html" else {"effect": effect}
    fixing.fault("POST" if fixing.remedy.act is Act.CREATE else "PUT", **rule)
    done = fixing.press()
    written = fixing.writes()
    fixing.run()

    assert done is not None
    assert len(written) == 1
    assert fixing.books.marked, fixing.books.issue


@every_cause
@pytest.mark.parametrize("effect", ["before", "truncate"])
def test_a_lost_answer_that_cannot_be_looked_up_is_unclear_and_the_next_click_finds_it(
    code: IssueCode, effect: str
) -> None:
    """It is said that nobody knows; pressing again never writes twice, and tells who asked for it."""
    fixing = STOPPED[code]()
    remedy = fixing.remedy
    fixing.books.world.integrations.confirm_address(WAREHOUSE, "a@b.example")
    fixing.fault("POST" if remedy.act is Act.CREATE else "PUT", effect="after")
    fixing.fault("GET", effect=effect, match={"nth": 2})
    with pytest.raises(NotMendedError) as unclear:
        fixing.press(by="anna")
    after = fixing.press(by="bo")
    told = [(one.by, one.remedy) for one in fixing.books.record.history if one.kind is EventKind.MENDED]
    mails = [one.params["by"] for one in fixing.books.world.notices.all if one.kind is NoticeKind.CHANGED]

    assert unclear.value.problem is MendProblem.UNCLEAR
    assert after == remedy
    assert told == [("anna", remedy)]
    assert mails[-1] == "anna"
    assert len(fixing.writes()) == 1
    assert NUMBER in fixing.books.integration.asked


@every_cause
@pytest.mark.parametrize("method", ["GET", "write"])
def test_a_request_that_never_arrived_changed_nothing(code: IssueCode, method: str) -> None:
    """Said so, with the invoice as it was; the next click mends it."""
    fixing = STOPPED[code]()
    write = "POST" if fixing.remedy.act is Act.CREATE else "PUT"
    fixing.fault(write if method == "write" else "GET", effect="before")
    with pytest.raises(NotMendedError) as failed:
        fixing.press()
    asked = set(fixing.books.integration.asked)

    assert failed.value.problem in {MendProblem.NOT_ANSWERING, MendProblem.UNCLEAR}
    assert asked == set()
    assert fixing.press() is not None


@every_cause
def test_too_many_calls_wait_a_moment_and_then_give_up(code: IssueCode) -> None:
    """One short pause is made by itself; more are the person's."""
    fixing = STOPPED[code]()
    write = "POST" if fixing.remedy.act is Act.CREATE else "PUT"
    fixing.fault(write, effect="status", status=429, times=2)
    with pytest.raises(NotMendedError) as failed:
        fixing.press()
    once = STOPPED[code]()
    once.fault(write, effect="status", status=429)

    assert failed.value.problem is MendProblem.NOT_ANSWERING
    assert once.press() is not None


@every_cause
def test_a_refusal_is_told_in_fortnox_s_words(code: IssueCode) -> None:
    """Nothing is tried again, and nothing counts as done."""
    fixing = STOPPED[code]()
    write = "POST" if fixing.remedy.act is Act.CREATE else "PUT"
    body = {"ErrorInformation": {"error": 1, "message": "Det går inte just nu.", "code": 2009999}}
    fixing.fault(write, effect="status", status=400, body=body)
    with pytest.raises(NotMendedError) as refused:
        fixing.press()

    changes = [one.kind for one in fixing.books.integration.changes if one.remedy is not None]

    assert (refused.value.problem, refused.value.message) == (MendProblem.REFUSED, "Det går inte just nu.")
    assert changes == [ChangeKind.MENDED, ChangeKind.NOT_MENDED]
    assert NUMBER not in fixing.books.integration.asked
    assert [one.kind for one in fixing.books.record.history if one.kind is EventKind.MENDED] == []


@every_cause
def test_without_time_nothing_is_begun(code: IssueCode) -> None:
    """A write that would be cut off in the middle is not sent."""
    fixing = STOPPED[code]()
    fixing.time_left = SECONDS_TO_MEND - 1
    with pytest.raises(NotMendedError) as late:
        fixing.press()

    assert late.value.problem is MendProblem.NOT_ANSWERING
    assert fixing.writes() == []


def test_dead_keys_say_so() -> None:
    """Refused keys are asked again before that is believed; keys that are gone need a new approval at once."""
    fixing = unknown_customer()
    fixing.books.world.fortnox.destroy_tokens(TENANT_ID)
    fixing.books.world.fortnox.expire_access_tokens(TENANT_ID)
    with pytest.raises(NotMendedError) as failed:
        fixing.press()
    fixing.books.world.tokens.forget(WAREHOUSE)
    with pytest.raises(ReconnectRequiredError):
        fixing.press()

    assert failed.value.problem is MendProblem.NOT_ANSWERING
    assert fixing.writes() == []


@every_cause
def test_what_was_removed_meanwhile_is_shown_anew(code: IssueCode) -> None:
    """The person saw something else than there is: asked again, and nothing is done."""
    fixing = STOPPED[code]()
    other = Act.SWITCH_ON if fixing.remedy.act is Act.CREATE else Act.CREATE
    with pytest.raises(NotMendedError) as otherwise:
        fixing.press(wanted=other, customer=None)

    assert otherwise.value.problem is MendProblem.OTHERWISE
    assert otherwise.value.plan is not None
    assert otherwise.value.plan.act is fixing.remedy.act
    assert fixing.writes() == []


# ---- the customer


def test_the_customer_is_what_the_page_showed() -> None:
    """Every field, under the goods owner's own customer code."""
    fixing = unknown_customer()
    plan = fixing.plan()
    fixing.press()
    made = fixing.entry("customers", NEW)

    assert plan.customer == CustomerDraft(number=NEW, name="Kaffe & Kakao AB", currency="SEK")
    assert made is not None
    assert {name: made[name] for name in ("Name", "Currency", "VATType", "OrganisationNumber", "Active", "Type")} == {
        "Name": "Kaffe & Kakao AB",
        "Currency": "SEK",
        "VATType": "SEVAT",
        "OrganisationNumber": "556111-1111",
        "Active": True,
        "Type": "COMPANY",
    }
    assert (made["Address1"], made["ZipCode"], made["City"]) == ("Hamngatan 1", "411 05", "Göteborg")
    assert made["EmailInvoice"] == "faktura@kaffekakao.example"


def test_who_creates_a_customer_under_another_name_has_said_that_it_is_the_goods_owner() -> None:
    """So it is not asked once more."""
    fixing = unknown_customer()
    legal = CustomerDraft(number=NEW, name="KK Handel i Göteborg AB", currency="SEK", vat_type="SEVAT")
    fixing.press(customer=legal)
    fixing.run()
    (agreed,) = fixing.books.world.exports.agreements(WAREHOUSE)

    assert (agreed.customer_number, agreed.customer_name, agreed.by) == (NEW, legal.name, "anna")
    assert fixing.books.marked, fixing.books.issue


def test_a_number_that_somebody_else_took_in_the_same_moment_is_theirs() -> None:
    """It is refused, looked up and not taken for ours: whose it is, is asked as ever."""
    fixing = unknown_customer()
    world = fixing.books.world

    def somebody_is_faster(request: Request) -> Reply:
        if request.method == "POST" and request.path == "/3/customers":
            world.fortnox.person_creates_customer(TENANT_ID, {"CustomerNumber": NEW, "Name": "Någon annan AB"})
        return world.fortnox.handle(request)

    world.to_fortnox = InProcessTransport(somebody_is_faster)
    done = fixing.press()
    fixing.run()
    made = fixing.entry("customers", NEW)

    assert done is None
    assert made is not None
    assert made["Name"] == "Någon annan AB"
    assert fixing.cause.issue.code is IssueCode.CUSTOMER_NOT_AGREED
    assert fixing.books.world.exports.agreements(WAREHOUSE) == []


def test_one_click_is_for_all_invoices_of_the_cause() -> None:
    """All are asked for, and sent by the one run that follows."""
    books = Books().owner(financial_code=NEW).another(NUMBER + 500).another(NUMBER + 501).run()
    fixing = Fixing(books)
    records = [found for number in (NUMBER, NUMBER + 500, NUMBER + 501) if (found := books.record_of(number))]
    (cause,) = causes_of(records)
    mend_in_fortnox(fixing.tools, books.integration, cause, fixing.remedy, wanted=Act.CREATE, by="anna", customer=DRAFT)
    asked = set(books.integration.asked)
    fixing.run()

    assert asked == {one.invoice_id for one in records}
    assert {document["CustomerNumber"] for document in books.documents.values()} == {NEW}
    assert len(books.documents) == 3


def test_a_card_that_is_there_is_never_written_over() -> None:
    """The customer appeared while the form was open: its card stays as somebody made it."""
    fixing = unknown_customer()
    cause, remedy = fixing.cause, fixing.remedy
    fixing.books.world.fortnox.person_creates_customer(TENANT_ID, {"CustomerNumber": NEW, "Name": "Kaffe & Kakao"})
    done = mend_in_fortnox(
        fixing.tools, fixing.books.integration, cause, remedy, wanted=Act.CREATE, by="anna", customer=DRAFT
    )

    assert done is None
    assert fixing.writes() == []
    assert NUMBER in fixing.books.integration.asked


def test_what_is_not_ours_to_make_is_said_and_not_made() -> None:
    """A missing account: its name and its VAT are the bookkeeper's."""
    fixing = with_permissions(Books().wms_invoice(charge(account="3997")).run())
    plan = fixing.plan()
    with pytest.raises(NotMendedError) as otherwise:
        fixing.press()

    assert (plan.act, plan.there) == (None, None)
    assert otherwise.value.problem is MendProblem.OTHERWISE
    assert fixing.writes() == []


def test_an_account_is_opened_in_the_year_of_the_invoice_alone() -> None:
    """Each year has a chart of its own."""
    fixing = closed_account()
    fixing.press()
    company = fixing.books.world.fortnox.state()["companies"][TENANT_ID]["accounts"]
    year = str(fixing.books.record.invoice_date)[:4]
    opened = {number for number, chart in company.items() if chart["3999"]["Active"]}

    assert len(opened) == 1
    assert {str(2019 + int(number)) for number in opened} == {year}


def test_another_fault_of_the_card_is_left_as_it_is() -> None:
    """Making a customer active changes nothing else about it."""
    fixing = inactive_customer()
    before = fixing.entry("customers", CUSTOMER)
    fixing.press()
    after = fixing.entry("customers", CUSTOMER)

    assert before is not None
    assert after == {**before, "Active": True}


@pytest.mark.parametrize("at", ["notice", "queue", "history"])
def test_a_page_that_is_killed_after_the_write_leaves_nothing_open(at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asked for it stands in the history already, and the next click goes on where it was cut off."""
    fixing = unknown_customer()
    world = fixing.books.world

    def killed(*_: object, **__: object) -> None:
        raise SystemExit

    where = {"notice": (world.notices, "put_once"), "queue": (world.queue, "send"), "history": (world.exports, "save")}
    world.integrations.confirm_address(WAREHOUSE, "a@b.example")
    with monkeypatch.context() as cut:
        cut.setattr(*where[at], killed)
        with pytest.raises(SystemExit):
            fixing.press()
    after = fixing.press(by="bo")
    fixing.run()
    told = [one.by for one in fixing.books.record.history if one.kind is EventKind.MENDED]

    assert after is not None
    assert told == ["anna"]
    assert len([one for one in fixing.books.integration.changes if one.kind is ChangeKind.MENDED]) == 1
    assert fixing.entry("customers", NEW) is not None
    assert fixing.books.marked, fixing.books.issue


def test_two_people_who_change_the_integration_at_the_same_moment_both_stand_in_its_history() -> None:
    """A write that somebody else's came before is made once more."""
    fixing = unknown_customer()
    old = fixing.books.integration
    fixing.books.world.integrations.confirm_address(WAREHOUSE, "a@b.example")
    mend_in_fortnox(fixing.tools, old, fixing.cause, fixing.remedy, wanted=Act.CREATE, by="anna", customer=DRAFT)

    assert [one.by for one in fixing.books.integration.changes if one.kind is ChangeKind.MENDED] == ["anna"]
    assert fixing.books.integration.address_confirmed


@every_cause
def test_two_people_in_the_same_moment_make_one(code: IssueCode) -> None:
    """Both saw that it lacks, and both write: Fortnox has it once, both are told so, and the invoice is sent once."""
    fixing = STOPPED[code]()
    world, others = fixing.books.world, list[Remedy | None]()

    def between(request: Request) -> Reply:
        if request.method in {"POST", "PUT"} and request.path.startswith("/3/"):
            world.to_fortnox = InProcessTransport(world.fortnox.handle)
            others.append(fixing.press(by="bo"))
        return world.fortnox.handle(request)

    world.to_fortnox = InProcessTransport(between)
    first = fixing.press(by="anna")
    fixing.run()
    told = [event.by for event in fixing.books.record.history if event.kind is EventKind.MENDED]

    assert first is not None
    assert others == [first]
    assert told == ["bo", "anna"]
    assert fixing.books.marked, fixing.books.issue
    assert len(fixing.books.documents) == 1


def test_what_was_refused_and_then_made_by_hand_counts_as_nobody_s_click() -> None:
    """The history does not say that the service did what a person did in Fortnox."""
    fixing = unknown_customer()
    body = {"ErrorInformation": {"error": 1, "message": "Det går inte just nu.", "code": 2009999}}
    fixing.fault("POST", effect="status", status=400, body=body)
    with pytest.raises(NotMendedError):
        fixing.press()
    fixing.books.world.fortnox.person_creates_customer(TENANT_ID, {"CustomerNumber": NEW, "Name": "Kaffe & Kakao"})
    done = fixing.press()
    fixing.run()

    assert done is None
    assert [one for one in fixing.books.record.history if one.kind is EventKind.MENDED] == []
    assert fixing.books.marked, fixing.books.issue
