"""The port WmsMemory: what its fake and its real adapter both promise."""

import pytest
from invoicing.adapters.aws.integrations import DynamoIntegrations
from invoicing.adapters.aws.wms_memory import DynamoWmsMemory
from invoicing.application.ports import WmsMemory
from invoicing.domain.wms_knowledge import WmsFilter, WmsKnowledge

from tests.support.aws import Aws
from tests.support.fakes import FakeWmsMemory

MUCH = WmsKnowledge(
    empty_without_list=True,
    filters_tried=True,
    useless=(WmsFilter.IS_EXPORTED, WmsFilter.AT_MOST),
    largest_page=50,
    ended_count=13,
    ended_id=5013,
    names=("charge: Moms", "invoice: Skapad"),
)


@pytest.fixture
def memory(aws: Aws | None) -> WmsMemory:
    """An empty one."""
    if aws is None:
        return FakeWmsMemory(WmsKnowledge())
    return DynamoWmsMemory(aws.dynamodb, aws.table("IntegrationsTable"))


def test_a_system_that_was_never_met_is_known_by_nothing(memory: WmsMemory) -> None:
    """What is not known is tried."""
    assert memory.recall("nordlager") == WmsKnowledge()


def test_what_was_seen_is_remembered_of_its_system_alone(memory: WmsMemory) -> None:
    """Every field comes back, and the last writer wins."""
    memory.remember("nordlager", MUCH)
    memory.remember("sydlager", WmsKnowledge(filters_tried=True))

    assert memory.recall("nordlager") == MUCH
    assert memory.recall("sydlager") == WmsKnowledge(filters_tried=True)

    memory.remember("nordlager", WmsKnowledge(largest_page=51))

    assert memory.recall("nordlager") == WmsKnowledge(largest_page=51)


def test_it_is_no_integration_and_no_customer_id(aws: Aws | None) -> None:
    """It lies in the same table, and nobody takes it for what the others are."""
    if aws is None:
        pytest.skip("the fake has a place of its own")
    table = aws.table("IntegrationsTable")
    DynamoWmsMemory(aws.dynamodb, table).remember("nordlager", MUCH)
    integrations = DynamoIntegrations(aws.dynamodb, table)

    assert (list(integrations.all()), list(integrations.customer_ids()), list(integrations.active_ids())) == (
        [],
        [],
        [],
    )
    assert integrations.get("nordlager") is None
