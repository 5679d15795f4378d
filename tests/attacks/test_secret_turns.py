"""A secret that leaked is turned, and every process believes the new one within minutes."""

from typing import Any

from invoicing.adapters.aws.secrets import Secret


class Stored:
    """Secrets Manager with one secret; `asked` counts."""

    def __init__(self) -> None:
        self.text = "old"
        self.asked = 0

    def get_secret_value(self, **_asked: str) -> dict[str, Any]:
        """As it is now."""
        self.asked += 1
        return {"SecretString": self.text}


def test_a_new_signing_secret_is_believed_by_a_process_that_lives_on() -> None:
    """Nobody refuses an old one of ours: it must be looked at anew."""
    stored, now = Stored(), [0.0]
    secret = Secret(stored, "signing", remembered=300.0, clock=lambda: now[0])  # type: ignore[arg-type]
    first = [secret(), secret()]
    stored.text = "new"
    now[0] = 299.0
    kept = secret()
    now[0] = 300.0

    assert first == ["old", "old"]
    assert (kept, secret()) == ("old", "new")
    assert stored.asked == 2


def test_a_secret_that_others_refuse_is_asked_for_once() -> None:
    """Each call of Secrets Manager costs, and those who refuse it tell us."""
    stored, now = Stored(), [0.0]
    secret = Secret(stored, "fortnox", clock=lambda: now[0])  # type: ignore[arg-type]
    secret()
    now[0] = 1e9
    secret()

    assert stored.asked == 1
