"""The functions as they are deployed, for those who attack them."""

from tests.functions.conftest import active, browser, deploy, deployed, emulated, operator

__all__ = ["active", "browser", "deploy", "deployed", "emulated", "operator"]
