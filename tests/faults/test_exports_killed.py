"""The deployed run on the wire: its process killed and its requests cut around the POST of an invoice."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest
from invoicing.domain.tokens import Mode

from tests.faults.deployed_connection import RUN_EVERY, DeployedConnection
from tests.faults.findings import Findings
from tests.faults.share import Share
from tests.faults.wires import Blow, Exchange, Strike

_OUTSIDE = re.compile(r"Fortnox POST /3/invoices|Ongoing UpdateInvoice")
_RECORD = "ExportsTable UpdateItem"


def strikes(undisturbed: Sequence[Exchange]) -> Iterator[Strike]:
    """Every blow between the claim of an invoice and the end of its record."""
    counts = Counter[str]()
    for call in (exchange.call for exchange in undisturbed):
        counts[call] += 1
        if _OUTSIDE.match(call):
            yield Strike(call=call, nth=counts[call], blow=Blow.KILLED_BEFORE)
        if _OUTSIDE.match(call) or call == _RECORD:
            for blow in (Blow.KILLED_AFTER, Blow.CUT_BEFORE, Blow.CUT_AFTER):
                yield Strike(call=call, nth=counts[call], blow=blow)


@pytest.mark.enumerated
def test_an_invoice_whose_run_is_killed_or_cut_is_in_fortnox_once_and_marked(
    connection: DeployedConnection, share: Share, findings: Findings
) -> None:
    """Whatever the run could not tell any more, the next one finds out before it sends again.

    That is the one of the same message, which comes again when nobody has taken it off, or that of the next schedule.
    """
    connection.connect(Mode.SERVICE)
    connection.until_sent([connection.invoice()])  # afterwards the articles are known
    waiting = [connection.invoice()]
    planned = list(strikes(connection.invoke("sync_invoices")))
    complaints: list[str] = []
    for strike in share.pick(planned):
        for comes_again in (True, False) if strike.blow.kills else (False,):
            waiting.append(connection.invoice())
            connection.invoke("sync_invoices", strike)
            if comes_again:
                connection.deliver_again()
            else:
                connection.pass_time(RUN_EVERY)
                connection.invoke("sync_invoices")
            if not connection.is_sent_once(waiting[-1]):
                complaints.append(f"{strike}, and not sent by {'the same message' if comes_again else 'the next run'}")
            connection.pass_time(RUN_EVERY)
        findings.count_strike("an invoice is sent", strike, needs_a_human=False, fate=None)
    connection.invoke("sync_invoices")
    again = [one for one in waiting if not connection.is_sent_once(one)]

    assert complaints == []
    assert again == []
    assert len(planned) == 26
