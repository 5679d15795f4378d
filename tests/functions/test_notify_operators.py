"""functions/notify_operators: one mail per problem, its reminders, and what became of a mail."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email import message_from_string
from email.policy import default
from typing import Any

import pytest
from aws_lambda_powertools.utilities.batch.exceptions import BatchProcessingError
from invoicing.adapters.aws.mailer import SesMailer
from invoicing.application.watch_service import SILENT_AFTER
from invoicing.domain.errors import ConfigurationError, InvoicingError, RetryLaterError
from invoicing.domain.integration_settings import settings_fingerprint
from invoicing.domain.notice import UNSENT_AFTER, Notice, NoticeKind, broken_notice_id
from invoicing.domain.sent_work import Closing, SentWork

from local.ongoing.seed import WAREHOUSE
from tests.functions.deployed import CUSTOM_DOMAIN, Browser, Deploy, Deployed, event, request

NEW, CHANGED = "notify_operators__new_notice", "notify_operators__changed_notice"
HOURLY, BOUNCE = "notify_operators__hourly", "notify_operators__bounce"
ADDRESS = "ekonomi@nordlager.example"
NOTICE_ID = broken_notice_id(WAREHOUSE, datetime(2026, 3, 2, 8, tzinfo=UTC))  # that of the event files


@pytest.fixture
def broken(deploy: Deploy) -> Deployed:
    """A connection that broke just now, whose notice nobody was sent yet."""
    deployed = deploy(public_base_url=CUSTOM_DOMAIN)
    browser = Browser(deployed)
    started = browser.send("landing", request("landing__login", headers={"Origin": CUSTOM_DOMAIN}))
    state = started.location.partition("state=")[2].partition("&")[0]
    browser.approve({"state": state, "scope": "companyinformation invoice", "account_type": "service"})
    store_settings(browser)
    deployed.notices.close(f"verify#{WAREHOUSE}#{deployed.integration.version}")  # not what these tests are about
    deployed.integrations.mark_broken(WAREHOUSE, at=deployed.clock())
    put_broken(deployed, NOTICE_ID)
    return deployed


def store_settings(browser: Browser) -> None:
    """*Create*, on the custom domain."""
    shown = browser.look("/settings")
    form = {
        "csrf": shown.csrf,
        "version": settings_fingerprint(None),
        "problem_address": ADDRESS,
        "from_date": "2025-01-01",
        "export_when": "period_ended",
        "rows": "summed",
        "row_text": "title",
        "account_source": "wms",
        "default_unit": "st",
        "price_meaning": "detect",
        "invoice_text": "title_and_period",
        "currency_rule": "must_match",
        "language": "en",
    }
    page = browser.send("portal", request("portal__save_settings", form=form, headers={"Origin": CUSTOM_DOMAIN}))
    assert page.status == 303, page.text


def put_broken(deployed: Deployed, notice_id: str) -> None:
    """As follow_keys does it."""
    now = deployed.clock()
    deployed.notices.put_once(
        Notice(
            id=notice_id,
            integration_id=WAREHOUSE,
            kind=NoticeKind.BROKEN,
            created_at=now,
            due_at=now + UNSENT_AFTER,
        )
    )


def sent(deployed: Deployed) -> list[tuple[str, str]]:
    """To whom, and the plain text, of each mail."""
    mails = [message_from_string(mail, policy=default) for mail in deployed.mails()]
    texts = [mail.get_body(("plain",)) for mail in mails]
    return [(str(mail["To"]), str(text.get_content()) if text else "") for mail, text in zip(mails, texts, strict=True)]


def failing(monkeypatch: pytest.MonkeyPatch, error: InvoicingError) -> None:
    """SES takes no mail."""

    def send(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(SesMailer, "send", send)


# ---- the first mail


def test_a_new_notice_is_one_mail_with_a_link_to_a_page(broken: Deployed) -> None:
    """To the address of the settings; the link is on our own domain."""
    answer = broken.invoke("notify_operators", event(NEW))
    ((to, text),) = sent(broken)

    assert answer == {"batchItemFailures": []}
    assert to == ADDRESS
    assert f"{CUSTOM_DOMAIN}/reactivate/" in text


def test_a_notice_that_is_delivered_again_sends_no_second_mail(broken: Deployed) -> None:
    """Streams deliver at least once."""
    for _ in range(3):
        broken.invoke("notify_operators", event(NEW))

    assert len(sent(broken)) == 1


def test_a_change_of_a_notice_is_no_mail(broken: Deployed) -> None:
    """Sending writes to the notice; were that a mail, there would be no end."""
    broken.invoke("notify_operators", event(NEW))
    broken.invoke("notify_operators", event(CHANGED))

    assert len(sent(broken)) == 1


def test_without_an_address_nothing_is_sent_and_the_log_says_so(broken: Deployed) -> None:
    """The integration's page shows the same message."""
    stored = broken.integration
    assert stored.settings is not None
    broken.integrations.put(
        replace(stored, settings=replace(stored.settings, problem_address=""), version=stored.version + 1)
    )
    answer = broken.invoke("notify_operators", event(NEW))

    assert answer == {"batchItemFailures": []}
    assert sent(broken) == []
    assert [line["reason"] for line in broken.logged("notice_not_sent")] == ["no address"]


def test_a_problem_that_is_solved_before_its_mail_is_no_mail(broken: Deployed) -> None:
    """Somebody was quicker."""
    stored = broken.integration
    broken.integrations.put(replace(stored, broken_since=None, version=stored.version + 1))
    broken.invoke("notify_operators", event(NEW))

    assert sent(broken) == []


def test_a_notice_that_is_gone_is_no_error(deployed: Deployed) -> None:
    """Its item may have expired while the stream waited."""
    assert deployed.invoke("notify_operators", event(NEW)) == {"batchItemFailures": []}


def test_a_notice_whose_mail_fails_comes_again_and_stops_no_other(
    broken: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other records of the batch are done; the failed one is reported by its place in the stream."""
    made, other = event(NEW), event(NEW)
    other["Records"][0]["dynamodb"]["Keys"]["notice_id"]["S"] = "broken#unknown#2026-03-02T08:00:00.000000Z"
    other["Records"][0]["dynamodb"]["SequenceNumber"] = "111000000000000000009"
    made["Records"] += other["Records"]
    with monkeypatch.context() as patch:
        failing(patch, RetryLaterError("SES SendEmail: AWS is busy"))
        answer = broken.invoke("notify_operators", made)
    broken.invoke("notify_operators", made)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "111000000000000000001"}]}
    assert len(sent(broken)) == 1


def test_a_batch_whose_every_mail_fails_is_an_error_of_the_function(
    broken: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stream holds it and tries again."""
    failing(monkeypatch, RetryLaterError("SES SendEmail: AWS is busy"))

    with pytest.raises(BatchProcessingError):
        broken.invoke("notify_operators", event(NEW))


def test_the_closing_mail_says_what_was_sent(broken: Deployed) -> None:
    """So that nobody has to count what had waited."""
    reactivated = f"reactivated#{WAREHOUSE}#1"
    broken.notices.put_once(
        Notice(
            id=reactivated,
            integration_id=WAREHOUSE,
            kind=NoticeKind.REACTIVATED,
            created_at=broken.clock(),
            closing=Closing(sent=SentWork(count=2, sums={"SEK": Decimal("12345.67")}), held=3),
        )
    )
    made = event(NEW)
    made["Records"][0]["dynamodb"]["Keys"]["notice_id"]["S"] = reactivated
    broken.invoke("notify_operators", made)
    ((to, text),) = sent(broken)

    assert to == ADDRESS
    assert "2 invoices" in text
    assert "12,345.67" in text
    assert "3 invoices are held" in text
    assert "You do not need to do anything" not in text
    assert f"/integrations/{WAREHOUSE}/invoices" in text


def put_not_understood(deployed: Deployed) -> dict[str, Any]:
    """As a refused sign-in puts it: there may be no integration yet. Gives the event that its item leads to."""
    notice_id = f"not_understood#login#list#{deployed.clock().date()}"
    params = {"system": WAREHOUSE, "kind": "list", "unknown": "result: Fakturor"}
    deployed.notices.put_once(
        Notice(
            id=notice_id,
            integration_id=WAREHOUSE,
            kind=NoticeKind.NOT_UNDERSTOOD,
            created_at=deployed.clock(),
            due_at=deployed.clock() + UNSENT_AFTER,
            params=params,
        )
    )
    made = event(NEW)
    made["Records"][0]["dynamodb"]["Keys"]["notice_id"]["S"] = notice_id
    return made


def test_an_answer_that_is_not_understood_is_one_mail_to_whoever_runs_this_service(deploy: Deploy) -> None:
    """Also before anything is connected; and however often the stream and the hour strike."""
    deployed = deploy(public_base_url=CUSTOM_DOMAIN)
    made = put_not_understood(deployed)
    for _ in range(2):
        deployed.invoke("notify_operators", made)
        deployed.clock.advance(timedelta(days=1))
        deployed.invoke("notify_operators", event(HOURLY))
    ((to, text),) = sent(deployed)

    assert to == "on-call@invoicing.example"
    assert "result: Fakturor" in text


def test_a_mail_to_whoever_runs_this_service_that_fails_is_tried_again(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the hourly run, once the stream has given up."""
    deployed = deploy(public_base_url=CUSTOM_DOMAIN)
    made = put_not_understood(deployed)
    with monkeypatch.context() as patch:
        failing(patch, RetryLaterError("SES SendEmail: AWS is busy"))
        with pytest.raises(BatchProcessingError):
            deployed.invoke("notify_operators", made)
    deployed.clock.advance(UNSENT_AFTER)
    deployed.invoke("notify_operators", event(HOURLY))

    assert len(sent(deployed)) == 1


# ---- every hour


def test_reminders_follow_after_one_three_and_seven_days_and_then_no_more(broken: Deployed) -> None:
    """However often the hour strikes."""
    broken.invoke("notify_operators", event(NEW))
    counts = []
    for _ in range(10):
        broken.clock.advance(timedelta(days=1))
        for _ in range(2):
            broken.invoke("notify_operators", event(HOURLY))
        counts.append(len(sent(broken)))

    assert counts == [2, 2, 3, 3, 3, 3, 4, 4, 4, 4]


def test_a_mail_that_the_stream_gave_up_is_sent_by_the_hourly_run(broken: Deployed) -> None:
    """A person who was not told is the one failure that nobody sees."""
    broken.invoke("notify_operators", event(HOURLY))
    before = len(sent(broken))
    broken.clock.advance(UNSENT_AFTER)
    for _ in range(2):
        broken.invoke("notify_operators", event(HOURLY))

    assert before == 0
    assert len(sent(broken)) == 1


@pytest.mark.parametrize(
    "error", [RetryLaterError("SES SendEmail: AWS is busy"), ConfigurationError("SES SendEmail: MessageRejected")]
)
def test_a_reminder_that_fails_stops_no_other_and_is_an_error_of_the_function(
    broken: Deployed, monkeypatch: pytest.MonkeyPatch, error: InvoicingError
) -> None:
    """One address that SES refuses must not keep the others from being told."""
    put_broken(broken, broken_notice_id(WAREHOUSE, broken.clock() + UNSENT_AFTER))
    broken.clock.advance(UNSENT_AFTER)
    tried = []

    def send(_mailer: SesMailer, **mail: object) -> None:
        tried.append(mail["tags"])
        raise error

    monkeypatch.setattr(SesMailer, "send", send)

    with pytest.raises(type(error)):
        broken.invoke("notify_operators", event(HOURLY))
    assert len(tried) == 2


def test_every_hour_somebody_looks_whether_all_get_their_runs(operator: Browser) -> None:
    """Also when a reminder fails; what is counted here rings."""
    deployed = operator.deployed
    deployed.clock.advance(SILENT_AFTER + timedelta(minutes=1))
    deployed.invoke("notify_operators", event(HOURLY))
    (named,) = deployed.logged("integration_without_run")
    (line,) = deployed.logged("service_watched")

    assert named["integration"] == WAREHOUSE
    assert (line["looked_at"], line["silent"], line["left"]) == (1, 1, 0)


# ---- bounces


def test_a_bounced_mail_is_reported_with_its_integration_and_without_the_address(deployed: Deployed) -> None:
    """An alarm counts it, and the line leads to whom it should have reached."""
    answer = deployed.invoke("notify_operators", event(BOUNCE))
    (line,) = deployed.logged("mail_bounced")

    assert answer is None
    assert (line["integration"], line["kind"], line["notice"]) == (WAREHOUSE, "Bounce", "broken")
    assert ADDRESS not in deployed.logs


@pytest.mark.parametrize(
    "detail", [None, {}, {"mail": None}, {"mail": {"tags": None}}, {"mail": {"tags": {"integration": []}}}]
)
def test_a_bounce_of_another_shape_is_reported_all_the_same(deployed: Deployed, detail: object) -> None:
    """SES has many kinds of events, and more to come."""
    deployed.invoke("notify_operators", event(BOUNCE) | {"detail": detail})

    assert len(deployed.logged("mail_bounced")) == 1
