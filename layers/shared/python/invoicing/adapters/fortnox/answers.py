"""Fortnox's answers: three error shapes, two key casings, Swedish texts, wrong content types.

One parser, and one table from code to reaction. Sources of the codes: Fortnox's page on errors, recorded
exchanges, and what integrators report.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from pydantic import AliasChoices, BeforeValidator, Field, model_validator

from invoicing.application.http import HttpAnswer
from invoicing.domain.errors import (
    AccessRefusedError,
    IntegrationHeldError,
    InvoiceHeldError,
    InvoicingError,
    RateLimitedError,
    UnknownOutcomeError,
    UpstreamContractError,
)
from invoicing.domain.issue import Issue, IssueCode
from invoicing.wire import NotJsonError, Thing, parse_json, read

_MESSAGE_LIMIT = 300
_LONGEST_CODE = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What Fortnox says when it does not do something. `code` is 0 when it gives none."""

    status: int
    code: int
    message: str


# Codes that stop one invoice until somebody fixes something.
INVOICE_ISSUES: dict[int, IssueCode] = {
    2000107: IssueCode.TEXT_REFUSED,
    2000359: IssueCode.TEXT_REFUSED,
    2001600: IssueCode.TEXT_REFUSED,
    2001896: IssueCode.TEXT_REFUSED,
    2000166: IssueCode.ARTICLE_NUMBER_REFUSED,
    2000401: IssueCode.PERIOD_LOCKED,
    2002141: IssueCode.PERIOD_LOCKED,
    2000423: IssueCode.ACCOUNT_UNKNOWN,
    2000550: IssueCode.ACCOUNT_UNKNOWN,
    2001265: IssueCode.ACCOUNT_UNKNOWN,
    2001303: IssueCode.ACCOUNT_UNKNOWN,
    2001304: IssueCode.ACCOUNT_UNKNOWN,
    2001403: IssueCode.ACCOUNT_UNKNOWN,
    2002462: IssueCode.ACCOUNT_UNKNOWN,
    2000427: IssueCode.CURRENCY_UNKNOWN,
    2000204: IssueCode.CUSTOMER_UNKNOWN,
    2000433: IssueCode.CUSTOMER_UNKNOWN,
    2004194: IssueCode.VAT_NUMBER_REFUSED,
    2000946: IssueCode.COST_CENTRE_REQUIRED,
    2001302: IssueCode.ARTICLE_UNKNOWN,
    2000428: IssueCode.ARTICLE_UNKNOWN,
    2000513: IssueCode.ARTICLE_UNKNOWN,
    2004021: IssueCode.ARTICLE_HOUSEWORK,
    # What only a wrongly built request is refused with: headers, fields, types, filters, bodies.
    1000030: IssueCode.OUR_DEFECT,
    1000031: IssueCode.OUR_DEFECT,
    2000108: IssueCode.OUR_DEFECT,
    2000134: IssueCode.OUR_DEFECT,
    2000587: IssueCode.OUR_DEFECT,
    2000588: IssueCode.OUR_DEFECT,
    2000729: IssueCode.OUR_DEFECT,
    2001392: IssueCode.OUR_DEFECT,
    2001399: IssueCode.OUR_DEFECT,
    2001740: IssueCode.OUR_DEFECT,
    2002115: IssueCode.OUR_DEFECT,
}

# Codes that stop the whole integration until an administrator fixes something.
INTEGRATION_ISSUES: dict[int, IssueCode] = {
    2000663: IssueCode.SCOPE_MISSING,
    2000664: IssueCode.SCOPE_MISSING,
    2001339: IssueCode.SCOPE_MISSING,
    2001393: IssueCode.SCOPE_MISSING,
    2001101: IssueCode.LICENCE_MISSING,
    2001103: IssueCode.LICENCE_MISSING,
}

# Codes that say that the access token does not work.
TOKEN_CODES = frozenset({2000310, 2000311, 2004054})

SYSTEM_EXCEPTION = 1000003  # whatever the status, nothing is known of what was done

# Whole sentences of Fortnox for what has no known code, or several. A word of them is not enough: "the customer's way
# of delivery" is no customer. An optional number and, in parentheses, a field may follow.
_NOT_FOUND = r"(?:kan|kunde) inte (?:hitta|hämta) (?:{})(?: [\w/+-]+)?(?:\.? \(\w+\))?"
_SENTENCES: tuple[tuple[re.Pattern[str], IssueCode], ...] = tuple(
    (re.compile(sentence, re.IGNORECASE), issue)
    for sentence, issue in (
        (_NOT_FOUND.format("räkenskapsår|räkenskapsåret"), IssueCode.FINANCIAL_YEAR_MISSING),
        (r"räkenskapsår(?:et)? (?:saknas|finns inte)\b.*", IssueCode.FINANCIAL_YEAR_MISSING),
        (_NOT_FOUND.format("kostnadsställe|kostnadsstället"), IssueCode.COST_CENTRE_UNKNOWN),
        (r"kostnadsställe(?:t)?(?: [\w/+-]+)? finns inte(?: upplagt)?", IssueCode.COST_CENTRE_UNKNOWN),
        (r"kostnadsställe saknas på konto(?:t)?\b.*", IssueCode.COST_CENTRE_REQUIRED),
        (r"konto(?:t)?(?: [0-9]{4})? kräver (?:ett )?kostnadsställe", IssueCode.COST_CENTRE_REQUIRED),
        (_NOT_FOUND.format("valuta|valutan"), IssueCode.CURRENCY_UNKNOWN),
        (_NOT_FOUND.format("konto|kontot"), IssueCode.ACCOUNT_UNKNOWN),
        (_NOT_FOUND.format("artikel|artikeln"), IssueCode.ARTICLE_UNKNOWN),
        (_NOT_FOUND.format("kund|kunden"), IssueCode.CUSTOMER_UNKNOWN),
        (r"(?:perioden|bokföringen|räkenskapsåret) är (?:låst|låst .*|stängd|stängd .*)", IssueCode.PERIOD_LOCKED),
    )
)


def _code(value: object) -> object:
    """A number or a text with one; a code that is neither is none, because the rest of the answer still counts."""
    return value if str(value).isascii() and str(value).isdigit() and len(str(value)) <= _LONGEST_CODE else 0


def _message(value: object) -> str:
    return str(value).encode(errors="replace").decode()[:_MESSAGE_LIMIT] if isinstance(value, str | int) else ""


class _Refusal(Thing):
    """In an envelope or without one; names in capitals or not; of the authorization server's kind."""

    message: Annotated[str, BeforeValidator(_message)] = Field(
        default="", validation_alias=AliasChoices("message", "error_description")
    )
    code: Annotated[int, BeforeValidator(_code)] = Field(default=0, alias="code")

    @model_validator(mode="before")
    @classmethod
    def _folded(cls, body: object) -> object:
        inner = body.get("ErrorInformation", body) if isinstance(body, dict) else {}
        return {name.lower(): value for name, value in inner.items() if value} if isinstance(inner, dict) else {}


def read_refusal(answer: HttpAnswer) -> Refusal:
    """Reads any error answer; an unreadable one has code 0 and no message."""
    try:
        got = read(_Refusal, parse_json(answer.body), what="Fortnox's refusal")
    except (NotJsonError, UpstreamContractError):
        got = _Refusal()
    return Refusal(status=answer.status, code=got.code, message=got.message)


def reaction_to(
    refusal: Refusal, *, params: Callable[[], dict[str, str]], about_invoice: bool = True
) -> InvoicingError:
    """The error that asks for the right reaction. `params` gives what is known, for the issue.

    `about_invoice`: it was one invoice's content that was sent, so that a missing right may be about that alone.
    """
    if refusal.status == 429:
        return RateLimitedError("Fortnox: too many calls")
    if refusal.code in INTEGRATION_ISSUES:
        return IntegrationHeldError(Issue(code=INTEGRATION_ISSUES[refusal.code], params={"message": refusal.message}))
    if refusal.status == 401 or refusal.code in TOKEN_CODES:
        return AccessRefusedError("Fortnox refuses the access token")
    if refusal.status >= 500 or refusal.status == 408 or refusal.code == SYSTEM_EXCEPTION:
        return UnknownOutcomeError(f"Fortnox answered {refusal.status}, code {refusal.code}")
    if 400 <= refusal.status < 500 and not refusal.code and not refusal.message:
        # Fortnox gives a reason; this is somebody's page on the way to it.
        return UnknownOutcomeError(f"somebody answered {refusal.status} for Fortnox")
    if refusal.status == 403 and not about_invoice:
        return IntegrationHeldError(Issue(code=IssueCode.SCOPE_MISSING, params={"message": refusal.message}))
    if 400 <= refusal.status < 500:
        return InvoiceHeldError(_issue(refusal, params()))
    return UpstreamContractError(f"Fortnox answered {refusal.status}")


def _issue(refusal: Refusal, params: dict[str, str]) -> Issue:
    code = INVOICE_ISSUES.get(refusal.code)
    if code is None:
        words = refusal.message.strip()
        otherwise = IssueCode.PERMISSION_REFUSED if refusal.status == 403 else IssueCode.FORTNOX_REFUSED
        code = next((issue for sentence, issue in _SENTENCES if sentence.fullmatch(words.rstrip("."))), otherwise)
    return Issue(code=code, params={**params, "code": str(refusal.code or refusal.status), "message": refusal.message})
