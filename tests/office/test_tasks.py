"""The ten tasks of docs/tasks.md, played by the words on the pages, in no more clicks than stand there."""

import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from invoicing.domain.decision import Way
from invoicing.domain.export import ExportState

from local.ongoing import seed
from local.ongoing.faults import Effect, FaultRule
from local.ongoing.seed import PLAIN, WAREHOUSE
from local.tour import HERE
from tests.office.day import Day, words_of
from tests.office.situations import many_sent, troubled

TASKS = Path(__file__).parents[2] / "docs" / "tasks.md"


class Reader:
    """Somebody who reads the words on the page and clicks them; their clicks are counted."""

    def __init__(self, day: Day, path: str = HERE) -> None:
        self.day = day
        self.clicks = 0
        self.typed: dict[str, str] = {}
        self._open(path)

    def click(self, words: str) -> None:
        """A link or a button whose words begin so; a form goes along with what was typed and chosen."""
        self.clicks += 1
        for attributes, inside in re.findall(r"<a ([^>]*)>(.*?)</a>", self.body, re.DOTALL):
            if words_of(inside).startswith(words):
                self._open(_attribute(attributes, "href"))
                return
        for attributes, inside in re.findall(r"<form ([^>]*)>(.*?)</form>", self.body, re.DOTALL):
            for button, text in re.findall(r"<button([^>]*)>(.*?)</button>", inside, re.DOTALL):
                if words_of(text).startswith(words):
                    self._send(attributes, inside, button)
                    return
        raise AssertionError(f"there is nothing to click that begins with {words}")

    def type(self, **fields: str) -> None:
        """Fills in fields of the form that is sent next."""
        self.typed |= fields

    def choose(self, **fields: str) -> None:
        """Chooses from lists, which takes a click each."""
        self.clicks += len(fields)
        for value in fields.values():
            assert f"<option>{value}</option>" in self.body or f'value="{value}"' in self.body
        self.typed |= fields

    @property
    def text(self) -> str:
        """What stands on the page."""
        return words_of(self.body).replace("\u00a0", " ")

    def _open(self, address: str) -> None:
        there = urlsplit(address.replace("&amp;", "&"))
        path = there.path.removeprefix(urlsplit(self.day.tour.base_url).path)
        self.body = self.day.office.get(path, dict(parse_qsl(there.query))).body

    def _send(self, attributes: str, inside: str, button: str) -> None:
        fields: dict[str, str] = {}
        for one in re.findall(r"<input ([^>]*)>", inside):
            if _attribute(one, "type") not in {"radio", "checkbox"} or " checked" in one:
                fields[_attribute(one, "name")] = _attribute(one, "value")
        pressed = {_attribute(button, "name"): _attribute(button, "value")} if 'name="' in button else {}
        fields, self.typed = {**fields, **self.typed, **pressed}, {}
        path = urlsplit(_attribute(attributes, "action")).path.removeprefix(urlsplit(self.day.tour.base_url).path)
        if _attribute(attributes, "method") == "get":
            self.body = self.day.office.get(path, fields).body
            return
        answer = self.day.office.post(path, fields)
        self.body = answer.body
        if answer.status == 303:
            self._open(answer.location)


def _attribute(attributes: str, name: str) -> str:
    found = re.search(rf'\b{name}="([^"]*)"', attributes)
    return found[1].replace("&amp;", "&") if found else ""


def allowed(task: int) -> int:
    """How many clicks docs/tasks.md says that a task takes."""
    found = re.search(rf"^\| {task} \| [^|]+ \| (\d+) \|", TASKS.read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1])


def test_all_ten_tasks_are_written_down() -> None:
    """Each with its clicks."""
    assert [allowed(task) for task in range(1, 11)]


def test_is_everything_all_right() -> None:
    """Read on the first page."""
    reader = Reader(many_sent())

    assert "All clear All that was due is sent." in reader.text
    assert reader.clicks == allowed(1)


def test_what_stops_last_month() -> None:
    """Causes, with the invoices of the month below."""
    reader = Reader(troubled())
    reader.click("See what stops them")

    assert reader.text.count("28 Feb 2026") >= 6
    assert reader.clicks == allowed(2)


def test_mend_a_customer_code_and_send() -> None:
    """The code is mended in Ongoing; one click tries again."""
    day = troubled()
    reader = Reader(day)
    reader.click("See what stops them")
    day.give_customer_code(seed.UNKNOWN, "1001")
    day.give_customer_code(seed.CAFE, "1001")
    reader.click("Try again")
    asked = day.integration.asked

    assert len(asked) == 1
    assert "It is tried again in a moment." in reader.text
    assert reader.clicks == allowed(3)


def test_find_an_invoice_by_its_amount() -> None:
    """However it is written."""
    reader = Reader(troubled())
    reader.click("Invoices")
    reader.type(search="1 084,50")
    reader.click("Show")

    assert "1–1 of 1" in reader.text
    assert f"id {seed.MANY_CHARGES}" in reader.text
    assert reader.clicks == allowed(4)


def test_what_was_sent_on_this_invoice_and_when() -> None:
    """Amounts on both sides and the history."""
    day = troubled()
    record = day.world.exports.get(WAREHOUSE, seed.OWN_NUMBER)
    reader = Reader(day)
    reader.click("Invoices")
    reader.click("880012")

    assert record is not None
    assert f"Number {record.fortnox_number}" in reader.text
    assert "2 Mar 2026, 09:15 Created in Fortnox" in reader.text
    assert reader.clicks == allowed(5)


def test_tie_a_month() -> None:
    """A file whose sums are those of Fortnox."""
    day = troubled()
    reader = Reader(day)
    reader.click("Invoices")
    reader.choose(month="2026-02")
    reader.click("Show")
    reader.click("Reconciliation list of these")

    assert f"{day.truth().in_fortnox.sums['SEK']}" in reader.body
    assert reader.clicks == allowed(6)


def test_hand_over_to_the_agency() -> None:
    """Every step of every invoice as a file."""
    reader = Reader(troubled())
    reader.click("Invoices")
    reader.click("Event log of all invoices")

    assert reader.body.startswith("\ufeffNo.,Time in Sweden,What happened,By")
    assert reader.clicks == allowed(7)


def test_leave_out_an_invoice_for_good() -> None:
    """With the reason, which stays in its history."""
    day = troubled()
    reader = Reader(day)
    reader.click("See what stops them")
    reader.click("Leave it")
    reader.type(note="Double of another one")
    reader.click("Leave it")
    decided = [one for one in day.world.exports.page(WAREHOUSE, limit=50, state=ExportState.HELD)[0] if one.decision]

    assert [one.decision.way for one in decided if one.decision] == [Way.LEAVE]
    assert reader.clicks == allowed(8)


def test_begin_with_last_month_although_this_one_has_begun() -> None:
    """From the settings, before there is an integration."""
    day = Day(created=False)
    reader = Reader(day, f"{HERE}/settings")
    reader.type(problem_address="ekonomi@nordlager.example")
    reader.click("Take them along")
    reader.type(problem_address="ekonomi@nordlager.example")
    reader.click("Create")
    day.world.run()

    assert day.integration.settings is not None
    assert day.truth().in_fortnox.count == 6
    assert reader.clicks == allowed(9)


@pytest.mark.parametrize("why", ["Ongoing is down", "nothing is due"])
def test_why_did_nothing_come_today(why: str) -> None:
    """The first page says it."""
    day = many_sent()
    if why == "Ongoing is down":
        day.world.ongoing.add_fault(FaultRule(effect=Effect.BEFORE, times=None))
        day.later()
    said = {"Ongoing is down": ": Ongoing does not answer.", "nothing is due": "All that was due is sent."}
    reader = Reader(day)

    assert said[why] in reader.text
    assert reader.clicks == allowed(10)


def test_the_invoice_of_the_first_page_is_one_of_them() -> None:
    """The words of the tasks are those of the pages: a reader who knows none of them finds nothing else."""
    reader = Reader(troubled())

    with pytest.raises(AssertionError, match="nothing to click"):
        reader.click(f"Invoice {PLAIN}")
