"""functions/keep_tokens: the janitor of the keys; one integration's trouble stops no other's."""

from dataclasses import replace
from datetime import timedelta

import pytest
from invoicing.application.ports import CannotOpenError
from invoicing.domain.notice import broken_notice_id
from invoicing.domain.tokens import ASK_AGAIN_AFTER, ROTATE_SPARE_EVERY, TokenItem, TokenStatus

from local.fortnox.seed import TENANT_ID
from local.ongoing.seed import WAREHOUSE
from tests.functions.deployed import Browser, Deployed, event
from tests.functions.emulated import CLIENT_SECRET

SCHEDULE = "keep_tokens__schedule"


def keys_of(deployed: Deployed, integration_id: str = WAREHOUSE) -> TokenItem:
    """The stored keys."""
    found = deployed.tokens.get(integration_id)
    assert found is not None
    return found


def until_due(deployed: Deployed) -> None:
    """Lets the spare chain become due for its rotation."""
    deployed.clock.advance(ROTATE_SPARE_EVERY + timedelta(minutes=1))


def in_trouble(deployed: Deployed, integration_id: str) -> None:
    """Stores keys that nobody can open, due before all others."""
    item = replace(
        keys_of(deployed), integration_id=integration_id, blob=b"damaged", due_at=deployed.clock() - timedelta(days=1)
    )
    deployed.tokens.start_chain(item)


def test_nothing_is_touched_before_it_is_due(operator: Browser) -> None:
    """A rotation too many is a risk too many."""
    before = keys_of(operator.deployed)

    assert operator.deployed.invoke("keep_tokens", event(SCHEDULE)) == {"looked_at": 0}
    assert keys_of(operator.deployed) == before


def test_an_idle_chain_is_rotated_when_it_is_due(operator: Browser) -> None:
    """Long before its 45 days are over."""
    until_due(operator.deployed)
    answer = operator.deployed.invoke("keep_tokens", event(SCHEDULE))

    assert answer == {"looked_at": 1}
    assert keys_of(operator.deployed).ver == 1
    assert keys_of(operator.deployed).status is TokenStatus.ACTIVE


def test_a_schedule_that_is_delivered_twice_rotates_once(operator: Browser) -> None:
    """EventBridge delivers at least once."""
    until_due(operator.deployed)
    for _ in range(2):
        operator.deployed.invoke("keep_tokens", event(SCHEDULE))

    assert keys_of(operator.deployed).ver == 1


def test_keys_that_cannot_be_opened_stop_no_other_integration(operator: Browser) -> None:
    """The others are looked after first; then the error calls a person."""
    deployed = operator.deployed
    until_due(deployed)
    in_trouble(deployed, "another-system")

    with pytest.raises(CannotOpenError):
        deployed.invoke("keep_tokens", event(SCHEDULE))
    assert keys_of(deployed).ver == 1
    ends = {line["integration"]: line["outcome"] for line in deployed.logged("token_recovery")}
    assert ends == {"another-system": "our_fault", WAREHOUSE: "renewed"}
    assert [line["looked_at"] for line in deployed.logged("tokens_kept")] == [2]


def test_a_fortnox_that_is_down_leaves_the_keys_due(operator: Browser) -> None:
    """Nothing is marked as broken, and the next schedule tries again."""
    deployed = operator.deployed
    until_due(deployed)
    deployed.fortnox.add_faults([{"effect": "status", "status": 503, "times": None}])
    deployed.invoke("keep_tokens", event(SCHEDULE))
    deployed.fortnox.clear_faults()
    down = keys_of(deployed)
    deployed.clock.advance(timedelta(hours=1))
    deployed.invoke("keep_tokens", event(SCHEDULE))

    assert down.status in {TokenStatus.ACTIVE, TokenStatus.UNCERTAIN}
    assert keys_of(deployed).status is TokenStatus.ACTIVE
    assert deployed.integration.broken_since is None


def test_keys_that_are_dead_for_good_hold_the_work_and_put_one_notice(operator: Browser) -> None:
    """However often the janitor comes by."""
    deployed = operator.deployed
    deployed.fortnox.destroy_tokens(TENANT_ID)
    until_due(deployed)
    deployed.invoke("keep_tokens", event(SCHEDULE))
    doubted = keys_of(deployed)
    deployed.clock.advance(ASK_AGAIN_AFTER)
    for _ in range(3):
        deployed.invoke("keep_tokens", event(SCHEDULE))

    assert doubted.status is TokenStatus.UNCERTAIN
    assert keys_of(deployed).status is TokenStatus.BROKEN
    assert deployed.integration.broken_since is not None
    assert [*deployed.integrations.active_ids()] == []
    assert deployed.notices.get(broken_notice_id(WAREHOUSE, deployed.integration.broken_since)) is not None
    assert len(deployed.logged("token_broken")) == 1


def test_a_wrong_client_secret_breaks_no_integration(operator: Browser) -> None:
    """Fortnox refuses us and not them: everything stops, and an alarm goes off."""
    deployed = operator.deployed
    until_due(deployed)
    deployed.aws.secrets.put_secret_value(SecretId="fortnox", SecretString="another-secret")
    deployed.invoke("keep_tokens", event(SCHEDULE))

    assert [line["outcome"] for line in deployed.logged("token_recovery")] == ["client_refused"]
    assert deployed.integration.broken_since is None
    assert keys_of(deployed).status is TokenStatus.ACTIVE


def test_a_client_secret_that_was_put_right_is_taken_up_by_the_running_process(operator: Browser) -> None:
    """Nobody needs to start it anew."""
    deployed = operator.deployed
    until_due(deployed)
    deployed.aws.secrets.put_secret_value(SecretId="fortnox", SecretString="another-secret")
    deployed.invoke("keep_tokens", event(SCHEDULE))
    deployed.aws.secrets.put_secret_value(SecretId="fortnox", SecretString=CLIENT_SECRET)
    deployed.invoke("keep_tokens", event(SCHEDULE))

    assert [line["outcome"] for line in deployed.logged("token_recovery")] == ["client_refused", "renewed"]
    assert keys_of(deployed).ver == 1


def test_without_time_left_nothing_is_begun(operator: Browser) -> None:
    """A refresh that is cut off in the middle is the one thing to avoid."""
    until_due(operator.deployed)

    assert operator.deployed.invoke("keep_tokens", event(SCHEDULE), left=50.0) == {"looked_at": 0}
    assert keys_of(operator.deployed).ver == 0
