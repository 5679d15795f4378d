"""What `make demo` begins with, held as a test: the schedule itself sends what is due, on the deployed template."""

from pathlib import Path

from playwright.sync_api import Browser

from local.browser import visitor
from local.demo import Demo
from local.ongoing import seed
from tests.e2e.witness import GIVEN_TO, witnessed_stack


def test_the_schedule_sends_what_is_due_and_no_secret_leaves_the_functions_in_the_clear(
    browser: Browser, lane: str, tmp_path: Path
) -> None:
    """From activation to a run that has nothing to send; then everything that was written is searched."""
    with witnessed_stack(f"story{lane}", SyncInterval="rate(1 minute)") as (stack, witness):
        demo = Demo(stack, browser, pictures=tmp_path)
        with visitor(browser) as page:
            demo.begin(page)
        stack.invoke("keep_tokens")
        witness.assert_no_secret_was_told()

    assert [step.name for step in demo.report.steps if not step.ok] == []
    assert {told.service for told in witness.told} == GIVEN_TO
    # What is no secret can be read there: so a secret could be.
    assert {told.service for told in witness.told if seed.WAREHOUSE in told.text} == GIVEN_TO - {"secretsmanager"}
