"""A real schema registry (Apicurio) with the API of Confluent's, on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

from servers import artifacts
from servers.process import Server

if TYPE_CHECKING:
    from pathlib import Path


class Registry(Server):
    """A schema registry whose schemas survive `kill` and `start_again`."""

    @property
    def url(self) -> str:
        """The base address for clients of the registry."""
        return f"http://127.0.0.1:{self.ports[0]}/apis/ccompat/v7"

    def _prepare(self) -> None:
        self.data.mkdir(exist_ok=True)

    def _command(self) -> list[str]:
        settings = {
            "quarkus.http.host": "127.0.0.1",
            "quarkus.http.port": self.ports[0],
            "apicurio.datasource.url": f"jdbc:h2:file:{self.data / 'registry'};WRITE_DELAY=0",  # an answer is a promise
        }
        return [
            "java",
            "-Xmx256m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            *(f"-D{key}={value}" for key, value in settings.items()),
            "-jar",
            str(_runner()),
        ]

    def _is_ready(self, begin: int) -> bool:
        try:
            with urlopen(f"{self.url}/subjects", timeout=5) as answer:  # noqa: S310
                # Its own log says so too: on a port that was taken meanwhile somebody else would answer.
                return bool(answer.status == 200) and "/subjects" in self.said(begin=begin)
        except (URLError, OSError):
            return False


def _runner() -> Path:
    """The program's jar."""
    return next(artifacts.registry().glob("*-runner.jar"))
