"""Planned trouble, over a real socket: what the client sees, and what happened all the same."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection, IncompleteRead
from pathlib import Path
from typing import Any

import pytest

from local.fortnox.client_control import ControlError, FortnoxControl
from local.fortnox.seed import TENANT_ID
from local.http import Delivery, Server, serve
from tests.simulators.fortnox_caller import Caller, connected

INVOICE = json.dumps({"Invoice": {"CustomerNumber": "1001"}})


@pytest.fixture
def caller() -> Caller:
    """A connected caller, whose simulator is also served."""
    return connected()


@pytest.fixture
def server(caller: Caller) -> Iterator[Server]:
    """The caller's simulator on a free port."""
    with serve(caller.simulator.handle) as server:
        yield server


@pytest.fixture
def control(server: Server) -> FortnoxControl:
    """The control of the served simulator."""
    return FortnoxControl(server.url)


def post_invoice(caller: Caller, server: Server) -> tuple[int, str, bytes]:
    """Status, content type and body of one POST on a connection of its own."""
    connection = HTTPConnection(server.host, server.port, timeout=10)
    try:
        headers = {"Authorization": f"Bearer {caller.access_token}", "Content-Type": "application/json"}
        connection.request("POST", "/3/invoices", body=INVOICE, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read()
    finally:
        connection.close()


def rule(effect: str, **fields: Any) -> dict[str, Any]:
    return {"match": {"method": "POST", "path_regex": "^/3/invoices"}, "effect": effect, **fields}


def test_a_lost_request_has_no_effect(caller: Caller, server: Server, control: FortnoxControl) -> None:
    """The client sees a reset, and the next try creates the only invoice."""
    control.add_faults(rule("before"))
    with pytest.raises(ConnectionError):
        post_invoice(caller, server)
    lost = control.invoices(TENANT_ID)
    status, _, _ = post_invoice(caller, server)

    assert lost == {}
    assert status == 201
    assert [(call["status"], call["fault"]) for call in control.calls()[-2:]] == [
        (None, "before"),
        (201, None),
    ]


def test_a_lost_reply_has_its_effect(caller: Caller, server: Server, control: FortnoxControl) -> None:
    """The client sees the same reset, and the invoice is there."""
    control.add_faults(rule("after"))
    with pytest.raises(ConnectionError):
        post_invoice(caller, server)

    assert list(control.invoices(TENANT_ID)) == ["1"]


def test_a_truncated_reply_has_its_effect(caller: Caller, server: Server, control: FortnoxControl) -> None:
    """Half of the promised body arrives."""
    control.add_faults(rule("truncate"))
    with pytest.raises(IncompleteRead):
        post_invoice(caller, server)

    assert list(control.invoices(TENANT_ID)) == ["1"]


@pytest.mark.parametrize("commit", [False, True])
def test_a_status_comes_before_or_after_the_effect(
    caller: Caller, server: Server, control: FortnoxControl, commit: bool
) -> None:
    """The client cannot tell the two apart."""
    control.add_faults(rule("status", status=503, body={"message": "later"}, commit=commit))
    status, content_type, body = post_invoice(caller, server)

    assert (status, content_type, json.loads(body)) == (503, "application/json", {"message": "later"})
    assert len(control.invoices(TENANT_ID)) == int(commit)


def test_a_gateway_page_can_replace_the_reply(caller: Caller, server: Server, control: FortnoxControl) -> None:
    """It is HTML with status 502."""
    control.add_faults(rule("html"))
    status, content_type, _ = post_invoice(caller, server)

    assert (status, content_type) == (502, "text/html; charset=UTF-8")


def test_the_content_type_and_the_body_can_be_wrong(caller: Caller, server: Server, control: FortnoxControl) -> None:
    """One rule is used up, then the next one is due."""
    control.add_faults(rule("content_type", content_type="text/plain"), rule("body", body="{"))
    first = post_invoice(caller, server)
    second = post_invoice(caller, server)

    assert (first[0], first[1], json.loads(first[2])["Invoice"]["DocumentNumber"]) == (201, "text/plain", "1")
    assert (second[0], second[2]) == (201, b"{")


def test_a_rule_can_wait_for_the_nth_call_and_repeat(caller: Caller, server: Server, control: FortnoxControl) -> None:
    """Two calls pass, two fail, the fifth passes."""
    match = {"method": "POST", "tenant": TENANT_ID, "nth": 3}
    control.add_faults({"match": match, "times": 2, "effect": "status", "status": 429})
    statuses = [post_invoice(caller, server)[0] for _ in range(5)]

    assert statuses == [201, 201, 429, 429, 201]


def test_a_rule_can_be_about_one_grant() -> None:
    """A refresh whose reply is lost spends the token; client credentials still work."""
    caller = Caller()
    token = caller.connect()["refresh_token"]
    caller.simulator.add_faults([{"match": {"grant_type": "refresh_token"}, "effect": "after"}])
    granted = caller.token(tenant=TENANT_ID, grant_type="client_credentials")
    lost = caller.token(grant_type="refresh_token", refresh_token=token)
    again = caller.token(grant_type="refresh_token", refresh_token=token)

    assert granted.status == 200
    assert lost.delivery is Delivery.RESET
    assert again.status == 400


def test_a_late_request_has_its_effect_only_later() -> None:
    """Until it is resumed nothing happened, so a client may have given up long before."""
    caller = connected()
    caller.simulator.add_faults([rule("delay", seconds=30)])
    late = caller.api("POST", "/3/invoices", json.loads(INVOICE))
    before = caller.simulator.state()["companies"][TENANT_ID]["invoices"]
    assert late.resume is not None
    resumed = late.resume()
    after = caller.simulator.state()["companies"][TENANT_ID]["invoices"]

    assert (late.delay_seconds, before, list(after)) == (30, {}, ["1"])
    assert resumed.status == 201


def test_a_late_reply_had_its_effect_at_once() -> None:
    """The server delivers it after the delay."""
    caller = connected()
    caller.simulator.add_faults([rule("delay", seconds=30, commit=True)])
    late = caller.api("POST", "/3/invoices", json.loads(INVOICE))

    assert (late.status, late.delay_seconds, late.resume) == (201, 30, None)
    assert list(caller.simulator.state()["companies"][TENANT_ID]["invoices"]) == ["1"]


def test_a_stopped_server_ends_delayed_replies(caller: Caller) -> None:
    """Stopping does not wait for them."""
    caller.simulator.add_faults([rule("delay", seconds=3600)])
    server = serve(caller.simulator.handle)
    connection = HTTPConnection(server.host, server.port, timeout=10)
    connection.request("POST", "/3/invoices", body=INVOICE)
    server.stop()

    with pytest.raises(ConnectionError):
        connection.getresponse()
    connection.close()


def test_the_control_says_what_is_wrong(control: FortnoxControl) -> None:
    """Unknown companies, options, effects and controls are refused with a reason."""
    with pytest.raises(ControlError, match="effect"):
        control.add_faults({"match": {}})
    with pytest.raises(ControlError, match="no option 'speed'"):
        control.change_options(speed=1)
    with pytest.raises(ControlError, match="takes a bool"):
        control.change_options(total_rounded=1)
    with pytest.raises(ControlError, match="have no '77'"):
        control.change_invoice(TENANT_ID, "77", Booked=True)


def test_a_reset_brings_the_first_state_back(caller: Caller, server: Server, control: FortnoxControl) -> None:
    """Invoices, faults, options, calls and tokens are gone."""
    post_invoice(caller, server)
    control.change_options(rate_limit=1)
    control.add_faults(rule("html", times=None))
    control.reset()
    calls = control.calls()
    status, _, _ = post_invoice(caller, server)

    assert calls == []
    assert control.invoices(TENANT_ID) == {}
    assert status == 401


def test_the_simulator_runs_as_a_process(tmp_path: Path) -> None:
    """It writes its port, answers, and stops on SIGTERM."""
    port_file = tmp_path / "port"
    command = [sys.executable, "-m", "local.fortnox", "--port-file", str(port_file)]
    root = Path(__file__).parents[2]
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True, env={**os.environ})
    try:
        assert process.stdout is not None
        announced = process.stdout.readline()
        control = FortnoxControl(f"http://127.0.0.1:{int(port_file.read_text())}")
        companies = control.state()["companies"]
    finally:
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=30)

    assert "listens on http://127.0.0.1:" in announced
    assert TENANT_ID in companies
    assert (process.returncode, output) == (0, "")


# Latency.


def test_every_call_takes_its_time_half_of_it_before_its_effect() -> None:
    """With jitter each call takes another; a fault in force adds its own."""
    caller = connected()
    caller.simulator.change_options({"latency": 0.1, "latency_jitter": 0.3})
    replies = [caller.api("GET", "/3/units") for _ in range(20)]
    before = len(caller.simulator.calls())
    travelled = [reply.resume() for reply in replies if reply.resume is not None]
    delays = {reply.delay_seconds for reply in replies}

    assert len(caller.simulator.calls()) - before == len(travelled) == 20
    assert {reply.status for reply in travelled} == {200}
    assert [reply.delay_seconds for reply in travelled] == [reply.delay_seconds for reply in replies]
    assert min(delays) >= 0.05
    assert max(delays) <= 0.2
    assert len(delays) == 20


def test_an_option_has_no_other_values_than_its_own() -> None:
    """A misspelt one would switch nothing."""
    caller = connected()

    with pytest.raises(ValueError, match="is one of parts, starts, exact"):
        caller.simulator.change_options({"reference_search": "beginning"})
