"""The story that `make demo` tells, held as a test: every step, on the deployed template, with a real browser."""

import re

from playwright.sync_api import Browser

from local.demo import OUT, Demo
from local.ongoing import seed
from local.stack import running_stack

FUNCTIONS = (
    "landing",
    "oauth_callback",
    "portal",
    "dispatch_syncs",
    "sync_invoices",
    "keep_tokens",
    "notify_operators",
)
_JWT = re.compile(r"eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}")


def test_every_step_of_the_story_holds_and_no_secret_is_left_in_logs_or_mails(browser: Browser) -> None:
    """From activation to reactivation; then everything that was written is searched."""
    OUT.mkdir(parents=True, exist_ok=True)
    with running_stack(name="story", parameters={"SyncInterval": "rate(1 minute)"}) as stack:
        demo = Demo(stack, browser)
        demo.play()
        logs = {function: stack.logs(function) for function in FUNCTIONS}
        mails = [f"{mail.subject}\n{mail.text}\n{mail.html}" for mail in stack.mails()]

    assert [step.name for step in demo.report.steps if not step.ok] == []
    for place, text in [*logs.items(), *(("mail", mail) for mail in mails)]:
        assert seed.PASSWORD not in text, place
        assert stack.client_secret not in text, place
        assert not _JWT.search(text), place
