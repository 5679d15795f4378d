"""The port Sealer: what its fake and its real adapter both promise."""

from collections.abc import Callable

import pytest
from invoicing.adapters.aws.branch_keys import BranchKeySealer
from invoicing.adapters.aws.sealing import KmsSealer
from invoicing.application.ports import CannotOpenError, Sealer

from tests.support.aws import Aws
from tests.support.fakes import FakeSealer

SECRET = b'{"refresh_token": "r-1"}' * 40
CONTEXT = {"integration": "lagret", "chain": "chain-1", "version": "1"}

type SealerOf = Callable[[str], Sealer]


@pytest.fixture(params=["data keys", "branch key"])
def sealer_of(aws: Aws | None, request: pytest.FixtureRequest) -> SealerOf:
    """New sealers of named environments that share one key, and nothing that a process remembers."""
    if aws is None:
        return FakeSealer
    kms, key = aws.kms, aws.key()
    if request.param == "branch key":
        table = aws.table("IntegrationsTable")
        return lambda environment: BranchKeySealer(kms, key, aws.dynamodb, table, environment=environment)
    return lambda environment: KmsSealer(kms, key, environment=environment)


@pytest.mark.parametrize("plaintext", [b"", b"x", SECRET])
def test_what_was_sealed_is_opened(sealer_of: SealerOf, plaintext: bytes) -> None:
    """By the same process and by another one."""
    sealer = sealer_of("prod")
    sealed = sealer.prepare(CONTEXT)(plaintext)

    assert sealer.open(sealed, CONTEXT) == plaintext
    assert sealer_of("prod").open(sealed, dict(reversed(CONTEXT.items()))) == plaintext


def test_the_sealed_text_shows_nothing(sealer_of: SealerOf) -> None:
    """No plaintext shines through, and equal texts do not look equal between data keys."""
    sealed = sealer_of("prod").prepare(CONTEXT)(SECRET)

    assert b"refresh_token" not in sealed
    assert b"r-1" not in sealed


@pytest.mark.parametrize(
    "context",
    [
        CONTEXT | {"version": "2"},
        CONTEXT | {"integration": "norden"},
        CONTEXT | {"extra": ""},
        {"integration": "lagret", "chain": "chain-1"},
        {},
    ],
)
def test_another_context_never_opens(sealer_of: SealerOf, context: dict[str, str]) -> None:
    """Not even in the process that sealed it and remembers the data key."""
    sealer = sealer_of("prod")
    sealed = sealer.prepare(CONTEXT)(SECRET)

    with pytest.raises(CannotOpenError):
        sealer.open(sealed, context)
    with pytest.raises(CannotOpenError):
        sealer_of("prod").open(sealed, context)


def test_another_environment_never_opens(sealer_of: SealerOf) -> None:
    """A copy of the data in staging cannot spend a production token, even with the same key."""
    sealed = sealer_of("prod").prepare(CONTEXT)(SECRET)

    with pytest.raises(CannotOpenError):
        sealer_of("staging").open(sealed, CONTEXT)


@pytest.mark.parametrize("position", [0, 2, 40, -1])
def test_a_damaged_text_never_opens(sealer_of: SealerOf, position: int) -> None:
    """Wherever the damage is."""
    sealer = sealer_of("prod")
    damaged = bytearray(sealer.prepare(CONTEXT)(SECRET))
    damaged[position] ^= 1

    with pytest.raises(CannotOpenError):
        sealer_of("prod").open(bytes(damaged), CONTEXT)


@pytest.mark.parametrize("kept", [0, 1, 2, 3, 20, 60])
def test_half_a_text_never_opens(sealer_of: SealerOf, kept: int) -> None:
    """However little of it is left."""
    sealed = sealer_of("prod").prepare(CONTEXT)(SECRET)

    with pytest.raises(CannotOpenError):
        sealer_of("prod").open(sealed[:kept], CONTEXT)
