"""The specification goes onto its invoice in Fortnox, once, and never holds up or doubles the invoice."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pypdfium2
import pytest
from invoicing.application.change_integration import export_again, save_settings
from invoicing.application.decide_invoice import decide_invoice
from invoicing.application.ports import SyncRequest
from invoicing.application.send_notice import send_notice
from invoicing.application.sync_integration import sync_integration
from invoicing.domain.attachment import Attachment
from invoicing.domain.decision import Way
from invoicing.domain.export import EventKind, Export, ExportState
from invoicing.domain.integration_settings import IntegrationSettings, RowGrouping, settings_fingerprint
from invoicing.domain.issue import IssueCode
from invoicing.domain.notice import NoticeKind
from invoicing.domain.standing import Situation, standing_of

from local.fortnox.files import AttachedFile
from local.fortnox.seed import TENANT_ID
from local.ongoing.seed import EUROS, MANY_CHARGES, PLAIN, USERNAME, WAREHOUSE
from tests.support.world import World

SENT = 6  # of the demo's invoices
OURS = "specification-"
SAID = "what must not be logged"


class Office(World):
    """A connected warehouse that attaches specifications, before its first run."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.connect()
        self.attach_specifications()

    @property
    def settings(self) -> IntegrationSettings:
        integration = self.integrations.get(WAREHOUSE)
        assert integration is not None
        assert integration.settings is not None
        return integration.settings

    def only_plain(self) -> None:
        """A system whose only invoice has nothing wrong with it."""
        warehouse = self.ongoing.warehouse(WAREHOUSE)
        plain = self.ongoing.invoice(WAREHOUSE, PLAIN)
        self.ongoing.put_warehouse(replace(warehouse, invoices=(plain,)))

    def switch(self, *, attach: bool) -> None:
        """The tick under Settings, where the approval covers it."""
        integration = self.integrations.get(WAREHOUSE)
        assert integration is not None
        save_settings(
            self.change_tools(),
            integration,
            replace(self.settings, attach_specification=attach),
            seen=settings_fingerprint(self.settings),
            by=USERNAME,
        )

    def record(self, invoice_id: int = MANY_CHARGES) -> Export:
        found = self.exports.get(WAREHOUSE, invoice_id)
        assert found is not None
        return found

    def attachment(self, invoice_id: int = MANY_CHARGES) -> Attachment:
        there = self.record(invoice_id).attachment
        assert there is not None
        return there

    def files(self, invoice_id: int = MANY_CHARGES) -> list[AttachedFile]:
        return self.fortnox.attached_files(TENANT_ID, self.record(invoice_id).fortnox_number)

    def calls_of(self, path: str) -> int:
        return sum(path in one.path and "/oauth" not in one.path for one in self.fortnox.calls())

    def again(self, invoice_id: int = MANY_CHARGES) -> None:
        """*Export again*, and the run that does it."""
        integration = self.integrations.get(WAREHOUSE)
        assert integration is not None
        export_again(self.change_tools(), integration, invoice_id, kind=EventKind.EXPORT_AGAIN, by=USERNAME)
        self.later(minutes=15)
        self.run(by=USERNAME)

    def change(self, invoice_id: int = MANY_CHARGES) -> None:
        """Somebody takes it back in Ongoing, changes a charge, and it is sent again."""
        there = self.ongoing.invoice(WAREHOUSE, invoice_id)
        first = replace(there.charges[0], quantity=there.charges[0].quantity + 1)
        self.ongoing.put_invoice(WAREHOUSE, replace(there, charges=(first, *there.charges[1:]), is_exported=False))
        self.later(minutes=15)
        self.run()

    def refuse(self, method: str, path: str, status: int = 400, times: int | None = 1) -> None:
        self.fortnox.add_faults(
            [
                {
                    "effect": "status",
                    "status": status,
                    "body": {"id": "", "error": "x", "message": "Filen kan inte tas emot"},
                    "match": {"method": method, "path_regex": path},
                    "times": times,
                }
            ]
        )

    def cut(self, method: str, path: str, effect: str, times: int | None = 1) -> None:
        self.fortnox.add_faults([{"effect": effect, "match": {"method": method, "path_regex": path}, "times": times}])


def text_of(file: AttachedFile) -> str:
    document: Any = pypdfium2.PdfDocument(file.content)
    return "\n".join(page.get_textpage().get_text_range() for page in document)


@pytest.fixture
def office() -> Office:
    return Office()


def test_each_invoice_has_its_specification_that_goes_out_with_it(office: Office) -> None:
    """One upload and one attachment for each: two calls more, and nothing is asked."""
    summary = office.run()

    assert summary is not None
    assert (summary.sent, summary.failed) == (SENT, 0)
    (file,) = office.files()
    assert file.include_on_send
    assert file.name.startswith(f"{OURS}{office.record().reference}")
    assert f"Specifikation till faktura {office.record().fortnox_number}" in text_of(file)
    assert "SO-88039" in text_of(file)
    assert (office.calls_of("/3/archive"), office.calls_of("fileattachments")) == (SENT, SENT)
    there = office.attachment()
    assert (there.pending, there.issue, bool(there.id)) == (False, None, True)
    assert office.record().history[-1].kind is EventKind.SPECIFICATION_ATTACHED


def test_switched_off_it_costs_no_call_and_no_write() -> None:
    """As it was before there were specifications."""
    world = World()
    world.connect()
    world.run()
    record = world.exports.get(WAREHOUSE, PLAIN)

    assert record is not None
    assert record.attachment is None
    assert not [one for one in world.fortnox.calls() if "archive" in one.path or "fileattachments" in one.path]
    assert [one.kind for one in record.history] == [EventKind.CLAIMED, EventKind.CREATED, EventKind.WRITTEN_BACK]
    assert sum(one.path == "/3/invoices" and one.method == "POST" for one in world.fortnox.calls()) == SENT


def test_it_holds_from_then_on_and_never_backwards() -> None:
    """What was sent before it was switched on stays as it is, through every later run."""
    world = Office()
    world.switch(attach=False)
    world.run()
    world.switch(attach=True)
    world.later(minutes=15)
    world.run()

    assert world.record().attachment is None
    assert world.files() == []


def test_nothing_more_is_done_in_later_runs(office: Office) -> None:
    """Once it is there, no call is spent on it."""
    office.run()
    before = office.calls_of("archive"), office.calls_of("fileattachments")
    for _ in range(3):
        office.later(minutes=15)
        office.run()

    assert (office.calls_of("archive"), office.calls_of("fileattachments")) == before


def test_exported_again_the_new_one_takes_the_place_of_the_old_one(office: Office) -> None:
    """It belongs to the invoice as it is now; the old one goes once the new one is there."""
    office.run()
    (old,) = office.files()
    office.change()
    (new,) = office.files()

    assert new.content != old.content
    assert new.name != old.name
    assert text_of(new) != text_of(old)
    assert office.attachment().old_id == ""
    assert not office.attachment().pending


def test_exported_again_unchanged_nothing_is_uploaded(office: Office) -> None:
    """A person asks, Fortnox is asked whether it is still there, and that is all."""
    office.run()
    uploads = office.calls_of("archive")
    office.again()

    assert office.calls_of("archive") == uploads
    assert len(office.files()) == 1
    assert not office.attachment().pending


def test_what_a_person_removed_is_not_fought_over_and_comes_back_when_asked_for(office: Office) -> None:
    """It is said in the history; the invoice changes, and still none is attached, until somebody presses the button."""
    office.run()
    office.fortnox.person_detaches(TENANT_ID, office.record().fortnox_number, OURS)
    office.change()

    assert office.files() == []
    assert EventKind.SPECIFICATION_REMOVED in {one.kind for one in office.record().history}
    office.change()
    assert office.files() == []
    office.again()
    assert len(office.files()) == 1


def test_a_lost_answer_to_the_attachment_attaches_nothing_twice(office: Office) -> None:
    """The next run looks by the file's id, and adopts."""
    office.cut("POST", "fileattachments", "after")
    office.run()
    office.later(minutes=15)
    office.run()

    for invoice_id in (MANY_CHARGES, PLAIN, EUROS):
        assert len(office.files(invoice_id)) == 1
        assert not office.attachment(invoice_id).pending


def test_a_lost_answer_to_the_upload_only_leaves_a_file_behind(office: Office) -> None:
    """The archive has it twice, the invoice once."""
    office.cut("POST", "archive", "after")
    office.run()
    office.later(minutes=15)
    office.run()

    assert office.calls_of("archive") == SENT + 1
    assert all(len(office.files(one)) == 1 for one in (MANY_CHARGES, PLAIN, EUROS))


def test_a_refused_file_is_an_issue_of_its_own_and_the_invoice_is_done(office: Office) -> None:
    """It is sent, marked and counted as ever; the specification is tried again within the hour, until it works."""
    office.refuse("POST", "archive", times=None)
    summary = office.run()
    record = office.record()

    assert summary is not None
    assert (summary.sent, summary.failed) == (SENT, 0)
    assert (record.state, record.issue) == (ExportState.DONE, None)
    assert office.ongoing.invoice(WAREHOUSE, MANY_CHARGES).is_exported
    issue = office.attachment().issue
    assert issue is not None
    assert (issue.code, issue.params["message"]) == (IssueCode.SPECIFICATION_REFUSED, "Filen kan inte tas emot")
    standing = standing_now(office)
    assert [one.work.count for one in standing.unspecified] == [SENT]
    assert (standing.situation, standing.things_to_do) == (Situation.HELD, len(standing.causes) + 1)
    office.fortnox.clear_faults()
    for _ in range(5):
        office.later(minutes=15)
        office.run()
    assert len(office.files()) == 1
    assert office.attachment().issue is None
    assert standing_now(office).unspecified == ()


def standing_now(office: Office) -> Any:
    integration = office.integrations.get(WAREHOUSE)
    assert integration is not None
    records = office.exports.get_many(WAREHOUSE, sorted(integration.unfinished))
    return standing_of(integration, office.tokens.get(WAREHOUSE), records.values(), now=office.clock())


def test_it_is_told_in_the_mail_of_the_day(office: Office) -> None:
    """An invoice that goes out without what belongs to it is nothing to find out by chance."""
    office.only_plain()
    office.refuse("POST", "archive", times=None)
    office.run()
    office.later(hours=24)
    office.run()
    *_, notice = [one for one in office.notices.all if one.kind is NoticeKind.DIGEST]
    send_notice(office.parts.notice_tools(), notice.id)

    assert "Fortnox tar inte emot specifikationen" in " ".join(office.mailer.sent[-1].text.split())


def test_what_is_refused_is_tried_once_an_hour(office: Office) -> None:
    """A licence that is missing costs no call in each quarter."""
    office.refuse("POST", "archive", times=None)
    office.run()
    before = office.calls_of("archive")
    for _ in range(8):
        office.later(minutes=15)
        office.run()

    assert office.calls_of("archive") == before + 2 * SENT


@pytest.mark.parametrize("status", [403, 400])
def test_a_missing_permission_stops_no_invoice(office: Office, status: int) -> None:
    """The licence for files has gone; invoices go on."""
    office.fortnox.change_options({"permission_status": status})
    company = office.fortnox.state()["companies"][TENANT_ID]
    office.fortnox.change_company(
        TENANT_ID, {"licences": [one for one in company["licences"] if one not in {"archive", "connectfile"}]}
    )
    summary = office.run()

    assert summary is not None
    assert (summary.sent, summary.problem) == (SENT, None)
    issue = office.attachment().issue
    assert issue is not None
    assert issue.code is IssueCode.SPECIFICATION_NOT_PERMITTED


def test_no_answer_in_two_runs_is_an_issue_that_heals_by_itself(office: Office) -> None:
    """Nothing stands still in silence."""
    office.cut("POST", "archive", "before", times=None)
    office.run()
    assert office.attachment().issue is None
    office.later(minutes=15)
    office.run()
    issue = office.attachment().issue
    assert issue is not None
    assert issue.code is IssueCode.SPECIFICATION_NOT_ANSWERED
    office.fortnox.clear_faults()
    for _ in range(5):
        office.later(minutes=15)
        office.run()

    assert len(office.files()) == 1


def test_when_there_is_room_for_no_more_the_old_one_goes_first(office: Office) -> None:
    """Five files go out with an invoice at most: four of somebody's and ours."""
    office.run()
    for place in range(4):
        office.fortnox.person_attaches(TENANT_ID, office.record().fortnox_number, f"villkor-{place}.pdf")
    office.change()
    names = [one.name for one in office.files()]

    assert len(names) == 5
    assert sum(name.startswith(OURS) for name in names) == 1
    assert not office.attachment().pending


def test_beside_five_of_somebody_it_is_an_issue_and_theirs_stay(office: Office) -> None:
    """Nobody's file is taken away but ours."""
    office.run()
    number = office.record().fortnox_number
    office.fortnox.person_detaches(TENANT_ID, number, OURS)
    for place in range(5):
        office.fortnox.person_attaches(TENANT_ID, number, f"villkor-{place}.pdf")
    office.again()  # finds it removed
    office.again()
    issue = office.attachment().issue

    assert issue is not None
    assert issue.code is IssueCode.SPECIFICATION_REFUSED
    assert [one.name for one in office.files()] == [f"villkor-{place}.pdf" for place in range(5)]


def test_a_specification_that_does_not_tie_is_never_attached(office: Office) -> None:
    """Other rows by other settings, before it was attached: an issue, until it is exported again."""
    office.cut("POST", "archive", "before", times=None)
    office.run()
    office.fortnox.clear_faults()
    settings = replace(office.settings, rows=RowGrouping.PER_CHARGE)
    integration = office.integrations.get(WAREHOUSE)
    assert integration is not None
    save_settings(office.change_tools(), integration, settings, seen=settings_fingerprint(office.settings), by=USERNAME)
    office.later(minutes=15)
    office.run()
    issue = office.attachment().issue

    assert issue is not None
    assert issue.code is IssueCode.SPECIFICATION_DIFFERS
    assert office.files() == []
    office.again()
    assert len(office.files()) == 1
    assert office.attachment().issue is None


def test_switched_off_again_a_specification_of_the_invoice_before_goes(office: Office) -> None:
    """It would be sent with an invoice that it does not come to."""
    office.run()
    office.switch(attach=False)
    office.change()

    assert office.files() == []
    assert not office.attachment().pending


def test_a_new_invoice_in_place_of_another_has_a_specification_of_its_own(office: Office) -> None:
    """What is attached to the one before stays there."""
    office.run()
    before = office.record().fortnox_number
    office.fortnox.change_entry(TENANT_ID, "invoices", before, {"Cancelled": True})
    there = office.ongoing.invoice(WAREHOUSE, MANY_CHARGES)
    office.ongoing.put_invoice(WAREHOUSE, replace(there, is_exported=False, charges=there.charges[:-1]))
    office.later(minutes=15)
    office.run()
    decide(office, Way.MAKE_NEW)
    office.later(minutes=15)
    office.run(by=USERNAME)

    assert office.record().fortnox_number != before
    assert len(office.files()) == 1
    assert len(office.fortnox.attached_files(TENANT_ID, before)) == 1


def decide(office: Office, way: Way) -> None:
    integration = office.integrations.get(WAREHOUSE)
    assert integration is not None
    decide_invoice(office.change_tools(), integration, MANY_CHARGES, way=way, by=USERNAME)


def test_an_invoice_that_is_deleted_in_ongoing_needs_none_any_more(office: Office) -> None:
    """What was not attached by then cannot be specified."""
    office.cut("POST", "archive", "before", times=None)
    office.run()
    office.ongoing.remove_invoice(WAREHOUSE, MANY_CHARGES)
    office.fortnox.clear_faults()
    office.later(minutes=15)
    office.run()

    assert not office.attachment().pending
    assert office.record().state is ExportState.DONE


def test_a_defect_in_drawing_is_told_and_the_invoice_is_done(office: Office) -> None:
    """It stops nothing but the file, and is tried again."""
    tools = office.sync_tools()

    def broken(_specification: object) -> bytes:
        raise ZeroDivisionError(SAID)

    run_with(office, replace(tools, draw=broken))
    record = office.record()

    assert record.state is ExportState.DONE
    issue = office.attachment().issue
    assert issue is not None
    assert issue.code is IssueCode.SPECIFICATION_DEFECT
    assert any(event == "our_defect" for event, _ in office.reports)
    assert SAID not in str(office.reports)
    for _ in range(5):
        office.later(minutes=15)
        office.run()
    assert len(office.files()) == 1


def run_with(office: Office, tools: Any) -> None:
    sync_integration(tools, SyncRequest(integration_id=WAREHOUSE, by="schedule", slot="1"))


def test_a_file_that_is_too_large_is_not_even_sent(office: Office) -> None:
    """Fortnox would take it into the archive and refuse to send it."""
    run_with(office, replace(office.sync_tools(), draw=lambda _specification: b"%PDF" * 1_300_000))
    issue = office.attachment().issue

    assert issue is not None
    assert issue.code is IssueCode.SPECIFICATION_TOO_LARGE
    assert office.calls_of("archive") == 0


def test_attached_sums_are_the_invoices(office: Office) -> None:
    """Of the one with three decimals too."""
    office.run()
    for invoice_id in (MANY_CHARGES, PLAIN, EUROS):
        (file,) = office.files(invoice_id)
        net = office.record(invoice_id).fortnox_net
        assert net is not None
        whole = f"{net.quantize(Decimal('0.01')):,}".replace(",", " ").replace(".", ",")
        assert text_of(file).count(whole) >= 2


def test_exported_again_unchanged_it_is_not_looked_at() -> None:
    """What a person does with it in Fortnox is theirs, and a run without news costs one read."""
    office = Office()
    office.only_plain()
    office.run()
    office.ongoing.change_invoice(WAREHOUSE, PLAIN, is_exported=False)
    office.later(minutes=15)
    office.fortnox.clear_calls()
    office.run()

    assert office.calls_of("/3/") == 1
    assert office.record(PLAIN).state is ExportState.DONE


def test_exported_again_unchanged_it_does_not_get_one_that_nobody_asked_for() -> None:
    """The setting was switched on afterwards; *Export again* asks for it."""
    office = Office()
    office.only_plain()
    office.switch(attach=False)
    office.run()
    office.switch(attach=True)
    office.ongoing.change_invoice(WAREHOUSE, PLAIN, is_exported=False)
    office.later(minutes=15)
    office.run()
    unasked = office.files(PLAIN)
    office.again(PLAIN)

    assert unasked == []
    assert [one.name.startswith(OURS) for one in office.files(PLAIN)] == [True]
