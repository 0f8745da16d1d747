"""Addresses to listen at."""

from __future__ import annotations

import pytest

from barloom.telemetry.address import address_of


@pytest.mark.parametrize("text", ["9464", "localhost", "host:port", "host:70000", "", "a b:1", "http://x:1"])
def test_what_is_no_address_is_said(text: str) -> None:
    """A slip in the configuration is told with an example."""

    with pytest.raises(ValueError, match="write HOST:PORT"):
        address_of(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("127.0.0.1:9464", ("127.0.0.1", 9464)), (":9464", ("", 9464)), ("[::1]:80", ("::1", 80)), ("h.x:0", ("h.x", 0))],
)
def test_addresses_are_a_host_and_a_port(text: str, expected: tuple[str, int]) -> None:
    """A name, IPv4, IPv6 in brackets, or no host for every address of the machine."""

    assert expected == address_of(text)
