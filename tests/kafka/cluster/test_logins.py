"""Whole applications that have to log in: each way to do so, wrong ones, and ones that become wrong."""

from __future__ import annotations

import base64
import json
import signal
import ssl
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from barloom.clock import SystemClock
from barloom.environment import Secret
from barloom.errors import BarloomError, DefinitionError, LoginRefused
from barloom.kafka.cluster.admin import Cluster
from kafka.secure_desk import DEFINITION, PASSWORD, SecureDesk, rights_of
from servers.secure_broker import PASSWORDS
from waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from servers.certificates import Pair
    from servers.secure_broker import SecureBroker
    from servers.topics import Topics

pytestmark = [pytest.mark.needs("java"), pytest.mark.needs("maven")]


@pytest.fixture
def desk(secure_broker: SecureBroker, secure_topics: Topics) -> Iterator[SecureDesk]:
    """A desk with two partitions, whose user may be an instance."""
    made = SecureDesk(secure_broker, secure_topics, partitions=2)
    made.allow(rights_of("run", "status"))
    yield made
    made.close()


@pytest.fixture
def command(desk: SecureDesk, tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Starts barloom with the desk's definition; the table ``[kafka.security]`` as it is given."""

    def start(*arguments: str, security: str, password: str = PASSWORD) -> subprocess.Popen[str]:
        names = desk.names
        kafka = f'[kafka]\nbrokers = "{desk.broker.bootstrap}"\napp = "{names["app"]}"\ninput = "{names["input"]}"\n'
        head = DEFINITION.replace("NAME", names["bars"])
        file = tmp_path / f"{abs(hash(security))}.toml"
        file.write_text(f'{head}{kafka}format = "json"\n[kafka.security]\n{security}')
        return subprocess.Popen(
            [sys.executable, "-m", "barloom", arguments[0], str(file), *arguments[1:]],
            env={"PYTHONPATH": ":".join(sys.path), "DESK_PASSWORD": password},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return start


def table(desk: SecureDesk, mechanism: str, user: str, **more: str) -> str:
    """``[kafka.security]`` as text."""
    entries = {"protocol": "SASL_SSL", "mechanism": mechanism, "user": user, "ca": str(desk.broker.ca), **more}
    return (
        "".join(f'{name} = "{value}"\n' for name, value in entries.items()) + 'password = { env = "DESK_PASSWORD" }\n'
    )


def test_two_instances_hand_over_behind_tls_and_passwords(
    desk: SecureDesk, command: Callable[..., subprocess.Popen[str]]
) -> None:
    """One logs in with SCRAM, the other with PLAIN; one is killed, the other goes on, and no output shows a secret."""
    desk.know()
    plain = {"security": table(desk, "PLAIN", "admin"), "password": PASSWORDS["admin"]}
    desk.send((1, 2), 0)
    desk.send((1, 2), 1)
    with ExitStack() as stack:
        first = stack.enter_context(command("run", security=table(desk, "SCRAM-SHA-512", desk.user)))
        stack.callback(first.kill)
        before = desk.records("bars_final_1m", 2)
        second = stack.enter_context(command("run", **plain))
        stack.callback(second.kill)
        shown = [command(*each, **plain) for each in (("check",), ("status", "--json"))]
        said = [process.communicate(timeout=PATIENCE)[0] for process in shown]
        first.kill()
        desk.send((3,), 0)
        desk.send((3,), 1)
        after = desk.records("bars_final_1m", 4)
        second.send_signal(signal.SIGTERM)
        said += [process.communicate(timeout=PATIENCE)[0] for process in (first, second)]

    assert (2, 4, 4) == (len(before), len(after), len(set(after)))
    assert [0, 0, 0] == [process.returncode for process in (*shown, second)], said
    assert [] == [text for text in said for secret in (PASSWORD, PASSWORDS["admin"]) if secret in text]


def test_who_is_not_let_in_ends_with_one_message(
    desk: SecureDesk, command: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    """Wrong password, mechanism, authority or file: the exit code tells which kind, the message what to mend."""
    desk.know()
    broken = tmp_path / "broken.pem"
    broken.write_text("this is no certificate")
    other = tmp_path / "other.pem"
    other.write_text(desk.broker.certificates.client.certificate.read_text())
    good = table(desk, "SCRAM-SHA-512", desk.user)
    cases = {
        "password": (good, "guessed-by-someone", 8, "check user, password and mechanism"),
        "user": (table(desk, "PLAIN", "nobody"), PASSWORD, 8, "check user, password and mechanism"),
        "authority": (table(desk, "SCRAM-SHA-512", desk.user, ca=str(other)), PASSWORD, 8, "check ca, certificate"),
        "file": (table(desk, "SCRAM-SHA-512", desk.user, ca=str(broken)), PASSWORD, 2, "kafka.security.ca: "),
        "secret": (good, "", 2, "the environment variable DESK_PASSWORD is not set"),
        "right": (table(desk, "PLAIN", "stranger"), PASSWORDS["stranger"], 9, "READ of"),
    }
    started = {name: command("run", security=text, password=word) for name, (text, word, _, _) in cases.items()}
    said = {name: process.communicate(timeout=PATIENCE)[0] for name, process in started.items()}

    for name, (_, password, code, message) in cases.items():
        assert (code, 1) == (started[name].returncode, said[name].count("barloom: ")), said[name]
        assert message in said[name]
        assert not password or password not in said[name]
        assert "Traceback" not in said[name]


def test_a_changed_password_is_taken_from_its_file(desk: SecureDesk, tmp_path: Path) -> None:
    """The broker asks again and refuses the old one: the instance reads the file anew, and goes on."""
    file = tmp_path / "password"
    file.write_text(PASSWORD + "\n")
    desk.send((1, 2), 0)
    with desk.running(desk.settings(desk.login("SCRAM-SHA-256", Secret.file(file)))) as instance:
        assert len(desk.records("bars_final_1m", 1)) == 1
        file.write_text("another-one\n")
        desk.know("SCRAM-SHA-256", "another-one")
        time.sleep(5)  # longer than a login holds
        desk.send((3, 4), 0)
        finals = desk.records("bars_final_1m", 3)

    assert (3, None) == (len(finals), instance.failure)


def test_a_password_that_is_no_longer_good_ends_an_instance(desk: SecureDesk) -> None:
    """It is refused again and again for a few seconds, then says so."""
    desk.send((1, 2), 0)
    with desk.running(desk.settings(desk.login("SCRAM-SHA-256"))) as instance:
        assert len(desk.records("bars_final_1m", 1)) == 1
        desk.know("SCRAM-SHA-256", "another-one")
        why = instance.ended()

    assert isinstance(why, LoginRefused)
    assert PASSWORD not in str(why)


class Vault:
    """Gives unsigned tokens for the admin, each for a few seconds."""

    def __init__(self) -> None:
        self.given = 0
        self.closed = False

    def token(self) -> tuple[str, float]:
        """A token, and until when it holds."""
        if self.closed:
            message = "the vault is closed"
            raise RuntimeError(message)
        self.given += 1
        now = time.time()
        claims = {"sub": "admin", "iat": now, "exp": now + 10}
        parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in ({"alg": "none"}, claims))
        return b".".join([*parts, b""]).decode(), now + 10


def test_tokens_come_from_the_hook_and_are_renewed(desk: SecureDesk) -> None:
    """An instance outlives its tokens; when the hook gives none any more it ends with what the hook said."""
    vault = Vault()
    security = {"mechanism": "OAUTHBEARER", "hook": vault.token, "ca": str(desk.broker.ca)}
    desk.send((1, 2), 0)
    with desk.running(desk.settings(security)) as instance:
        assert len(desk.records("bars_final_1m", 1)) == 1
        at_first = vault.given
        time.sleep(11)  # longer than a token holds
        desk.send((3, 4), 0)
        finals, renewed = desk.records("bars_final_1m", 3), vault.given
        vault.closed = True
        why = instance.ended()

    assert (3, True) == (len(finals), renewed > at_first)
    assert isinstance(why, LoginRefused)
    assert "Vault.token' gives no token: RuntimeError: the vault is closed" in str(why)


def test_a_certificate_is_a_login(desk: SecureDesk) -> None:
    """With the client's certificate and key everything is as with a password; without, or with others, nothing is."""
    own, broker = desk.broker.certificates, {"brokers": desk.broker.mutual}

    def login(pair: Pair | None) -> dict[str, object]:
        return {"ca": str(own.ca)} if pair is None else {"ca": str(own.ca), **named(pair)}

    desk.send((1, 2), 0)
    with desk.running(desk.settings(login(own.client), **broker)) as instance:
        finals = desk.records("bars_final_1m", 1)

    assert (1, None) == (len(finals), instance.failure)
    with pytest.raises(LoginRefused, match="check ca, certificate and key"):
        Cluster.reach(desk.settings(login(None), **broker), SystemClock())
    with pytest.raises(LoginRefused, match="check ca, certificate and key"):
        Cluster.reach(desk.settings(login(own.expired), **broker), SystemClock())
    with pytest.raises(DefinitionError, match="cannot be used together"):
        Cluster.reach(desk.settings({**login(own.client), "key": str(own.server.key)}, **broker), SystemClock())


def named(pair: Pair) -> dict[str, object]:
    """The entries of ``[kafka.security]``."""
    return {"certificate": str(pair.certificate), "key": str(pair.key)}


@contextmanager
def shaking_hands(pair: Pair) -> Iterator[str]:
    """The address of a server that shows this certificate and says nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair)

    class Hand(BaseRequestHandler):
        def handle(self) -> None:
            try:
                context.wrap_socket(self.request, server_side=True).recv(1)
            except OSError:  # the client does not like it
                return

    with ThreadingTCPServer(("127.0.0.1", 0), Hand) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_an_expired_certificate_is_told(desk: SecureDesk) -> None:
    """A broker whose certificate has run out is not spoken to."""
    with shaking_hands(desk.broker.certificates.expired) as address:
        settings = desk.settings({"protocol": "SSL", "ca": str(desk.broker.ca)}, brokers=address)
        with pytest.raises(BarloomError) as caught:
            Cluster.reach(settings, SystemClock())

    assert isinstance(caught.value, LoginRefused), caught.value
    assert "certificate" in str(caught.value)
