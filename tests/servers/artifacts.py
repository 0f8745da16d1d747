"""The programs that the servers consist of: fetched once by Maven, kept outside of the repository."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import tarfile
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KAFKA_VERSION = "4.1.1"
REGISTRY_VERSION = "3.0.9"  # the last line of versions that runs on Java 17
JAVA_VERSION = 17

# Newer versions of the plugin insist on the parent POM of the registry, which Maven Central does not have.
_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:2.8"
_KAFKA_POM = f"""\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>servers</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{KAFKA_VERSION}</version>
    </dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
"""


class ServerFailed(RuntimeError):
    """A server could not be fetched or started, or ended on its own; the message ends with what it said last."""


@cache
def java_version() -> int:
    """The major version of the ``java`` on the PATH; 0 where there is none."""
    if shutil.which("java") is None:
        return 0
    said = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False)
    found = re.search(r'version "(?:1\.)?(\d+)', said.stderr)
    return int(found[1]) if found else 0


def fetchable() -> bool:
    """Whether the servers are there already, or can be fetched."""
    kept = [_folder(f"kafka-{KAFKA_VERSION}"), _folder(f"registry-{REGISTRY_VERSION}")]
    return shutil.which("mvn") is not None or all(path.is_dir() for path in kept)


def kafka() -> Path:
    """The directory of Apache Kafka's jars.

    Raises:
        ServerFailed: Maven could not fetch them.

    """
    return _once(f"kafka-{KAFKA_VERSION}", _fetch_kafka)


def registry() -> Path:
    """The directory of the schema registry (Apicurio, in memory or on H2).

    Raises:
        ServerFailed: Maven could not fetch it.

    """
    return _once(f"registry-{REGISTRY_VERSION}", _fetch_registry)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Only one process at a time is inside."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _folder(name: str) -> Path:
    """Where a program is kept between runs."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "barloom-servers" / name


def _once(name: str, fetch: Callable[[Path], None]) -> Path:
    """The kept directory of that name, filled when it is first asked for; whole or not at all."""
    kept = _folder(name)
    if not kept.is_dir():
        with locked(kept.parent / f"{name}.lock"):
            if not kept.is_dir():
                fresh = Path(mkdtemp(prefix=f"{name}-", dir=kept.parent))
                try:
                    fetch(fresh)
                    fresh.rename(kept)
                finally:
                    shutil.rmtree(fresh, ignore_errors=True)
    return kept


def _fetch_kafka(directory: Path) -> None:
    pom = directory / "pom.xml"
    pom.write_text(_KAFKA_POM)
    _maven(f"{_PLUGIN}:copy-dependencies", "-f", str(pom), f"-DoutputDirectory={directory}", "-DincludeScope=runtime")


def _fetch_registry(directory: Path) -> None:
    archive = directory / "registry.tar.gz"
    artifact = f"io.apicurio:apicurio-registry-app:{REGISTRY_VERSION}:tar.gz:all"
    _maven(f"{_PLUGIN}:get", f"-Dartifact={artifact}", "-Dtransitive=false", f"-Ddest={archive}")
    with tarfile.open(archive) as packed:
        packed.extractall(directory, filter="data")
    archive.unlink()


def _maven(*arguments: str) -> None:
    if shutil.which("mvn") is None:
        raise ServerFailed("the servers for the tests are fetched by Maven, and there is no mvn on the PATH")
    done = subprocess.run(["mvn", "-B", "-q", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        message = f"Maven could not fetch a server for the tests:\n{(done.stdout + done.stderr)[-2000:]}"
        raise ServerFailed(message)


if __name__ == "__main__":
    print(kafka(), registry(), sep="\n")  # noqa: T201
