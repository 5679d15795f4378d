"""tmp"""
from tests.functions.deployed import Browser

def test_x(operator: Browser) -> None:
    page = operator.look()
    print(page.text[:500]); print(operator.deployed.logs[:3000])
    assert page.status == 200
