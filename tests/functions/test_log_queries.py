"""Every question to the log finds what it promises, in lines that the functions wrote in the situation it is for."""

from collections.abc import Callable, Mapping

import pytest
from invoicing.runtime.log_queries import QUERIES
from invoicing.runtime.observability import TAKEN

from tests.functions import troubles
from tests.functions.operating import Operator
from tests.support.insights import asked, fields_of, lines_of

type Situation = Callable[[Operator, pytest.MonkeyPatch], None]

# What brings it about, and the messages that must be found.
FINDS: Mapping[str, tuple[Situation, set[str]]] = {
    "everything": (troubles.all_is_well, {"run_finished", "token_access"}),
    "silent": (troubles.nobody_runs, {"integration_without_run"}),
    "failed-runs": (troubles.ongoing_is_down, {"run_failed"}),
    "slow": (troubles.ongoing_is_down, {"run_finished"}),
    "errors": (troubles.garbage_comes, {"our_defect", ""}),
    "defects": (troubles.nothing_opens, {"our_defect"}),
    "unhidden": (troubles.all_is_well, {"messages_not_hidden"}),  # the event's receipts are no real ones
    "pages": (troubles.gateway_gives_up, {""}),
    "broken-pages": (troubles.page_crashes, {"page_crashed"}),
    "third-sink": (troubles.both_stores_refuse, {"token_third_sink"}),
    "client-refused": (troubles.client_is_refused, {"token_access"}),
    "key-faults": (troubles.keys_are_damaged, {"token_recovery"}),
    "unsettled": (troubles.answer_is_lost_and_found_out, {"token_unsettled", "token_recovery"}),
    "lost-answers": (troubles.answer_is_lost, {"token_outcome_unknown"}),
    "healed": (troubles.answer_is_lost_and_found_out, {"token_healed_by_client_credentials"}),
    "repeated-writes": (troubles.write_is_repeated, {"token_write_repeated"}),
    "refused-keys": (troubles.keys_are_dead, {"token_refused_once", "token_dead"}),
    "objective": (troubles.all_is_well, {"token_access"}),
    "worst-keys": (troubles.fortnox_is_down, {"token_access"}),
    "lost-keys": (troubles.answer_is_lost, {"token_outcome_unknown"}),
    "mails": (troubles.mail_bounces, {"mail_bounced"}),
    "confirmations": (troubles.address_is_changed, {"settings_saved", "mail_to_confirm"}),
    "guesses": (troubles.password_is_guessed, {"sign_in_refused"}),
    "networks": (troubles.password_is_guessed, {"served"}),
    "sign-ins": (troubles.somebody_signs_in, {"signed_in"}),
    "disconnected": (troubles.somebody_disconnects, {"integration_disconnected"}),
    "fortnox-drift": (troubles.fortnox_has_new_fields, {"fortnox_drift"}),
    "wms-drift": (troubles.ongoing_has_new_names, {"wms_filter_useless", "wms_name_unknown"}),
    "not-understood": (troubles.ongoing_is_not_understood, {"wms_not_understood"}),
}
# Fields that only some of the lines have.
SELDOM = {"where", "invoice", "seconds", "filter", "lasting", "late", "kind", "problem", "notice", "outcome"}
NOT_HERE = {"silent": {"reason"}, "mails": {"reason"}}  # of other lines than these


def test_every_question_is_tried() -> None:
    """One that is added is added here."""
    assert set(FINDS) == set(QUERIES)


@pytest.mark.parametrize("name", FINDS)
def test_a_question_finds_what_it_promises_and_nothing_before(
    on_duty: Operator, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """By its own filter, in the logs that it names, with the fields that it shows."""
    situation, messages = FINDS[name]
    before = on_duty.type(f"logs {name} --json")
    situation(on_duty, monkeypatch)
    found = on_duty.type(f"logs {name} --json").rows()

    assert before.out == "[]\n"
    assert messages <= {str(row.get("message", "")) for row in found}
    assert fields_of(QUERIES[name].text) - SELDOM - NOT_HERE.get(name, set()) <= {
        field for row in found for field in row
    }


def test_an_exception_that_nobody_caught_is_found(on_duty: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no JSON; neither is what Lambda writes of a function that it stopped."""
    troubles.garbage_comes(on_duty, monkeypatch)
    stopped = "2026-03-02T08:00:05.000Z 6bc28136-xmpl-4365-b021-0ce6b2e64ab0 Task timed out after 300.00 seconds"
    on_duty.deployed.logged_elsewhere("keep_tokens", stopped)
    found = [row["@message"] for row in on_duty.type("logs errors --json").rows()]

    assert any(line.startswith("[ERROR] RuntimeError: no message of the batch") for line in found)
    assert stopped in found


def test_the_reference_of_a_page_leads_to_its_line(on_duty: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person reads it to us over the telephone."""
    troubles.page_crashes(on_duty, monkeypatch)
    (row,) = on_duty.type("logs broken-pages --json").rows()

    assert row["reference"] in "\n".join(on_duty.deployed.shown_bodies())
    assert row["reason"] == "RuntimeError"
    assert "fails" in row["where"]


def test_no_name_of_a_field_breaks_what_tells_of_it(on_duty: Operator) -> None:
    """Python's logging refuses some names by an exception, which would hold the invoice that was being told of."""
    report = on_duty.deployed.function("sync_invoices").parts.report
    report("a_line", {**dict.fromkeys(TAKEN, "x"), "element": "y"})
    (line,) = on_duty.deployed.logged("a_line")

    assert (line["element"], line["name_"], line["message"]) == ("y", "x", "a_line")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ('filter message = "a" and not_there = "x"', []),
        ('filter message = "a" or message = "b"', ["a", "b"]),
        ('filter message in ["a", "c"] and outcome not in ["bad"]', ["c"]),
        ("filter @message like /\\[ERROR\\]|x/", ["[ERROR] x"]),
        ("filter seconds >= 10", ["b"]),
        ('filter (message = "a" or message = "b") and ispresent(seconds)', ["b"]),
    ],
)
def test_filters_are_read_as_cloudwatch_reads_them(query: str, found: list[str]) -> None:
    """The control of all tests here."""
    lines = lines_of(
        '{"message": "a", "outcome": "bad"}\n{"message": "b", "seconds": "12"}\n{"message": "c"}\n[ERROR] x'
    )

    assert [line.get("message", line["@message"]) for line in asked(query, lines)] == found


@pytest.mark.parametrize("query", ["filter a ~ b", "filter a = ", 'parse @message "x"', 'filter (a = "b"'])
def test_a_filter_that_is_not_understood_is_no_filter(query: str) -> None:
    """It must not pass everything, or nothing."""
    with pytest.raises(ValueError, match=r"known|not understood|missing|too early"):
        asked(query, lines_of('{"a": "b"}'))
