"""What offices really have: long names, names from right to left, many currencies, months without any."""

from dataclasses import replace
from decimal import Decimal

from invoicing.domain.integration_settings import Language
from invoicing.domain.work import Work
from invoicing.rendering.standing_texts import work_text

from local.ongoing import seed
from local.ongoing.seed import WAREHOUSE
from tests.office.day import Day, words_of
from tests.office.situations import troubled

ARABIC = "مخزن الشمال " * 16  # some 200 characters, from right to left


def test_fifty_currencies_do_not_become_a_sentence_that_nobody_reads() -> None:
    """The first ones are named, the rest counted; nothing is added across currencies."""
    work = Work(count=50, sums={f"X{number:02d}": Decimal(number) for number in range(50)})

    assert work_text(work, Language.ENGLISH) == (
        "50 invoices (X00\u00a00.00 + X01\u00a01.00 + X02\u00a02.00 + 47 more currencies)"
    )


def test_a_long_name_from_right_to_left_stays_in_its_place() -> None:
    """Apart from the amounts beside it, wherever it is shown."""
    day = Day()
    warehouse = day.world.ongoing.warehouse(WAREHOUSE)
    owners = tuple(replace(one, name=ARABIC.strip()) if one.id == seed.CAFE else one for one in warehouse.goods_owners)
    day.world.ongoing.put_warehouse(replace(warehouse, goods_owners=owners))
    day.later()
    pages = [day.see(path).body for path in ("/invoices", "/issues", f"/invoices/{seed.NO_CUSTOMER_CODE}")]

    assert all(f"<bdi>{ARABIC.strip()}</bdi>" in page for page in pages)


def test_a_month_without_any_says_so_and_its_list_is_empty() -> None:
    """No table without rows, no sum without invoices."""
    day = troubled()
    page = words_of(day.see("/invoices", query={"month": "2025-01"}).body)
    table = day.see("/reconciliation.csv", query={"month": "2025-01"}).body

    assert "No invoice matches." in page
    assert len(table.strip().splitlines()) == 1


def test_two_who_press_at_once_ask_for_one_thing() -> None:
    """The second one is told how it is."""
    day = troubled()
    before = day.integration.version
    answers = [day.office.press("/resume").location for _ in range(2)]

    assert all("notice=resumed" in answer for answer in answers)
    assert day.integration.version == before
