import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel
from support import ROOT

from services.core.settings import Settings

DEPLOY = ROOT / "deploy"
COMPOSE = DEPLOY / "compose.yaml"
STACK = yaml.safe_load(COMPOSE.read_text("utf-8"))
SERVICES = STACK["services"]
ONE_SHOT = {"ingest"}
LONG_RUNNING = sorted(set(SERVICES) - ONE_SHOT)
SECRET = re.compile(r"(?:KEY|TOKEN|PASSWORD|AUTH|SECRET)$")
REQUIRED = re.compile(r"\$\{[A-Z_]+:\?[^}]+\}")
PINNED = re.compile(r"[\w./-]+:(v?\d+\.\d+\.\d+\S*|RELEASE\.\S+)")


def settings_variables(model: type[BaseModel] = Settings, prefix: str = "CITEWELL_") -> set[str]:
    found: set[str] = set()
    for name, field in model.model_fields.items():
        part = field.annotation
        if isinstance(part, type) and issubclass(part, BaseModel):
            found |= settings_variables(part, f"{prefix}{name.upper()}__")
        else:
            found.add(prefix + name.upper())
    return found


def valid(path: Path) -> bool:
    """By the compose-spec schema, which lies in the package: no network is used."""
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(path)]
    return subprocess.run(check, capture_output=True, check=False).returncode == 0


def dockerfile() -> list[str]:
    """Its instructions, one a line, without comments."""
    text = re.sub(r"\\\n\s*", "", (DEPLOY / "Dockerfile").read_text("utf-8"))
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_it_follows_the_compose_specification(tmp_path: Path) -> None:
    assert valid(COMPOSE)
    broken = tmp_path / "compose.yaml"
    broken.write_text(COMPOSE.read_text("utf-8").replace("    shm_size:", "    shm_sise:"), "utf-8")
    assert not valid(broken)


def test_vllm_splits_the_model_over_the_four_cards_that_are_reserved() -> None:
    vllm = SERVICES["vllm"]
    source, target, mode = vllm["volumes"][0].split(":")
    assert (target, mode) == (vllm["command"][vllm["command"].index("--config") + 1], "ro")
    profile = yaml.safe_load((DEPLOY / source).read_text("utf-8"))
    assert profile["tensor-parallel-size"] == 4
    device = vllm["deploy"]["resources"]["reservations"]["devices"][0]
    assert (device["driver"], device["count"], device["capabilities"]) == ("nvidia", 4, ["gpu"])
    assert "shm_size" in vllm


def test_the_api_finds_the_model_under_the_name_and_port_of_the_profile() -> None:
    profile = yaml.safe_load((DEPLOY / "vllm" / "gpu-tp4.yaml").read_text("utf-8"))
    assert SERVICES["api"]["environment"]["CITEWELL_MODEL__BASE_URL"] == f"http://vllm:{profile['port']}/v1"
    assert profile["served-model-name"] == Settings().model.name
    assert SERVICES["api"]["environment"]["CITEWELL_MODEL__KEY"] == SERVICES["vllm"]["environment"]["VLLM_API_KEY"]


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_what_runs_long_is_checked_and_started_again(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    assert {"interval", "timeout", "retries"} <= set(service["healthcheck"])
    assert "no-new-privileges:true" in service["security_opt"]


def test_ingestion_runs_once_before_the_api_and_after_milvus() -> None:
    ingest = SERVICES["ingest"]
    assert ingest["command"] == ["citewell-ingest", "sync", "guidelines"]
    assert ingest["restart"] == "no"
    assert ingest["depends_on"]["milvus"]["condition"] == "service_healthy"
    assert SERVICES["api"]["depends_on"]["ingest"]["condition"] == "service_completed_successfully"
    assert SERVICES["api"]["depends_on"]["vllm"]["condition"] == "service_healthy"
    for name in ("CITEWELL_INDEX__URI", "CITEWELL_INDEX__TOKEN"):
        assert ingest["environment"][name] == SERVICES["api"]["environment"][name]


def test_every_dependency_is_a_service_that_can_meet_its_condition() -> None:
    for service in SERVICES.values():
        for other, wanted in service.get("depends_on", {}).items():
            assert (wanted["condition"] == "service_completed_successfully") == (other in ONE_SHOT)
            assert other in SERVICES


def test_only_the_api_publishes_a_port_and_only_on_the_loopback() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["api"]
    assert all(str(port).startswith("127.0.0.1:") for port in SERVICES["api"]["ports"])
    assert not [name for name, service in SERVICES.items() if "network_mode" in service]


def test_only_the_api_and_the_download_of_weights_reach_beyond_the_inner_network() -> None:
    assert STACK["networks"]["inside"]["internal"] is True
    assert {name for name, s in SERVICES.items() if s["networks"] != ["inside"]} == {"api", "vllm"}


def test_secrets_come_from_the_environment_and_have_no_defaults() -> None:
    seen = 0
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if SECRET.search(name):
                seen += 1
                assert REQUIRED.sub("", str(value)) in {"", "root:"}, name
    assert seen >= 7
    assert REQUIRED.search(STACK["configs"]["valkey"]["content"].splitlines()[0])
    # A default is fine for a port, never for a secret.
    assert re.findall(r"\$\{(\w+):?-", COMPOSE.read_text("utf-8")) == ["PORT"]


def test_no_secret_stands_in_a_command() -> None:
    for service in SERVICES.values():
        assert "${" not in json.dumps([service.get("command"), service["healthcheck"]])


def test_each_variable_of_ours_is_a_setting() -> None:
    known = settings_variables()
    assert "CITEWELL_INDEX__URI" in known
    text = COMPOSE.read_text("utf-8") + (DEPLOY / "Dockerfile").read_text("utf-8")
    named = set(re.findall(r"CITEWELL_\w+", text))
    assert {"CITEWELL_INDEX__URI", "CITEWELL_SERVER__HOST", "CITEWELL_MODEL__BASE_URL", "CITEWELL_MODEL__KEY"} <= named
    assert named <= known


def test_images_are_pinned_to_a_version() -> None:
    for service in SERVICES.values():
        assert PINNED.fullmatch(service["image"]), service["image"]
    for line in dockerfile():
        if line.startswith("FROM"):
            assert PINNED.fullmatch(line.split()[1])


def test_named_volumes_are_declared() -> None:
    used = {volume.split(":")[0] for s in SERVICES.values() for volume in s.get("volumes", ())}
    assert {volume for volume in used if not volume.startswith(".")} == set(STACK["volumes"])


@pytest.mark.parametrize("name", ["api", "ingest"])
def test_our_own_image_can_change_nothing(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert [mount.split(":")[0] for mount in service["tmpfs"]] == ["/tmp"]  # noqa: S108
    assert "volumes" not in service


class Model(BaseHTTPRequestHandler):
    """A vLLM whose engine is alive or dead, and whose `/health` answers in both cases."""

    alive: bool
    seen: list[tuple[str, str | None, dict[str, object]]]

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append((self.path, self.headers["Authorization"], body))
        self.send_response(200 if self.alive else 500)
        self.end_headers()
        self.wfile.write(b'{"usage": {"completion_tokens": 1}}')

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def model() -> Iterator[tuple[type[Model], int]]:
    handler = type("Handler", (Model,), {"alive": True, "seen": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield handler, server.server_port
        server.shutdown()


def test_vllm_is_healthy_only_if_it_makes_a_token(model: tuple[type[Model], int]) -> None:
    handler, port = model
    kind, python, option, script = SERVICES["vllm"]["healthcheck"]["test"]
    assert (kind, python, option) == ("CMD", "python3", "-c")
    assert "$" not in script  # compose would take it for a variable
    profile = yaml.safe_load((DEPLOY / "vllm" / "gpu-tp4.yaml").read_text("utf-8"))
    assert f"http://127.0.0.1:{profile['port']}/" in script
    moved = script.replace(f":{profile['port']}/", f":{port}/")

    def healthy() -> bool:
        run = [sys.executable, "-c", moved]
        return subprocess.run(run, env={"VLLM_API_KEY": "sesame"}, capture_output=True, check=False).returncode == 0

    assert healthy()
    path, key, body = handler.seen[0]
    assert (path, key) == ("/v1/completions", "Bearer sesame")
    assert (body["model"], body["max_tokens"]) == (profile["served-model-name"], 1)
    handler.alive = False
    assert not healthy()


def test_the_dockerfile_ends_as_a_user_that_is_not_root() -> None:
    last = dockerfile()[[line.startswith("FROM") for line in dockerfile()].index(True, 1) :]
    users = [line.split()[1] for line in last if line.startswith("USER")]
    assert users
    assert not re.match(r"(0|root)(:|$)", users[-1])
    assert not [line for line in last[last.index(f"USER {users[-1]}") :] if line.startswith(("RUN", "COPY", "ADD"))]


def test_the_image_is_checked_by_whether_it_can_answer() -> None:
    check = next(line for line in dockerfile() if line.startswith("HEALTHCHECK"))
    assert "/readyz" in check
    assert "/readyz" in SERVICES["api"]["healthcheck"]["test"][-1]


def test_the_image_installs_what_is_pinned_and_torch_without_cuda() -> None:
    text = "\n".join(dockerfile())
    makefile = (ROOT / "Makefile").read_text("utf-8")
    torch = re.search(r"^TORCH := (torch==\S+)$", makefile, re.MULTILINE)
    uv = re.search(r"\buv==\S+", makefile)
    assert torch
    assert uv
    assert f"--torch-backend cpu {torch[1]}" in text
    assert uv[0] in text
    assert "--no-deps --require-hashes -r requirements.txt" in text


def test_all_that_the_dockerfile_copies_passes_the_dockerignore() -> None:
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")]
    copied = [
        source
        for line in dockerfile()
        if line.startswith("COPY") and "--from" not in line
        for source in line.split()[1:-1]
    ]
    assert "guidelines" in copied
    assert set(copied) == set(allowed)
    assert all((ROOT / source).exists() for source in copied)
