"""Fixtures that the end-to-end and packaging tests share."""

import pytest

from support import browsers, peers


@pytest.fixture(scope="session")
def logs(tmp_path_factory):
    """Where the programs that a run starts leave their output."""
    return tmp_path_factory.mktemp("logs")


@pytest.fixture(scope="session")
def ministack(logs):
    with peers.ministack(logs) as peer:
        yield peer


@pytest.fixture(scope="session")
def moto(logs):
    with peers.moto(logs) as peer:
        yield peer


@pytest.fixture(params=["ministack", "moto"])
def peer(request):
    """Each of the two servers in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module", params=browsers.NAMES)
def browser(request, tmp_path_factory):
    """Each of the browsers in turn, headless."""
    with browsers.browsing(request.param, tmp_path_factory.mktemp(request.param)) as browser:
        yield browser


@pytest.fixture
def tab(browser):
    """A fresh tab. What it leaves open would count as a subscriber in the next test."""
    tab = browser.tab()
    yield tab
    tab.close()
