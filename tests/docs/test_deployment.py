"""The deployment examples are well-formed, agree with each other, and with what barloom understands."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from barloom.cli import main
from barloom.cli.app import app
from barloom.front.load import load
from barloom.kafka.config.settings import kafka_settings

if TYPE_CHECKING:
    from servers.broker import Broker
    from servers.topics import Topics

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
DEFINITION = EXAMPLES / "kafka.toml"
MOUNTED = "/etc/barloom/bars.toml"
COMPOSE = yaml.safe_load((EXAMPLES / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
MANIFESTS = {
    f"{path.stem}/{item['kind']}": item
    for path in sorted((EXAMPLES / "kubernetes").glob("*.yaml"))
    for item in yaml.safe_load_all(path.read_text())
}
WORKLOADS = {name: item for name, item in MANIFESTS.items() if item["kind"] in {"Deployment", "StatefulSet", "Job"}}
INSTANCES = {name: item for name, item in WORKLOADS.items() if item["kind"] != "Job"}
API = {
    "Deployment": "apps/v1",
    "StatefulSet": "apps/v1",
    "Job": "batch/v1",
    "Service": "v1",
    "PodDisruptionBudget": "policy/v1",
}
"""The versions in which Kubernetes has these kinds."""
COMPOSE_KEYS = {
    *("image", "build", "hostname", "environment", "ports", "volumes", "healthcheck", "restart"),
    *("entrypoint", "command", "depends_on", "stop_grace_period"),
}
"""What the Compose specification allows a service to say, as far as it is said here."""
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}


def container(workload: dict[str, Any]) -> dict[str, Any]:
    """The one container of a workload."""
    (found,) = workload["spec"]["template"]["spec"]["containers"]
    return dict(found)


def metrics_port() -> int:
    """The port that the definition's metrics are served at, to others than the machine itself."""
    host, _, port = tomllib.loads(DEFINITION.read_text())["kafka"]["metrics"].partition(":")
    assert host == "0.0.0.0"  # noqa: S104 - what is looked for
    return int(port)


def understood(arguments: list[str]) -> bool:
    """Whether the command line takes these arguments, with the definition in the place where it is mounted."""
    assert MOUNTED in arguments
    app.parse_args(arguments, print_error=False, exit_on_error=False)
    return True


def test_the_definition_is_whole() -> None:
    """It has no mistakes, on Kafka and as bars."""
    plan = load(str(DEFINITION)).plan
    settings = kafka_settings(tomllib.loads(DEFINITION.read_text()), plan)

    assert ("kafka:9092", ("trades",)) == (settings.brokers, settings.input)


def test_the_definition_gets_its_topics(
    broker: Broker, topics: Topics, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What `prepare` and the job do succeeds on a real cluster: afterwards every topic is as it should be."""
    mine = tmp_path / "bars.toml"
    mine.write_text(DEFINITION.read_text().replace('name = "bars"', f'name = "{topics.prefix}bars"'))
    there = ["--kafka", broker.bootstrap, "--input", topics.create("trades")]
    codes = [main(["topics", command, str(mine), *there]) for command in ("apply", "check")]

    assert [0, 0] == codes, capsys.readouterr()


def test_compose_services_say_what_compose_knows() -> None:
    """Each service has an image, waits for services that there are, and uses volumes that are declared."""
    services, volumes = set(SERVICES), set(COMPOSE["volumes"])
    for name, service in SERVICES.items():
        assert "image" in service, name
        assert set() == set(service) - COMPOSE_KEYS
        waits = service.get("depends_on", {})
        assert set() == set(waits) - services
        assert set() == {item["condition"] for item in waits.values()} - CONDITIONS
        for awaited, item in waits.items():
            if item["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[awaited]
        for volume in service.get("volumes", ()):
            place = volume.split(":")[0]
            assert place in volumes or (EXAMPLES / place).is_file()


def test_compose_opens_nothing_to_the_network() -> None:
    """Ports without passwords are for this machine only, and no two services want the same."""
    opened = [port for service in SERVICES.values() for port in service.get("ports", ())]

    assert [] == [port for port in opened if not port.startswith("127.0.0.1:")]
    assert len(opened) == len({port.split(":")[1] for port in opened})


def test_compose_builds_an_image() -> None:
    """The Dockerfile is there, and what it copies."""
    build = SERVICES["bars-1"]["build"]
    context = EXAMPLES / build["context"]
    copied = re.findall(r"^COPY (.+) \S+$", (context / build["dockerfile"]).read_text(), re.MULTILINE)

    assert [] == [name for line in copied for name in line.split() if not (context / name).exists()]


def test_compose_runs_two_instances() -> None:
    """Both run the definition, by commands that barloom takes, under names of their own, and are asked how they are."""
    instances = {name: SERVICES[name] for name in ("bars-1", "bars-2")}

    assert understood(SERVICES["prepare"]["command"])
    for name, service in instances.items():
        assert understood(service["command"])
        assert ["--instance-id", name] == service["command"][2:]
        assert f"./kafka.toml:{MOUNTED}:ro" in service["volumes"]
        assert f"http://127.0.0.1:{metrics_port()}/healthz" in service["healthcheck"]["test"][-1]
        assert service["ports"][0].endswith(f":{metrics_port()}")


def test_compose_and_the_definition_name_the_same_cluster() -> None:
    """Brokers and registry are services, at the ports where they listen; the input topic is made."""
    kafka = tomllib.loads(DEFINITION.read_text())["kafka"]

    assert f"PLAINTEXT://{kafka['brokers']}" in SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    assert kafka["registry"]["url"].startswith("http://registry:8080/")
    assert kafka["input"] in SERVICES["input"]["command"]


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_is_of_a_known_kind(name: str) -> None:
    """Kind, version of the kind, and a name that Kubernetes accepts."""
    manifest = MANIFESTS[name]

    assert API[manifest["kind"]] == manifest["apiVersion"]
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", manifest["metadata"]["name"])


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_workload_runs_the_definition(name: str) -> None:
    """Its arguments are barloom's, the definition is mounted where they say, and each volume is declared."""
    pod = WORKLOADS[name]["spec"]["template"]["spec"]
    running = container(WORKLOADS[name])
    mounts = {mount["name"]: mount["mountPath"] for mount in running["volumeMounts"]}

    assert understood(running["args"])
    assert str(Path(MOUNTED).parent) == mounts["definition"]
    assert set(mounts) == {volume["name"] for volume in pod["volumes"]}
    assert pod["securityContext"]["runAsNonRoot"]


@pytest.mark.parametrize("name", INSTANCES)
def test_an_instance_is_asked_how_it_is(name: str) -> None:
    """Alive by `/healthz`, ready by `/readyz`, at the port of the definition."""
    running = container(INSTANCES[name])
    asked = {probe: running[probe]["httpGet"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")}

    assert {
        "startupProbe": {"path": "/healthz", "port": metrics_port()},
        "livenessProbe": {"path": "/healthz", "port": metrics_port()},
        "readinessProbe": {"path": "/readyz", "port": metrics_port()},
    } == asked
    assert [{"name": "metrics", "containerPort": metrics_port()}] == running["ports"]


@pytest.mark.parametrize("name", [*INSTANCES, "service/Service", "service/PodDisruptionBudget"])
def test_all_speak_of_the_same_instances(name: str) -> None:
    """Each selector finds the instances' pods, and the job's never."""
    selector = MANIFESTS[name]["spec"]["selector"]
    wanted = selector.get("matchLabels", selector)

    for workload in INSTANCES.values():
        assert wanted == workload["spec"]["template"]["metadata"]["labels"]
    assert wanted != MANIFESTS["topics/Job"]["spec"]["template"]["metadata"]["labels"]


def test_an_update_leaves_no_gap() -> None:
    """A new instance is ready before an old one goes; where they have names, they go one by one and come back."""
    surge = MANIFESTS["deployment/Deployment"]["spec"]
    named = MANIFESTS["statefulset/StatefulSet"]["spec"]

    assert {"maxUnavailable": 0, "maxSurge": 1} == surge["strategy"]["rollingUpdate"]
    assert "--instance-id" not in container(MANIFESTS["deployment/Deployment"])["args"]
    assert "RollingUpdate" == named["updateStrategy"]["type"]
    assert ["--instance-id", "$(POD_NAME)"] == container(MANIFESTS["statefulset/StatefulSet"])["args"][2:]
    assert {"POD_NAME"} == {item["name"] for item in container(MANIFESTS["statefulset/StatefulSet"])["env"]}
    for spec in (surge, named):
        assert spec["replicas"] >= 2
        assert spec["template"]["spec"]["terminationGracePeriodSeconds"] >= 30
