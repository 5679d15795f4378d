"""Who tried what is seen afterwards, and no log holds a name or an address that a person typed."""

import json

from local.ongoing.seed import USERNAME, WAREHOUSE
from tests.functions.deployed import Browser


def test_sign_ins_and_refusals_are_traced_by_hashes(operator: Browser) -> None:
    """The same person is the same hash, however the name is written; another one is another."""
    deployed = operator.deployed
    Browser(deployed).login()
    for username in (USERNAME, USERNAME.upper(), "somebody-else"):
        Browser(deployed).login(username=username, password="guess")
    refused = deployed.logged("sign_in_refused")[-3:]
    came = deployed.logged("signed_in")[-1]

    assert [line["integration"] for line in refused] == [WAREHOUSE] * 3
    assert [line["problem"] for line in refused] == ["refused"] * 3
    assert refused[0]["user"] == refused[1]["user"] == came["user"] != refused[2]["user"]
    assert {line["network"] for line in refused} == {came["network"]}


def test_no_log_holds_what_a_person_typed(operator: Browser) -> None:
    """Not the user's name, not the address in the network, and not what is no system."""
    deployed = operator.deployed
    Browser(deployed).login(username="a-very-special-name", password="guess")
    Browser(deployed).login(system="my password by mistake", username="a-very-special-name")
    logs = json.dumps(deployed.logged("sign_in_refused")) + json.dumps(deployed.logged("signed_in"))

    assert "a-very-special-name" not in deployed.logs
    assert "by mistake" not in deployed.logs
    assert "192.0.2.1" not in logs
