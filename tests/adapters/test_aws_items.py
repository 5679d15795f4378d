"""Records as they lie in the tables."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from invoicing.adapters.aws.items import (
    SCHEMA,
    Item,
    NewerSchemaError,
    UnreadableRecordError,
    absent,
    attribute,
    attributes,
    epoch,
    moment_of,
    read,
    whole_epoch,
)
from invoicing.domain.export import EventKind, Export, ExportState, HistoryEvent
from invoicing.domain.issue import Issue, IssueCode

from tests.support.fakes import START

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

EXPORT = Export(
    integration_id="lagret",
    invoice_id=1207,
    state=ExportState.HELD,
    version=2,
    reference="ONGOING-lagret-1207-",
    invoice_date=date(2026, 2, 28),
    amount=Decimal("-1250.50"),
    issue=Issue(code=IssueCode.CUSTOMER_UNKNOWN, params={"customer_number": "88"}),
    updated_at=START,
    history=(HistoryEvent(at=START, kind=EventKind.HELD, by="schedule"),),
)


def test_a_stored_export_keeps_its_form() -> None:
    """Records of last year must still be read: renaming a field is a migration, and this test says so."""
    stored = attributes(EXPORT)

    assert stored == {
        "integration_id": {"S": "lagret"},
        "invoice_id": {"N": "1207"},
        "state": {"S": "held"},
        "version": {"N": "2"},
        "reference": {"S": "ONGOING-lagret-1207-"},
        "wanted": {"BOOL": False},
        "wms_number": {"S": ""},
        "goods_owner": {"S": ""},
        "customer_number": {"S": ""},
        "title": {"S": ""},
        "invoice_date": {"S": "2026-02-28"},
        "amount": {"N": "-1250.50"},
        "currency": {"S": ""},
        "content": {"S": ""},
        "was_marked": {"BOOL": False},
        "fingerprint": {"S": ""},
        "tried": {"S": ""},
        "attempt_id": {"S": ""},
        "fortnox_number": {"S": ""},
        "fortnox_print": {"S": ""},
        "kept_print": {"S": ""},
        "by_hand": {"BOOL": False},
        "waits": {"BOOL": False},
        "right": {"S": ""},
        "left": {"S": ""},
        "customer_name": {"S": ""},
        "vat_type": {"S": ""},
        "filled": {"M": {"remarks": {"S": ""}, "your_order_number": {"S": ""}, "your_reference": {"S": ""}}},
        "hints": {"L": []},
        "generation": {"N": "1"},
        "earlier": {"L": []},
        "issue": {"M": {"code": {"S": "customer_unknown"}, "params": {"M": {"customer_number": {"S": "88"}}}}},
        "updated_at": {"S": "2026-03-02T08:00:00.000000+00:00"},
        "history": {
            "L": [
                {
                    "M": {
                        "at": {"S": "2026-03-02T08:00:00.000000+00:00"},
                        "kind": {"S": "held"},
                        "by": {"S": "schedule"},
                        "reference": {"S": ""},
                        "fortnox_number": {"S": ""},
                        "note": {"S": ""},
                    }
                }
            ]
        },
    }


def test_what_is_none_is_absent() -> None:
    """And named, so that a stored record can lose it."""
    never = {
        "attachment",
        "chain",
        "issue_since",
        "decision",
        "fortnox_fees",
        "fortnox_vat",
        "due_from",
        "due_date",
        "period_start",
        "period_end",
        "sending",
        "settled",
    }

    assert absent(EXPORT) == {"fortnox_net", *never}
    assert absent(replace(EXPORT, issue=None), without={"fortnox_net"}) == {"issue", *never}


def test_unknown_attributes_are_ignored() -> None:
    """Newer code may have added some, in the record and inside its parts."""
    item = attributes(EXPORT) | {"colour": {"S": "blue"}, "schema": {"N": str(SCHEMA)}}
    cast("dict[str, AttributeValueTypeDef]", item["issue"]["M"])["weight"] = {"N": "3"}

    assert read(Export, item) == EXPORT


def test_missing_optional_attributes_take_their_defaults() -> None:
    """Older code did not know them."""
    needed = ("integration_id", "invoice_id", "state", "version", "reference")
    item = {name: stored for name, stored in attributes(EXPORT).items() if name in needed}

    assert read(Export, item) == Export(
        integration_id="lagret",
        invoice_id=1207,
        state=ExportState.HELD,
        version=2,
        reference="ONGOING-lagret-1207-",
    )


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("state", None),
        ("state", {"S": "from-next-year"}),
        ("version", {"S": "2"}),
        ("amount", {"N": "secret-amount"}),
        ("invoice_date", {"S": "28/2"}),
        ("updated_at", {"S": "2026-03-02T08:00:00"}),
        ("issue", {"M": {"params": {"M": {}}}}),
        ("history", {"S": "x"}),
    ],
)
def test_a_garbled_record_is_named_not_guessed(name: str, stored: "AttributeValueTypeDef | None") -> None:
    """The error says which record and attribute, and quotes no value."""
    item = attributes(EXPORT)
    del item[name]
    if stored is not None:
        item[name] = stored

    with pytest.raises(UnreadableRecordError) as caught:
        read(Export, item)
    assert "attribute" in str(caught.value)
    assert ("code" if name == "issue" else name) in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_record_of_newer_code_is_refused() -> None:
    """It says which schema is there, which is known, and what to do."""
    item: Item = attributes(EXPORT) | {"schema": {"N": str(SCHEMA + 1)}}

    with pytest.raises(NewerSchemaError, match=r"Export has schema 2, this code knows 1\. The service operator"):
        read(Export, item)


@pytest.mark.parametrize("value", [datetime(2026, 3, 2, 8), None, 1.5, object()])  # noqa: DTZ001, that is the point
def test_what_has_no_stored_form_is_refused(value: object) -> None:
    """Naive datetimes and floats would be read back as something else."""
    with pytest.raises(TypeError):
        attribute(value)


@given(st.integers(min_value=0, max_value=200 * 365 * 86_400 * 10**6))
def test_moments_survive_in_both_forms(microseconds: int) -> None:
    """To the microsecond, as number and as text."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)

    assert moment_of(epoch(moment)) == moment
    assert moment_of(attribute(moment)) == moment


@given(st.integers(min_value=0, max_value=10**15), st.integers(min_value=0, max_value=10**15))
def test_numbers_order_as_moments_do(first: int, second: int) -> None:
    """Conditions and index keys compare the numbers."""
    start = datetime(1970, 1, 1, tzinfo=UTC)
    moments = [start + timedelta(microseconds=micros) for micros in (first, second)]
    numbers = [Decimal(epoch(moment)["N"]) for moment in moments]

    assert (numbers[0] < numbers[1]) == (moments[0] < moments[1])


def test_moments_are_stored_in_utc() -> None:
    """Whatever zone they came in, so that texts order as moments do."""
    swedish = START.astimezone(timezone(timedelta(hours=1)))

    assert attribute(swedish) == attribute(START)
    assert epoch(swedish) == {"N": "1772438400.000000"}


def test_nothing_expires_before_its_time() -> None:
    """The table's time to live has whole seconds; they are rounded up."""
    assert whole_epoch(START) == {"N": "1772438400"}
    assert whole_epoch(START + timedelta(microseconds=1)) == {"N": "1772438401"}


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12), max_value=10**12))
def test_money_survives(amount: Decimal) -> None:
    """To the öre."""
    stored = attributes(replace(EXPORT, amount=amount))

    assert read(Export, stored).amount == amount


def test_big_numbers_are_written_out() -> None:
    """No exponent, which people and other tools misread."""
    assert attribute(Decimal("1E+3")) == {"N": "1000"}
