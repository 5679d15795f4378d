"""What Fortnox answers when it refuses an API call: codes, Swedish texts and the two key casings.

Codes and texts are from Fortnox's page on errors and from recorded exchanges, except those under
"Invented": for these cases no public source tells what Fortnox answers.
"""

from __future__ import annotations

from typing import Any

# Fortnox's page on errors, and exchanges with it that were recorded or reported.
ACCEPT_NOT_SUPPORTED = 1000030
CONTENT_TYPE_NOT_SUPPORTED = 1000031
ARTICLE_NUMBER_TAKEN = 2000013
NOT_ALPHANUMERIC = 2000106
TOO_LONG = 2000107
NOT_NUMERIC = 2000108
NOT_BOOLEAN = 2000134
ARTICLE_NUMBER_CHARACTERS = 2000166
ILLEGAL_CHARACTERS = 2000359
CUSTOMER_NOT_FOUND_BY_NUMBER = 2000204
PERIOD_LOCKED = 2000401
ACCOUNT_NOT_FOUND = 2000423
CURRENCY_NOT_FOUND = 2000427
ARTICLE_NOT_FOUND = 2000428
TERMS_OF_PAYMENT_NOT_FOUND = 2000429
UNIT_NOT_FOUND = 2000432
CUSTOMER_NOT_FOUND = 2000433
INVOICE_NOT_FOUND = 2000434
TERMS_OF_DELIVERY_NOT_FOUND = 2000435
ACCOUNT_INACTIVE = 2000550
INVALID_FILTER = 2000587
INVALID_PARAMETER = 2000588
CUSTOMER_NUMBER_TAKEN = 2000637
SCOPE_NOT_GRANTED = 2000663
COST_CENTER_MANDATORY = 2000946
SCOPE_NOT_LICENSED = 2001101
API_LICENCE_MISSING = 2001103
CANCELLED_ALREADY = 2001279
PROJECT_NOT_FOUND = 2001161
ROW_ARTICLE_NOT_FOUND = 2001302
ROW_ACCOUNT_NOT_FOUND = 2001303
REQUEST_ACCOUNT_NOT_FOUND = 2001304
BODY_MISSING = 2001392
UNKNOWN_FIELD = 2001399
YOUR_REFERENCE_TOO_LONG = 2001600
COMMENTS_TOO_LONG = 2001896
BAD_JSON = 2002115
POSTING_STOPPED = 2002141
ROW_NOT_BOOKABLE = 2003977
HOUSEWORK_ON_ROW = 2004021
VAT_NUMBER_INVALID = 2004194

# Invented: plausible numbers for refusals whose real code no public source tells.
NO_SUCH_ROUTE = 2000001
METHOD_NOT_ALLOWED = 2000002
DOCUMENT_NUMBER_TAKEN = 2000862
DOCUMENT_NUMBER_FIXED = 2000863
INVOICE_NOT_EDITABLE = 2000864
ROW_LINKED_TO_ORDER = 2000865
ROW_ID_UNKNOWN = 2000866
TOO_MANY_ROWS = 2000867
FINANCIAL_YEAR_MISSING = 2000868
CUSTOMER_INACTIVE = 2000869
COST_CENTER_NOT_FOUND = 2000870
VAT_RATE_UNKNOWN = 2000871
COUNTRY_INVALID = 2000872
VALUE_REQUIRED = 2000873
DATE_INVALID = 2000874
VALUE_NOT_ALLOWED = 2000875
NUMBER_TAKEN = 2000876
WAY_OF_DELIVERY_NOT_FOUND = 2000877
CREDITED_ALREADY = 2000878
NOT_BOOKED = 2000879
DELIVERY_COUNTRY_MISSING = 2000880
DELIVERY_DATE_MISSING = 2000881
MAIL_ADDRESS_MISSING = 2000882
SENDING_NOT_LICENSED = 2000883


class Refusal(Exception):  # noqa: N818  # it is an answer, not a defect
    """An API call that Fortnox refuses, with HTTP status, Fortnox's error code and its Swedish text."""

    def __init__(self, code: int, message: str, *, status: int = 400) -> None:
        super().__init__(f"{status}/{code}: {message}")
        self.code = code
        self.message = message
        self.status = status

    def body(self) -> dict[str, Any]:
        """The error envelope. Recorded: a 404 has capitalised keys, a 400 has not."""
        if self.status == 404:
            return {"ErrorInformation": {"Error": 1, "Message": self.message, "Code": self.code}}
        return {"ErrorInformation": {"error": 1, "message": self.message, "code": self.code}}


def not_found(code: int) -> Refusal:
    """The 404 of a resource that is asked for by its number."""
    texts = {
        ACCOUNT_NOT_FOUND: "Kan inte hitta kontot.",
        ARTICLE_NOT_FOUND: "Kan inte hitta artikeln.",
        COST_CENTER_NOT_FOUND: "Kan inte hitta kostnadsstället.",
        CURRENCY_NOT_FOUND: "Kan inte hitta valutan.",
        CUSTOMER_NOT_FOUND: "Kan inte hitta kunden.",
        CUSTOMER_NOT_FOUND_BY_NUMBER: "Kan inte hitta kunden.",
        FINANCIAL_YEAR_MISSING: "Kan inte hitta räkenskapsåret.",
        INVOICE_NOT_FOUND: "Kan inte hitta fakturan.",
        NO_SUCH_ROUTE: "No such route",
        TERMS_OF_PAYMENT_NOT_FOUND: "Kan inte hitta betalningsvillkoret.",
        UNIT_NOT_FOUND: "Kan inte hitta enheten.",
    }
    return Refusal(code, texts[code], status=404)
