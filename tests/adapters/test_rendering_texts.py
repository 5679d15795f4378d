"""The texts of issues, failed consents, messages and single values: complete, and filled."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pytest
from invoicing.domain import issue as issue_module
from invoicing.domain.decision import Way, ways_out
from invoicing.domain.hint import Hint, HintCode
from invoicing.domain.integration_settings import Language
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.named_issue import _NAMED
from invoicing.rendering.catalogue import translations
from invoicing.rendering.hint_texts import HINT_TEXTS, hint_text
from invoicing.rendering.issue_texts import ISSUE_TEXTS, issue_text
from invoicing.rendering.labels import LABELS
from invoicing.rendering.page_texts import CONSENT_TEXTS, MESSAGE_TEXTS
from invoicing.rendering.views import ConsentOutcome, Message
from invoicing.rendering.way_texts import WAY_TEXTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """One place that makes an issue, and the words that it is told with, as far as its source says."""

    place: str
    params: frozenset[str] | None


PACKAGE = Path(issue_module.__file__).parents[1]


def raised() -> Iterator[tuple[str, Raised]]:
    """Every place in our code that makes an issue: the code that it names, or "" for one from a table."""
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text())
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for call in ast.walk(function):
                if isinstance(call, ast.Call) and getattr(call.func, "id", "") in {"Issue", "invoice_held"}:
                    code = _code(call)
                    place = f"{path.relative_to(PACKAGE)}:{call.lineno}"
                    yield code, Raised(place=place, params=_params(call, (function, tree)))


def _code(call: ast.Call) -> str:
    given = [one.value for one in call.keywords if one.arg == "code"] or call.args[:1]
    named = given[0] if given else None
    is_named = isinstance(named, ast.Attribute) and ast.unparse(named.value) == "IssueCode"
    return IssueCode[named.attr].value if is_named and isinstance(named, ast.Attribute) else ""


def _params(call: ast.Call, around: tuple[ast.AST, ast.AST]) -> frozenset[str] | None:
    """The words that it is told with; None: they come from elsewhere."""
    if getattr(call.func, "id", "") == "invoice_held":
        names = [one.arg for one in call.keywords]
        return None if None in names else frozenset(name for name in names if name)
    told = [one.value for one in call.keywords if one.arg == "params"]
    return _keys(told[0], around) if told else frozenset()


def _keys(told: ast.expr, around: tuple[ast.AST, ast.AST]) -> frozenset[str] | None:
    """Of a dict, a name that its function gives it, or `self.name` of a property in its module."""
    function, module = around
    if isinstance(told, ast.Name):
        return _all_keys(
            [
                one.value
                for one in ast.walk(function)
                if isinstance(one, ast.Assign) and any(getattr(to, "id", "") == told.id for to in one.targets)
            ],
            around,
        )
    if isinstance(told, ast.Attribute) and getattr(told.value, "id", "") == "self":
        properties = [one for one in ast.walk(module) if isinstance(one, ast.FunctionDef) and one.name == told.attr]
        given = [
            one.value for made in properties for one in ast.walk(made) if isinstance(one, ast.Return) and one.value
        ]
        return _all_keys(given, around)
    if not isinstance(told, ast.Dict):
        return None
    found: set[str] = set()
    for key, value in zip(told.keys, told.values, strict=True):
        if isinstance(key, ast.Constant):
            found.add(str(key.value))
        elif key is None:
            found |= _keys(value, around) or frozenset()
    return frozenset(found)


def _all_keys(made: list[ast.expr], around: tuple[ast.AST, ast.AST]) -> frozenset[str] | None:
    keys = [_keys(one, around) for one in made]
    return frozenset.intersection(*(one or frozenset() for one in keys)) if keys else None


@pytest.mark.parametrize("code", IssueCode)
def test_every_issue_has_a_title_a_cause_and_a_fix(code: IssueCode) -> None:
    """An issue without words helps nobody."""
    text = ISSUE_TEXTS[code]

    assert text.title
    assert text.cause
    assert text.fix


RAISED = list(raised())


@pytest.mark.parametrize("code", IssueCode)
def test_an_issues_text_asks_only_for_words_that_every_place_gives(code: IssueCode) -> None:
    """What one of them does not pass shows as a dash there."""
    text = ISSUE_TEXTS[code]
    asked = set(re.findall(r"%\((\w+)\)s", text.title + text.cause + text.fix)) - {"message"}
    asked -= set(_NAMED.get(code, ()))  # the invoice tells these itself
    places = [(one.place, one.params) for named, one in RAISED if named == code and one.params is not None]

    assert [f"{place} lacks {sorted(asked - params)}" for place, params in places if asked - params] == []


def test_every_code_is_raised_somewhere_or_is_in_a_table() -> None:
    """A text for what never happens is a text that nobody keeps right."""
    named = {code for code, _ in RAISED}
    told = {code for code, one in RAISED if one.params}
    sources = "".join(path.read_text() for path in PACKAGE.rglob("*.py") if path.parent.name not in {"rendering"})
    in_tables = {code.value for code in IssueCode if len(re.findall(rf"IssueCode\.{code.name}\b", sources)) > 1}

    assert {IssueCode.CUSTOMER_UNKNOWN, IssueCode.AMOUNTS_DISAGREE, IssueCode.CURRENCY_DIFFERS} <= told
    assert {code.value for code in IssueCode} - named - in_tables == set()


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("code", IssueCode)
def test_an_issue_can_be_read_without_its_parameters(code: IssueCode, language: Language) -> None:
    """A record from an older version must never break a page."""
    text = issue_text(Issue(code=code), language)

    assert "%(" not in text.title + text.cause + text.fix


def test_amounts_in_an_issue_are_written_for_the_language() -> None:
    """With the invoice's own currency."""
    params = {"invoice_amount": "1234.5", "sum_per_unit": "1300", "sum_per_row": "nonsense", "currency": "SEK"}
    issue = Issue(code=IssueCode.AMOUNTS_DISAGREE, params=params)

    swedish, english = issue_text(issue, Language.SWEDISH), issue_text(issue, Language.ENGLISH)

    assert "1\u00a0234,50\u00a0kr" in swedish.cause
    assert "SEK\u00a01,300.00" in english.cause
    assert "nonsense" in english.cause


def test_dates_in_an_issue_are_written_for_the_language() -> None:
    """What is no date is shown as it came."""
    params = {"invoice_date": "2026-03-05", "message": "Perioden är låst."}
    issue = Issue(code=IssueCode.PERIOD_LOCKED, params=params)
    odd = Issue(code=IssueCode.PERIOD_LOCKED, params={"invoice_date": "soon"})

    assert "5 Mar 2026" in issue_text(issue, Language.ENGLISH).cause
    assert "soon" in issue_text(odd, Language.ENGLISH).cause


def test_the_reason_of_a_locked_invoice_is_in_the_readers_language() -> None:
    """The domain gives a code word, the page says it."""
    params = {"fortnox_number": "1001", "reason": "cancelled"}
    text = issue_text(Issue(code=IssueCode.INVOICE_LOCKED, params=params), Language.SWEDISH)

    assert "makulerad" in text.cause


def test_fortnoxs_own_words_are_quoted_without_a_double_full_stop() -> None:
    """Fortnox ends some messages with a full stop."""
    params = {"account": "3041", "message": "Kunde inte hitta konto."}
    text = issue_text(Issue(code=IssueCode.ACCOUNT_UNKNOWN, params=params), Language.ENGLISH)

    assert text.cause == "Fortnox refused the invoice: “Kunde inte hitta konto”."


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("code", [code for code, text in ISSUE_TEXTS.items() if "%(message)s" in text.cause])
def test_without_words_of_fortnox_none_are_quoted(code: IssueCode, language: Language) -> None:
    """It gave none, or was not asked at all; what is known is said all the same."""
    words = dict.fromkeys(re.findall(r"%\((\w+)\)s", ISSUE_TEXTS[code].cause), "ord")
    said, unsaid = (issue_text(Issue(code=code, params={**words, "message": one}), language) for one in ("Nej.", ""))

    assert "Nej" in said.cause
    assert unsaid.cause.endswith(".")
    assert "–" not in unsaid.cause


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("code", IssueCode)
def test_a_way_out_is_called_in_a_text_as_on_its_button(code: IssueCode, language: Language) -> None:
    """Who reads of a button looks for it, and finds only what is possible."""
    translate = translations(language).gettext
    offered = {
        translate(WAY_TEXTS[way].button)
        for reason in ("", "cancelled", "gone", "order")
        for doubt in (False, True)
        for there in (False, True)
        for way in ways_out(
            Issue(code=code, params={"reason": reason}), in_fortnox=there, in_doubt=doubt, by_hand=False
        )
    }
    buttons = {translate(text.button) for text in WAY_TEXTS.values()}
    named = set(re.findall(r"[“”]([^“”]+)[“”]", issue_text(Issue(code=code), language).fix))

    assert named & buttons <= offered
    assert not {name for name in named - buttons if "…" in name or name.endswith(("Ongoing", "Fortnox"))}


def test_every_way_out_has_its_words() -> None:
    """A button without words cannot be pressed."""
    assert set(WAY_TEXTS) == set(Way)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("code", HintCode)
def test_every_hint_has_its_words(code: HintCode, language: Language) -> None:
    """Filled with what the domain gives, amounts and dates as the reader writes them."""
    params = {"due_date": "2026-03-05", "customer_number": "1001", "amount": "45.5", "currency": "SEK"}
    asked = set(re.findall(r"%\((\w+)\)s", HINT_TEXTS[code]))
    text = hint_text(Hint(code=code, params={name: params[name] for name in asked | {"currency"}}), language)

    assert text
    assert "%(" not in text
    assert "45.5 " not in text


@pytest.mark.parametrize("kind", LABELS)
def test_every_value_has_a_label(kind: type[StrEnum]) -> None:
    """A new state without a word would break the page that shows it."""
    assert set(LABELS[kind]) == set(kind)


def test_every_outcome_and_message_has_its_page() -> None:
    """Each with a heading of its own within its kind of page, but for links, which expire alike."""
    titles = [text.title for text in CONSENT_TEXTS.values()]

    assert set(CONSENT_TEXTS) == set(ConsentOutcome)
    assert set(MESSAGE_TEXTS) == set(Message)
    assert len(set(titles)) == len(titles)
