"""The same faults with the real table of tokens, on two DynamoDBs that were written apart from each other."""

import pytest
from invoicing.adapters.aws.token_store import DynamoTokenStore

from tests.faults.findings import Findings
from tests.faults.share import Share
from tests.faults.test_tokens_systematic import DYING_SPARE, PERSONAL, played, single_faults
from tests.faults.token_story import Setup
from tests.support.aws import Aws

SHARES = {PERSONAL: 1, DYING_SPARE: 6}  # together they make every call that a table gets; the second has many alike


@pytest.mark.enumerated
@pytest.mark.parametrize("engine", ["ministack", "roto"])
@pytest.mark.parametrize("setup", SHARES, ids=lambda setup: setup.name)
def test_an_emulated_table_ends_every_story_as_the_fake_does(
    engine: str, setup: Setup, share: Share, findings: Findings, request: pytest.FixtureRequest
) -> None:
    """Every fault at every call: the same promises, and the same ending."""
    aws: Aws = request.getfixturevalue(engine)
    differing = []
    stories = share.pick(list(single_faults(setup))[:: SHARES[setup]])
    for plan, with_fake in stories:
        story = played(setup, plan, store=DynamoTokenStore(aws.dynamodb, aws.table("TokensTable")))
        if (story.promises.outcome, story.calls) != (with_fake.promises.outcome, with_fake.calls):
            differing.append(story.happened)
        findings.count_on(engine, setup.name, story)

    assert differing == []
    assert stories
