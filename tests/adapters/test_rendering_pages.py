"""Every page that the product can show, in both languages: what holds for all, and what each must say."""

import re
import subprocess
import sys
from copy import replace
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from invoicing.domain.agreement import Agreed
from invoicing.domain.decision import _WAYS, Way
from invoicing.domain.export import EventKind
from invoicing.domain.integration_settings import (
    AccountsAbroad,
    AccountSource,
    CurrencyRule,
    DueDateFrom,
    ExportWhen,
    FortnoxFees,
    IntegrationSettings,
    InvoiceText,
    Language,
    MonthMail,
    PriceMeaning,
    RowGrouping,
    RowText,
    SendAfter,
    SendInvoices,
    TotalGuard,
    ZeroTotal,
)
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.month import Apart, MonthLine, MonthSums, Stage
from invoicing.domain.standing import Situation, Standing
from invoicing.domain.tokens import Mode
from invoicing.domain.verdict import Intention
from invoicing.domain.work import Work
from invoicing.pages.settings_form import form_of, read_settings, sections
from invoicing.rendering import issue_texts
from invoicing.rendering.assets import find_asset
from invoicing.rendering.month_plot import Bar, plot_of
from invoicing.rendering.pages import Pages
from invoicing.rendering.views import (
    CAUSES_PER_PAGE,
    CUSTOMERS_PER_PAGE,
    DIFFERING_SHOWN,
    HISTORY_SHOWN,
    INVOICES_BELOW_CAUSE,
    INVOICES_PER_PAGE,
    MONTH_OWNERS_PER_PAGE,
    MONTHS_CHOSEN_FROM,
    MONTHS_PLOTTED,
    PAIRS_SHOWN,
    ROWS_PER_PAGE,
    CauseView,
    ConsentOutcome,
    ConsentView,
    CustomerRow,
    CustomersView,
    DecisionView,
    DecisionWrong,
    FieldProblem,
    HeldLine,
    HistoryEntry,
    InvoiceLine,
    InvoiceState,
    InvoicesView,
    InvoiceView,
    IssueLine,
    IssuesView,
    LandingView,
    Message,
    MonthCurrency,
    MonthOwner,
    MonthView,
    Pager,
    PairLine,
    PasswordView,
    PreviewView,
    ReactivationView,
    RehearsalView,
    RehearsedInvoice,
    RowLine,
    SessionView,
    SettingsView,
    StatusView,
)

from local.tour import MAILS, PAGES, toured

BASE = "/stage"
SITE = f"https://invoicing.example{BASE}"
ELSEWHERE = ("https://docs.ongoingwarehouse.com/", "https://nordlager.ongoingsystems.se/", f"{SITE}/", "mailto:")
PAGE_LIMIT = 60_000  # bytes, with everything that the page loads
ASSETS = sum(
    len(asset.content) for name in ("style.css", "progress.js", "icon.svg") if (asset := find_asset(name)) is not None
)
SESSION = SessionView(integration_id="int-1", system="demo", csrf="secret-csrf")
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def _settings(**fields: Any) -> SettingsView:
    """The form with all its settings."""
    return SettingsView(session=SESSION, sections=sections(), password=PasswordView(username="anna"), **fields)


@dataclass
class Element:
    """One start tag."""

    tag: str
    attributes: dict[str, str]
    within: tuple["Element", ...]


@dataclass
class Parsed(HTMLParser):
    """The start tags of a page, each with those around it."""

    source: str
    elements: list[Element] = field(default_factory=list)

    VOID = frozenset({"meta", "link", "input", "br", "img", "rect", "path"})

    def __post_init__(self) -> None:
        super().__init__()
        self.around: list[Element] = []
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Opens."""
        element = Element(tag, {name: value or "" for name, value in attrs}, tuple(self.around))
        self.elements.append(element)
        if tag not in self.VOID:
            self.around.append(element)

    def handle_endtag(self, tag: str) -> None:
        """Closes what was opened last."""
        if tag in self.VOID:
            return
        assert self.around.pop().tag == tag, f"</{tag}> closes something else"

    def all(self, tag: str) -> list[Element]:
        """Every element of one kind."""
        return [element for element in self.elements if element.tag == tag]

    def form(self, action: str) -> dict[str, str]:
        """What a browser would send of the form with that action."""
        sent: dict[str, str] = {}
        for element in self.all("input"):
            if not any(one.tag == "form" and one.attributes["action"] == action for one in element.within):
                continue
            kind = element.attributes.get("type", "text")
            if kind in {"radio", "checkbox"} and "checked" not in element.attributes:
                continue
            otherwise = "on" if kind in {"radio", "checkbox"} else ""
            sent[element.attributes["name"]] = element.attributes.get("value", otherwise)
        return sent


SAMPLES = [(name, language) for name in PAGES for language in Language]


@pytest.fixture(scope="module")
def rendered() -> dict[tuple[str, Language], str]:
    """All pages, once."""
    return toured(SITE).pages


def test_the_walk_comes_to_every_page_and_every_mail(rendered: "Rendered") -> None:
    """Also to each message and each end of a consent: what cannot be reached, nobody keeps right."""
    ends = {f"consent-{one.replace('_', '-')}" for one in ConsentOutcome}
    messages = {f"message-{one.replace('_', '-')}" for one in Message}

    assert set(rendered) == set(SAMPLES)
    assert set(toured(SITE).mails) == {(name, language) for name in MAILS for language in Language}
    assert ends | messages == {name for name in PAGES if name.startswith(("consent-", "message-"))}


type Rendered = dict[tuple[str, Language], str]
every_page = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: f"{sample[0]}-{sample[1]}")


@every_page
def test_a_page_is_whole_and_says_its_language(sample: tuple[str, Language], rendered: Rendered) -> None:
    """Every tag is closed, there is one heading of the first rank, and one main part."""
    page = Parsed(rendered[sample])

    assert page.around == []
    assert page.all("html")[0].attributes["lang"] == sample[1]
    assert len(page.all("h1")) == 1
    assert len(page.all("main")) == 1


@every_page
def test_a_page_has_nothing_that_a_strict_content_policy_forbids(
    sample: tuple[str, Language], rendered: Rendered
) -> None:
    """No script or style within the page, no style attributes, no event handlers."""
    page = Parsed(rendered[sample])
    names = {name for element in page.elements for name in element.attributes}

    assert page.all("style") == []
    assert all("src" in script.attributes for script in page.all("script"))
    assert "style" not in names
    assert not [name for name in names if name.startswith("on")]


@every_page
def test_a_page_loads_and_links_only_below_the_base_path(sample: tuple[str, Language], rendered: Rendered) -> None:
    """Everything it loads is ours; the few links that lead elsewhere are known."""
    page = Parsed(rendered[sample])
    loaded = [
        one.attributes.get("src") or one.attributes.get("href", "")
        for one in page.elements
        if one.tag in {"link", "script", "img"}
    ]
    links = [one.attributes["href"] for one in page.all("a")]
    actions = [one.attributes["action"] for one in page.all("form")]

    assert all(address.startswith(f"{BASE}/assets/") for address in loaded)
    assert all(link.startswith((f"{BASE}/", "?", "#", *ELSEWHERE)) for link in links)
    assert all(action.startswith(f"{BASE}/") for action in actions)


@every_page
def test_a_form_that_changes_something_posts_the_csrf_value(sample: tuple[str, Language], rendered: Rendered) -> None:
    """Searching changes nothing. Without a session there is no guard to post, and none is pretended."""
    page = Parsed(rendered[sample])
    tokens = [one for one in page.all("input") if one.attributes.get("name") == "csrf"]
    protected = {id(outer) for token in tokens for outer in token.within if outer.tag == "form"}
    values = {token.attributes["value"] for token in tokens}

    assert len(values) <= 1
    assert "" not in values
    for form in page.all("form"):
        searches = form.attributes["method"] == "get" and form.attributes["role"] == "search"
        without = rf"{BASE}/(login|oauth/approval|(verify|approve|take-back)/[^/]+)"
        needs_no_session = re.fullmatch(without, form.attributes["action"] or "") is not None
        assert form.attributes["method"] == "post" or searches
        assert (id(form) in protected) != (searches or needs_no_session)


@every_page
def test_labels_descriptions_and_anchors_lead_somewhere(sample: tuple[str, Language], rendered: Rendered) -> None:
    """Ids are unique, and each field has a label."""
    page = Parsed(rendered[sample])
    ids = [one.attributes["id"] for one in page.elements if "id" in one.attributes]
    described = " ".join(one.attributes.get("aria-describedby", "") for one in page.elements).split()
    labels = {one.attributes["for"] for one in page.all("label")}
    anchors = {one.attributes["href"][1:] for one in page.all("a") if one.attributes["href"].startswith("#")}
    fields = {
        one.attributes["id"] for one in page.all("input") + page.all("select") if one.attributes.get("type") != "hidden"
    }

    assert len(ids) == len(set(ids))
    assert set(described) | labels | anchors <= set(ids)
    assert fields <= labels


@every_page
def test_a_page_with_all_it_loads_stays_under_60_kb(sample: tuple[str, Language], rendered: Rendered) -> None:
    """As full as a busy month makes it."""
    assert len(rendered[sample].encode()) + ASSETS < PAGE_LIMIT


LONG_NAME = "Östersunds Möbel- & Inredningsvaruhus Förvaltnings Aktiebolag (publ)"
MONEY = Decimal("-1234567890.12")
WORST_LINE = InvoiceLine(
    invoice_id=10**9,
    number="2026-000012",
    goods_owner=LONG_NAME,
    invoice_date=date(2026, 2, 28),
    amount=MONEY,
    currency="SEK",
    state=InvoiceState.CHECKING,
    fortnox_number="1234567890",
    fortnox_net=MONEY,
    title="Lager och hantering, oktober och november 2026",
)
WORST_ROW = RowLine(
    article_number="LAGERHYRA-PALL-DYGN",
    text="Lagerhyra per pall och dygn, å & ä; <avtal> " * 5,  # Fortnox takes 200 characters
    quantity=Decimal("123456.75"),
    price=MONEY,
    amount=MONEY,
    account="3041",
    cost_centre="LAGER2",
)


def worst_issues() -> list[IssueLine]:
    """Every issue, with long words for whatever it tells."""
    words = set(re.findall(r"%\((\w+)\)s", Path(issue_texts.__file__).read_text()))
    params = {word: str(MONEY) if "amount" in word or "sum" in word else LONG_NAME for word in words}
    params |= {"message": "Kunde inte hitta momskod för artikel «&<» på rad 12. " * 5}
    at = datetime(2026, 3, 5, tzinfo=UTC)
    return [
        IssueLine(
            issue=Issue(code=code, params=params), since=at, invoice_id=1, invoice_number="1", goods_owner=LONG_NAME
        )
        for code in IssueCode
    ]


def worst_month(session: SessionView) -> MonthView:
    """Everything that a month can say, in three currencies."""
    money: dict[str, Any] = {one.name: MONEY for one in fields(MonthSums) if one.type is Decimal}
    reasons, counts = dict.fromkeys(Apart, MONEY), dict.fromkeys(Apart, 10**5)
    sums = MonthSums(**money, invoices=10**6, followed=10**6, apart=reasons, apart_count=counts)
    line = MonthLine(
        invoice_id=10**9,
        month="2026-02",
        day=date(2026, 2, 28),
        number="1234567890",
        goods_owner=LONG_NAME,
        customer_number="1" * 20,
        currency="SEK",
        amount=MONEY,
        stage=Stage.PAID,
        net=MONEY,
        apart=Apart.BY_A_PERSON,
    )
    bars = [Bar(month=f"2026-{month:02d}", there=MONEY, to_come=MONEY) for month in range(1, 13)]
    owner = MonthOwner(goods_owner=LONG_NAME, customer_number="1" * 20, sums=sums)
    shares = (MONTH_OWNERS_PER_PAGE - 2, 1, 1)
    return MonthView(
        session=session,
        month="2026-02",
        months=tuple(f"{2025 + one // 12}-{one % 12 + 1:02d}" for one in range(MONTHS_CHOSEN_FROM)),
        before="2026-01",
        after="2026-03",
        is_over=True,
        undated=10**5,
        currencies=tuple(
            MonthCurrency(
                currency=currency,
                sums=sums,
                owner_count=10**4,
                owners=(owner,) * share,
                differing=(line,) * (DIFFERING_SHOWN // 3),
            )
            for currency, share in zip(("SEK", "EUR", "NOK"), shares, strict=True)
        ),
        plots=tuple(plot_of(currency, bars) for currency in ("SEK", "EUR", "NOK")[:MONTHS_PLOTTED]),
        pager=Pager(page=2, pages=400),
        printable=True,
        ongoing_answers=False,
        is_whole=False,
        counted_at=datetime(2026, 3, 5, tzinfo=UTC),
        followed=True,
    )


def own_sheet() -> str:
    """What only that page loads."""
    sheet = find_asset("month.css")
    assert sheet is not None
    return sheet.content.decode()


@pytest.mark.parametrize("language", Language)
def test_a_full_page_of_long_names_stays_under_60_kb(language: Language) -> None:
    """As many lines as a page shows, each as long as Ongoing and Fortnox let it be."""
    session = SessionView(integration_id="a" * 50, system="a" * 50, csrf="c" * 43, open_issues=999)
    pages, issues = Pages("/production", support_address="support@example.com"), worst_issues()
    at, entry = datetime(2026, 3, 5, tzinfo=UTC), EventKind.ADOPTED
    happened = HistoryEntry(at=at, event=entry, by="x" * 50, fortnox_number="1234567890", net=MONEY)
    preview = PreviewView(
        session=session,
        invoice_id=10**9,
        intention=Intention.UPDATE,
        customer_number="1" * 20,
        customer_name=LONG_NAME,
        invoice_date=date(2026, 2, 28),
        currency="SEK",
        document_number="1234567890",
        your_reference=LONG_NAME,
        your_order_number="x" * 30,
        external_reference="x" * 80,
        remarks="å" * 1024,
        rows=(WORST_ROW,) * ROWS_PER_PAGE,
        row_count=500,
        net=MONEY,
        wms_amount=MONEY,
        pager=Pager(page=2, pages=9),
    )
    invoices = InvoicesView(
        session=session,
        invoices=(WORST_LINE,) * INVOICES_PER_PAGE,
        found=9999,
        search="å" * 100,
        months=("2026-10",) * 60,
        query="search=" + "%C3%A5" * 100,
        pager=Pager(page=2, pages=3),
    )
    invoice = InvoiceView(session=session, line=WORST_LINE, history=(happened,) * HISTORY_SHOWN, older_history=True)
    rendered = [pages.preview(preview, language), pages.invoices(invoices, language), pages.invoice(invoice, language)]
    for issue in issues:
        below = HeldLine(
            invoice_id=10**9,
            number="1234567890",
            goods_owner=LONG_NAME,
            invoice_date=date(2026, 2, 28),
            amount=MONEY,
            currency="SEK",
            ways=max(_WAYS.values(), key=len),
        )
        work = Work(count=99, sums={"EUR": MONEY, "SEK": MONEY})
        told = CauseView(id="c" * 12, issue=issue.issue, since=at, work=work, lines=(below,) * INVOICES_BELOW_CAUSE)
        customer = CustomerRow(
            goods_owner=LONG_NAME,
            number="1" * 20,
            name=LONG_NAME,
            organisation_number="556677-8899",
            vat_type="SEREVERSEDVAT",
            currency="SEK",
            active=False,
            agreed=Agreed.NOT_YET,
            agreed_by="",
            issue=issue.issue,
            without_vat=("3041", "3042"),
        )
        listed = CustomersView(session=session, customers=(customer,) * CUSTOMERS_PER_PAGE, waiting=99)
        rendered.append(pages.customers(listed, language))
        held = RehearsedInvoice(line=WORST_LINE, intention=Intention.HOLD, issue=issue.issue, net=MONEY)
        rehearsal = RehearsalView(session=session, at=at, invoices=(held,) * INVOICES_PER_PAGE)
        alone = replace(told, lines=(below,), work=replace(work, count=1))
        stands = Standing(situation=Situation.HELD)
        for cause in (alone, told):
            listed_causes = IssuesView(
                session=session, standing=stands, problem=issue, causes=(cause,) * CAUSES_PER_PAGE
            )
            rendered.append(pages.issues(listed_causes, language))
        rendered.append(pages.rehearsal(rehearsal, language))
    pair = PairLine(fortnox=WORST_ROW, ongoing=WORST_ROW, differs=True)
    decision = DecisionView(
        session=session,
        line=WORST_LINE,
        seen="0" * 32,
        issue=None,
        way=Way.CORRECT,
        needs_number=True,
        needs_note=True,
        number="1" * 20,
        note="å" * 500,
        wrong=DecisionWrong.NOTE_MISSING,
        compared=True,
        pairs=(pair,) * PAIRS_SHOWN,
        pair_count=500,
        fortnox_net=MONEY,
        ongoing_net=MONEY,
    )
    rendered.append(pages.decision(decision, language))
    rendered.append(pages.month(worst_month(session), language) + own_sheet())

    assert max(len(page.encode()) for page in rendered) + ASSETS < PAGE_LIMIT


@pytest.mark.parametrize("name", PAGES)
def test_the_languages_can_be_switched_and_differ(name: str, rendered: Rendered) -> None:
    """Both links are on every page."""
    swedish, english = rendered[name, Language.SWEDISH], rendered[name, Language.ENGLISH]

    assert swedish != english
    for page in (swedish, english):
        assert re.search(r'href="[^"]*[?;]lang=sv"', page)
        assert re.search(r'href="[^"]*[?;]lang=en"', page)


def test_the_style_sheet_loads_nothing() -> None:
    """No fonts or pictures from elsewhere."""
    sheet = find_asset("style.css")

    assert sheet is not None
    assert b"url(" not in sheet.content
    assert b"@import" not in sheet.content


@pytest.mark.parametrize("name", ["", "style.css/", "../pages.py", "..%2fpages.py", "STYLE.CSS"])
def test_only_known_assets_are_given_out(name: str) -> None:
    """A name is looked up in a list, never in the file system."""
    assert find_asset(name) is None


@pytest.mark.parametrize("language", Language)
def test_what_was_typed_is_escaped(language: Language) -> None:
    """Field values, names of companies, codes and search words are text, never markup."""
    pages = Pages(BASE)
    reactivation = ReactivationView(token=HOSTILE, company=HOSTILE, waiting=1)
    html = [
        pages.landing(LandingView(system=HOSTILE, username=HOSTILE, carried={HOSTILE: HOSTILE}), language),
        pages.landing(LandingView(reactivation=reactivation), language),
        pages.consent(
            ConsentView(
                outcome=ConsentOutcome.WRONG_COMPANY,
                error_code=HOSTILE,
                expected_company=HOSTILE,
                approved_company=f"100 % {HOSTILE} %(x)s",
                administrator_link=HOSTILE,
            ),
            language,
        ),
        pages.settings(
            SettingsView(
                session=SESSION,
                sections=sections(),
                form={"problem_address": HOSTILE, "rows": HOSTILE},
                is_new=True,
                password=PasswordView(username=HOSTILE),
            ),
            language,
        ),
        pages.invoices(
            InvoicesView(session=SESSION, invoices=(), search=HOSTILE, query=HOSTILE, cause=HOSTILE), language
        ),
    ]

    for page in html:
        assert "<script>alert" not in page
        assert "<img" not in page


def test_a_name_with_percent_signs_is_shown_as_it_is() -> None:
    """Texts are filled by name; what is filled in is not filled again."""
    view = ConsentView(
        outcome=ConsentOutcome.WRONG_COMPANY, expected_company="Hundra % AB", approved_company="%(csrf)s AB"
    )
    html = Pages().consent(view, Language.SWEDISH)

    assert "Hundra % AB" in html
    assert "%(csrf)s AB" in html


@pytest.mark.parametrize(
    "settings",
    [
        IntegrationSettings(from_date=date(2026, 3, 5), problem_address="a@example.com"),
        IntegrationSettings(
            from_date=date(2025, 12, 31),
            problem_address="o'neil+faktura@example.com",
            export_when=ExportWhen.WHEN_ASKED,
            rows=RowGrouping.PER_CHARGE,
            row_text=RowText.TITLE_AND_ORDER,
            account_source=AccountSource.ARTICLE,
            default_unit="m³",
            price_meaning=PriceMeaning.PER_ROW,
            profit_centre_as_cost_centre=True,
            invoice_text=InvoiceText.NONE,
            currency_rule=CurrencyRule.FROM_FORTNOX,
            accounts_abroad=AccountsAbroad.HOLD,
            fees=FortnoxFees.NONE,
            due_date_from=DueDateFrom.SENDING,
            zero_total=ZeroTotal.LEAVE,
            language=Language.ENGLISH,
        ),
    ],
)
def test_the_settings_form_sends_back_what_it_was_filled_with(settings: IntegrationSettings) -> None:
    """Opening the page and pressing Save changes nothing."""
    view = _settings(form=form_of(settings), is_new=False, version="7")
    sent = Parsed(Pages().settings(view, Language.SWEDISH)).form("/integrations/int-1/settings")

    assert read_settings(sent) == settings
    assert sent["version"] == "7"
    assert sent["csrf"] == "secret-csrf"


@pytest.mark.parametrize("language", Language)
def test_every_setting_can_be_chosen_in_the_form(language: Language) -> None:
    """A value that the domain knows and the page lacks could never be set."""
    form = form_of(IntegrationSettings(from_date=date(2026, 3, 5)))
    page = Parsed(Pages().settings(_settings(form=form, is_new=True), language))
    offered = {
        (one.attributes["name"], one.attributes["value"])
        for one in page.all("input")
        if one.attributes.get("type") == "radio"
    }
    choices = {
        "export_when": ExportWhen,
        "rows": RowGrouping,
        "row_text": RowText,
        "account_source": AccountSource,
        "price_meaning": PriceMeaning,
        "invoice_text": InvoiceText,
        "currency_rule": CurrencyRule,
        "accounts_abroad": AccountsAbroad,
        "fees": FortnoxFees,
        "due_date_from": DueDateFrom,
        "zero_total": ZeroTotal,
        "month_mail": MonthMail,
        "guard_total": TotalGuard,
        "send_invoices": SendInvoices,
        "send_after": SendAfter,
        "language": Language,
    }

    assert offered == {(name, value.value) for name, kind in choices.items() for value in kind}
    assert set(form) <= {one.attributes.get("name") for tag in ("input", "textarea") for one in page.all(tag)}


@pytest.mark.parametrize("name", form_of(IntegrationSettings(from_date=date(2026, 3, 5))))
def test_a_refused_field_is_linked_at_the_top_and_explained_beside_it(name: str) -> None:
    """Whoever cannot see the red edge hears the same."""
    view = SettingsView(
        session=SESSION,
        sections=sections(),
        form={},
        is_new=True,
        password=PasswordView(username="anna"),
        problems={name: FieldProblem.MISSING},
    )
    page = Parsed(Pages().settings(view, Language.ENGLISH))
    ids = {one.attributes.get("id") for one in page.elements}

    assert f'<a href="#{name}">' in page.source
    assert name in ids
    assert name == "profit_centre_as_cost_centre" or f"{name}-problem" in ids


def test_a_fields_text_and_its_problem_belong_together() -> None:
    """A choice is asked for as a choice, a text as a text."""
    problems = {"rows": FieldProblem.MISSING, "default_unit": FieldProblem.MISSING}
    html = Pages().settings(_settings(form={}, is_new=True, problems=problems), Language.ENGLISH)

    assert "Rows: Choose one of the alternatives." in html
    assert "Unit of new articles: Fill in this field." in html


@pytest.mark.parametrize(
    ("name", "swedish", "english"),
    [
        ("setup", "Byt till Fortnox faktureringsmodul", "Switch to Fortnox invoicing module"),
        ("settings-create", ">Skapa</button>", ">Create</button>"),
        ("settings-edit", ">Spara</button>", ">Save</button>"),
        ("status", ">Skicka nu</button>", ">Sync now</button>"),
        ("status-broken", "gäller inte längre", "approval has ended"),
        ("invoice", ">Exportera igen</button>", ">Export again</button>"),
        ("landing", "API för automation", "API for automation"),
        ("landing", "Sparas krypterat", "Stored encrypted"),
    ],
)
def test_pages_have_the_words_that_people_are_told_to_look_for(
    name: str, swedish: str, english: str, rendered: Rendered
) -> None:
    """Manuals and mails name these buttons."""
    assert swedish in rendered[name, Language.SWEDISH]
    assert english in rendered[name, Language.ENGLISH]


def test_a_reactivation_names_the_company_and_says_what_waits() -> None:
    """And carries its token along, with system and user filled in."""
    reactivation = ReactivationView(token="signed.token", company="Nordhamn Lager AB", waiting=7)
    view = LandingView(system="nordhamn", username="fortnox", reactivation=reactivation)
    html = Pages(BASE).landing(view, Language.ENGLISH)
    sent = Parsed(html).form(f"{BASE}/login")

    assert "Connect Nordhamn Lager AB again" in html
    assert "7 invoices wait" in html
    assert sent == {
        "reactivation": "signed.token",
        "system": "nordhamn",
        "username": "fortnox",
        "password": "",
    }
    assert f'href="{BASE}/reactivate/signed.token?lang=sv"' in html


def test_the_password_is_never_shown_again() -> None:
    """The sign-in form has no value for it, whatever happened."""
    html = Pages().landing(LandingView(system="demo", username="anna"), Language.ENGLISH)
    password = next(one for one in Parsed(html).all("input") if one.attributes["name"] == "password")

    assert "value" not in password.attributes


def test_a_healthy_page_has_no_reactivation_link_and_a_broken_one_no_sync_button() -> None:
    """What cannot work is not offered."""
    view = {
        "session": SESSION,
        "company": "Nordhamn Lager AB",
        "organisation_number": "556677-8899",
        "mode": Mode.SERVICE,
        "approved_by": "",
        "approved_at": datetime(2026, 1, 12, tzinfo=UTC),
        "reactivation_link": "https://invoicing.example.com/reactivate/x",
    }
    stands = {situation: Standing(situation=situation) for situation in Situation}
    healthy = Pages().status(StatusView(standing=stands[Situation.ALL_SENT], **view), Language.ENGLISH)  # type: ignore[arg-type]
    broken = Pages().status(StatusView(standing=stands[Situation.APPROVAL_ENDED], **view), Language.ENGLISH)  # type: ignore[arg-type]

    assert "/reactivate/" not in healthy
    assert "/sync" in healthy
    assert 'value="https://invoicing.example.com/reactivate/x"' in broken
    assert "/sync" not in broken


def test_an_identifier_cannot_lead_out_of_its_path() -> None:
    """Even if a stored id had a slash in it."""
    session = SessionView(integration_id="../a b?c", system="demo", csrf="c")
    html = Pages(BASE).invoices(InvoicesView(session=session, invoices=()), Language.ENGLISH)

    assert f'{BASE}/integrations/..%2Fa%20b%3Fc/invoices"' in html


def test_rendering_needs_nothing_heavy() -> None:
    """A page must be quick on a cold start, and the layer has no Babel."""
    code = "import sys, invoicing.rendering.pages, invoicing.rendering.mails; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert not {"babel", "boto3", "playwright", "pydantic", "requests"} & set(loaded.stdout.split())
