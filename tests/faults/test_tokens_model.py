"""The token protocol as a model, gone through completely; and what becomes of it without each of its guards."""

from dataclasses import replace

import pytest

from tests.faults.findings import Findings
from tests.faults.model import ALL, BINDINGS, INCURABLE, NANGO_LIKE, OURS, PERSONAL, Explored, Fault, Protocol, explore

_CURABLE = ALL - INCURABLE
_FAMILY = pytest.mark.parametrize("family", [True, False], ids=["a reuse ends the family", "a reuse is only refused"])

# Each guard taken out, the mode and the faults in which that shows.
_WITHOUT: tuple[tuple[Protocol, frozenset[Fault]], ...] = (
    (replace(PERSONAL, name="without a lease that outlives its holder", lease_outlives_holder=False), _CURABLE),
    (replace(PERSONAL, name="without compare-and-swap", compare_and_swap=False), _CURABLE),
    (replace(PERSONAL, name="without journal", journal=False, read_journal=False), _CURABLE),
    (replace(PERSONAL, name="without reading the journal", read_journal=False), _CURABLE),
    (replace(PERSONAL, name="without intent", intent=False), _CURABLE),
    (replace(OURS, name="without quarantine", quarantine=False), ALL),
    (replace(OURS, name="without client credentials", client_credentials=False), ALL),
)


def _explored(
    findings: Findings,
    name: str,
    protocol: Protocol,
    faults: frozenset[Fault],
    *,
    at_most: int,
    workers: int = 2,
    family: bool = True,
) -> Explored:
    found = explore(protocol, faults, at_most=at_most, workers=workers, family_revocation=family)
    findings.models[name] = {
        "loses": bool(found.problem),
        "states": found.states,
        "problem": found.problem,
        "trace": list(found.trace),
    }
    return found


@_FAMILY
def test_service_mode_loses_nothing_in_any_three_faults(family: bool, findings: Findings) -> None:
    """Three workers, every interleaving, every choice of up to three faults."""
    name = f"service mode, 3 workers, any 3 faults, {'family ends' if family else 'only refused'}"
    found = _explored(findings, name, OURS, ALL, at_most=3, workers=3, family=family)

    assert found.trace == ()
    assert found.states > 5_000


@_FAMILY
def test_personal_mode_loses_only_to_the_incurable(family: bool, findings: Findings) -> None:
    """Without those three classes, no choice of up to three faults loses anything."""
    name = f"personal mode, 3 workers, any 3 curable faults, {'family ends' if family else 'only refused'}"
    found = _explored(findings, name, PERSONAL, _CURABLE, at_most=3, workers=3, family=family)

    assert found.trace == ()


@pytest.mark.parametrize("fault", sorted(INCURABLE))
def test_the_incurable_classes_are_incurable(fault: Fault) -> None:
    """The control of the control: if these lost nothing, the model would prove nothing."""
    assert explore(PERSONAL, frozenset({fault}), at_most=1).problem


@pytest.mark.parametrize(("protocol", "faults"), _WITHOUT, ids=[protocol.name for protocol, _ in _WITHOUT])
def test_without_a_guard_the_protocol_fails(
    protocol: Protocol, faults: frozenset[Fault], findings: Findings, capsys: pytest.CaptureFixture[str]
) -> None:
    """A shortest trace shows how; the same faults do no harm with the guard."""
    found = _explored(findings, protocol.name, protocol, faults, at_most=2)
    print(protocol.name, *found.trace, found.problem, sep="\n  ")

    assert found.problem
    assert found.problem in capsys.readouterr().out
    assert explore(OURS if faults is ALL else PERSONAL, faults, at_most=2).trace == ()


@pytest.mark.parametrize(
    "fault",
    [Fault.STORE_DOWN, Fault.LEASE_LAPSES, Fault.OTHER_WRITER, *sorted(INCURABLE)],
)
def test_a_lock_and_one_save_lose_tokens(fault: Fault, findings: Findings) -> None:
    """What systems with rotating tokens usually do loses some to any of these, each alone."""
    found = _explored(findings, f"Nango-like, {fault}", NANGO_LIKE, frozenset({fault}), at_most=1)

    assert found.problem


def test_every_action_of_the_model_is_a_function_of_the_code() -> None:
    """A model of something else would prove nothing: each label has its function."""
    labels: set[str] = set()
    for protocol in (OURS, PERSONAL):
        for fault in (Fault.NOT_SENT, Fault.STORE_DOWN, Fault.REPLY_LOST):
            labels.update(_labels(protocol, fault))

    ours = {label.partition(" ")[2] for label in labels if label[0].isdigit()}
    told_by_the_world = {"receives a pair", "is refused", "is done", "finds a newer version", "saves once more"}
    assert ours - told_by_the_world <= set(BINDINGS)
    assert all(callable(function) for function in BINDINGS.values())


def _labels(protocol: Protocol, fault: Fault) -> set[str]:
    from tests.faults.model import Model, State

    model = Model(protocol, frozenset({fault}), family_revocation=True)
    seen: set[State] = set()
    labels: set[str] = set()
    left = [State()]
    while left:
        state = left.pop()
        for label, then in model.steps(state):
            labels.add(label)
            if then not in seen:
                seen.add(then)
                left.append(then)
    return labels
