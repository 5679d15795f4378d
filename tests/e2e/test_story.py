"""The story that `make demo` tells, held as a test: every step, on the deployed template, with a real browser."""

import re

from playwright.sync_api import Browser

from local.demo import OUT, Demo
from local.ongoing import seed
from local.stack import running_stack
from tests.e2e.witness import Witness

FUNCTIONS = (
    "landing",
    "oauth_callback",
    "portal",
    "dispatch_syncs",
    "sync_invoices",
    "keep_tokens",
    "notify_operators",
)
GIVEN_TO = {"dynamodb", "kms", "s3", "secretsmanager", "ses", "sqs"}
ACCESS_TOKEN = re.compile(r"eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}")
REFRESH_TOKEN = re.compile(r"(?<![0-9A-Fa-f])[0-9a-f]{40}(?![0-9A-Fa-f])")


def test_every_step_of_the_story_holds_and_no_secret_leaves_the_functions_in_the_clear(browser: Browser) -> None:
    """From activation to reactivation; then everything that was written is searched.

    That is every log line, and every request to AWS: messages of queues, items of tables, objects of the journal,
    mails. Traces hold what AWS writes of its own accord: no function writes into one, as the list of services says.
    """
    OUT.mkdir(parents=True, exist_ok=True)
    parameters = {"SyncInterval": "rate(1 minute)"}
    with (
        Witness() as witness,
        running_stack(name="story", parameters=parameters, aws_seen_at=witness.url) as stack,
    ):
        witness.lead_to(stack)
        demo = Demo(stack, browser)
        demo.play()
        written = [(f"log of {function}", stack.logs(function)) for function in FUNCTIONS]
        written += [("mail", f"{mail.subject}\n{mail.text}\n{mail.html}") for mail in stack.mails()]
        written += [(f"request to {told.service}", told.text) for told in witness.told]

    assert [step.name for step in demo.report.steps if not step.ok] == []
    assert {told.service for told in witness.told} == GIVEN_TO
    # What is no secret can be read there: so a secret could be.
    assert {told.service for told in witness.told if seed.WAREHOUSE in told.text} == GIVEN_TO - {"secretsmanager"}
    for place, text in written:
        assert seed.PASSWORD not in text, place
        assert stack.client_secret not in text, place
        assert not ACCESS_TOKEN.search(text), place
        assert not REFRESH_TOKEN.search(text), place
