"""The ledger moved, and lists in short pages: nothing goes to the wrong place, nothing is left out."""

from __future__ import annotations

from decimal import Decimal

import pytest
from invoicing.application.connect_company import ConsentFailedError, ConsentProblem
from invoicing.domain.export import ExportState
from invoicing.domain.wms_knowledge import WmsKnowledge

from local.fortnox.seed import MOVED_TENANT_ID, TENANT_ID, moved_company
from tests.books.books import Books, charge
from tests.support.fakes import FakeWmsMemory
from tests.support.world import World


def test_another_ledger_of_the_same_company_is_not_a_wrong_company() -> None:
    """The company has a new tenant id, the same name and organisation number: "choose A and not A" helps nobody."""
    books = Books().sent()
    books.world.integrations.mark_broken(books.integration.id, at=books.world.clock())
    books.world.fortnox.replace_company(moved_company())
    with pytest.raises(ConsentFailedError) as failed:
        books.world.approve(books.world.start(), tenant_id=MOVED_TENANT_ID)

    assert failed.value.problem is ConsentProblem.OTHER_LEDGER
    assert books.integration.company.tenant_id == TENANT_ID


@pytest.mark.parametrize("most", [1, 2, 3])
def test_a_page_shorter_than_asked_for_is_not_the_end(most: int) -> None:
    """The first ones are held; those behind them are sent all the same, within a few runs."""
    world = World(wms_memory=FakeWmsMemory(WmsKnowledge()))  # a system that was never met
    world.ongoing.set_options(most_at_once=most)
    books = Books(world).wms_invoice(charge(code="LÅDA"))
    books.another(7001, charge(account="1")).another(7002).another(7003, charge(quantity=Decimal(3)))
    books.run().run().run()
    states = [record.state for n in (7002, 7003) if (record := books.record_of(n)) is not None]

    assert states == [ExportState.DONE, ExportState.DONE]
    assert len(books.documents) == 2
