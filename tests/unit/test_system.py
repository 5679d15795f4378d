"""What a user may write under System."""

import pytest
from invoicing.domain.system import CustomerId, NotASystemError, SystemProblem, Warehouse, parse_system


@pytest.mark.parametrize(
    "text",
    [
        "https://demo.ongoingsystems.se/demo/",
        "https://demo.ongoingsystems.se/demo",
        "HTTPS://DEMO.OngoingSystems.SE/Demo/index.aspx?templ=*",
        "http://demo.ongoingsystems.se",
        "demo.ongoingsystems.se",
        "  demo.ongoingsystems.se/demo/  ",
        "demo.ongoingsystems.se:443/demo",
        "demo",
        " Demo ",
    ],
)
def test_an_address_is_read_in_any_case_with_or_without_scheme_and_path(text: str) -> None:
    """Only the host decides, and a bare name can mean no other host."""
    system = parse_system(text)

    assert system == Warehouse(name="demo")


def test_digits_are_a_customer_id() -> None:
    """The directory knows its warehouse."""
    assert parse_system(" 4711 ") == CustomerId(value="4711")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", SystemProblem.EMPTY),
        ("   ", SystemProblem.EMPTY),
        ("api", SystemProblem.NOT_AN_ADDRESS),
        ("demo/", SystemProblem.NOT_AN_ADDRESS),
        ("-demo", SystemProblem.NOT_AN_ADDRESS),
        ("demo_2", SystemProblem.NOT_AN_ADDRESS),
        ("ftp://demo.ongoingsystems.se/", SystemProblem.NOT_AN_ADDRESS),
        ("https://user:pass@demo.ongoingsystems.se/", SystemProblem.NOT_AN_ADDRESS),
        ("https://evil.example@demo.ongoingsystems.se/", SystemProblem.NOT_AN_ADDRESS),
        ("https://demo.ongoingsystems.se:8443/", SystemProblem.NOT_AN_ADDRESS),
        ("https://demo.ongoingsystems.se\\@evil.example/", SystemProblem.NOT_AN_ADDRESS),
        ("https://demo .ongoingsystems.se/", SystemProblem.NOT_AN_ADDRESS),
        ("https://[::1", SystemProblem.NOT_AN_ADDRESS),
        ("javascript:alert(1)", SystemProblem.NOT_AN_ADDRESS),
        ("a" * 501, SystemProblem.NOT_AN_ADDRESS),
        ("http://169.254.169.254/", SystemProblem.FOREIGN_HOST),
        ("https://www.example.com/demo/", SystemProblem.FOREIGN_HOST),
        ("demo.ongoingsystems.se.evil.example", SystemProblem.FOREIGN_HOST),
        ("https://ongoingsystems.se/", SystemProblem.FOREIGN_HOST),
        ("https://evilongoingsystems.se/", SystemProblem.FOREIGN_HOST),
        ("https://a.b.ongoingsystems.se/", SystemProblem.FOREIGN_HOST),
        ("https://api.ongoingsystems.se/demo/", SystemProblem.FOREIGN_HOST),
        ("https://-demo.ongoingsystems.se/", SystemProblem.FOREIGN_HOST),
        ("https://dеmo.ongoingsystems.se/", SystemProblem.FOREIGN_HOST),  # a Cyrillic е
    ],
)
def test_anything_else_is_refused_with_a_reason(text: str, problem: SystemProblem) -> None:
    """No other host is ever called."""
    with pytest.raises(NotASystemError) as refused:
        parse_system(text)

    assert refused.value.problem is problem
