import json
import os
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from support import ROOT
from typer.testing import CliRunner

from services.core.errors import ModelSettingError
from services.generation.launch import Changes, Profile, app, build, find_vllm, rank_for, read_profile

PROFILES = ROOT / "deploy" / "vllm"
NAMES = ("cpu", "gpu-1", "gpu-awq", "gpu-tp4", "long-context")
CONTEXT = {"cpu": "8192", "long-context": "131072"}
CARDS = {"gpu-tp4": "4", "long-context": "4"}
QWEN = "Qwen/Qwen2.5-7B-Instruct"
SMALL = Profile(QWEN, {"port": 8101})
UNCHANGED = Changes()


def profile(name: str) -> Profile:
    variables = PROFILES / f"{name}.env"
    return read_profile(
        (PROFILES / f"{name}.yaml").read_text("utf-8"), variables.read_text() if variables.exists() else ""
    )


def command(of: Profile = SMALL, changes: Changes = UNCHANGED, **more):
    return build(of, changes, "vllm", is_local=more.get("is_local", False), inherited=more.get("inherited", {}))


def flags(arguments) -> dict[str, list[str]]:
    """Flag to its values; a flag that stands twice is an error."""
    found: dict[str, list[str]] = {}
    name = ""
    for argument in arguments[3:]:
        if argument.startswith("--"):
            name = argument
            assert name not in found
            found[name] = []
        else:
            found[name].append(argument)
    return found


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def launched(*arguments: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    plain = {
        name: value for name, value in os.environ.items() if not name.startswith(("VLLM_", "HF_", "TRANSFORMERS_"))
    }
    return subprocess.run(
        [sys.executable, "-m", "services.generation.launch", *arguments],
        cwd=cwd,
        env={**plain, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_these_are_all_profiles() -> None:
    assert sorted(path.stem for path in PROFILES.glob("*.yaml")) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_each_profile_expands_to_what_citewell_relies_on(name: str) -> None:
    arguments = command(profile(name)).arguments
    found = flags(arguments)
    assert arguments[:3] == ("vllm", "serve", QWEN + ("-AWQ" if name == "gpu-awq" else ""))
    assert json.loads(*found["--structured-outputs-config"]) == {"backend": "guidance", "disable_any_whitespace": True}
    assert found["--served-model-name"] == [QWEN]
    assert found["--host"] == ["127.0.0.1"]
    assert found["--port"] == ["8101"]
    assert found["--max-model-len"] == [CONTEXT.get(name, "32768")]
    assert found["--dtype"] == ["float16" if name == "gpu-awq" else "bfloat16"]
    assert found.get("--tensor-parallel-size") == ([CARDS[name]] if name in CARDS else None)
    assert found["--enable-prefix-caching"] == []
    assert found["--no-enable-log-requests"] == []
    assert ("--gpu-memory-utilization" in found) == (name != "cpu")


def test_long_context_stretches_positions_and_says_so() -> None:
    assert json.loads(*flags(command(profile("long-context")).arguments)["--hf-overrides"]) == {
        "rope_parameters": {
            "rope_type": "yarn",
            "factor": 4.0,
            "original_max_position_embeddings": 32768,
            "rope_theta": 1000000.0,
        },
        "max_position_embeddings": 131072,
    }


def test_the_variables_of_the_cpu_profile_are_set_and_an_operator_wins() -> None:
    assert command(profile("cpu")).environment == {
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_CPU_KVCACHE_SPACE": "4",
        "VLLM_CPU_OMP_THREADS_BIND": "auto",
    }
    chosen = command(profile("cpu"), inherited={"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "0"}).environment
    assert chosen["VLLM_CPU_KVCACHE_SPACE"] == "1"
    assert chosen["VLLM_NO_USAGE_STATS"] == "1"


def test_no_profile_carries_a_secret() -> None:
    for path in (*PROFILES.glob("*.yaml"), *PROFILES.glob("*.env")):
        assert not {"api-key", "hf-token"} & set(yaml.safe_load(path.read_text()) if path.suffix == ".yaml" else ())
        assert "_KEY=" not in path.read_text()


def test_changes_replace_what_the_profile_says() -> None:
    changes = Changes("other/model", "mine", "0.0.0.0", 9000, 2)  # noqa: S104
    arguments = command(profile("gpu-tp4"), changes).arguments
    found = flags(arguments)
    assert arguments[2] == "other/model"
    assert [found[f"--{name}"] for name in ("served-model-name", "host", "port", "tensor-parallel-size")] == [
        ["mine"],
        ["0.0.0.0"],  # noqa: S104
        ["9000"],
        ["2"],
    ]


def test_adapters_are_enabled_with_their_rank_and_served_by_name() -> None:
    found = flags(command(changes=Changes(loras=("clinic=/adapters/a b", "second=relative"))).arguments)
    assert found["--enable-lora"] == []
    assert found["--max-lora-rank"] == ["16"]
    assert found["--lora-modules"] == ["clinic=/adapters/a b", "second=relative"]
    assert not {"--enable-lora", "--lora-modules"} & set(flags(command().arguments))


@pytest.mark.parametrize("adapter", ["clinic", "=path", "clinic=", ""])
def test_an_adapter_without_name_or_path_is_refused(adapter: str) -> None:
    with pytest.raises(ModelSettingError, match="NAME=PATH"):
        command(changes=Changes(loras=(adapter,)))


def test_more_flags_come_last_so_that_they_win() -> None:
    extra = ("--port", "9000", "--seed", "1")
    assert command(changes=Changes(port=8200, loras=("a=b",), extra=extra)).arguments[-4:] == extra


def test_only_a_local_model_is_offline() -> None:
    assert command(is_local=True).environment == {
        "VLLM_NO_USAGE_STATS": "1",
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
    }
    assert command().environment == {"VLLM_NO_USAGE_STATS": "1"}


def test_a_printed_command_survives_the_shell() -> None:
    printed = build(profile("long-context"), Changes(), "/a b/vllm", is_local=False, inherited={})
    assert shlex.split(str(printed)) == ["VLLM_NO_USAGE_STATS=1", *printed.arguments]


@pytest.mark.parametrize(
    "flag", ["--api-key", "--api_key", "--api-key=sesame", "--api-ke", "--hf-token", "--hf_tok=sesame"]
)
def test_a_secret_on_the_command_line_is_refused_without_repeating_it(flag: str) -> None:
    with pytest.raises(ModelSettingError, match="VLLM_API_KEY") as caught:
        command(changes=Changes(extra=(flag, "sesame")))
    assert "sesame" not in str(caught.value)
    with pytest.raises(ModelSettingError, match="VLLM_API_KEY"):
        command(Profile(QWEN, {"api-key": "sesame"}))


@pytest.mark.parametrize("flag", ["--api-server-count", "--hf-overrides", "--allowed-origins"])
def test_flags_that_only_begin_alike_pass(flag: str) -> None:
    assert flag in command(changes=Changes(extra=(flag, "1"))).arguments


@pytest.mark.parametrize("text", ["", "- a", "port: 1", "model: [", "model: 3"])
def test_a_profile_that_is_no_mapping_with_a_model_is_refused(text: str) -> None:
    with pytest.raises(ModelSettingError, match="profile"):
        read_profile(text)


@pytest.mark.parametrize("line", ["A", "A B=1", "=1", "A=1\nA=2"])
def test_variables_that_are_no_pairs_are_refused(line: str) -> None:
    with pytest.raises(ModelSettingError, match="KEY=VALUE"):
        read_profile("model: m", line)


def test_a_profile_may_use_underscores_lists_and_comments() -> None:
    read = read_profile("model: m\nmax_model_len: 1\nmiddleware: [a, b]\nempty: []", "# why\n\nA=b=c\nD=\n")
    assert command(read).arguments == ("vllm", "serve", "m", "--max-model-len", "1", "--middleware", "a", "b")
    assert read.environment == {"A": "b=c", "D": ""}


@pytest.mark.parametrize("name", ["VLLM_API_KEY", "HF_TOKEN"])
def test_a_secret_among_a_profiles_variables_is_refused(name: str) -> None:
    with pytest.raises(ModelSettingError, match=name) as caught:
        read_profile("model: m", f"{name}=sesame")
    assert "sesame" not in str(caught.value)


def test_the_named_vllm_is_taken_then_that_of_the_environment_then_that_on_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert find_vllm(None) is None
    on_path = program(tmp_path / "bin" / "vllm", "")
    assert find_vllm(None) == str(on_path)
    program(tmp_path / ".venv-vllm" / "bin" / "vllm", "")
    assert find_vllm(None) == ".venv-vllm/bin/vllm"
    named = program(tmp_path / "mine", "")
    assert find_vllm(str(named)) == str(named)
    assert find_vllm(str(tmp_path / "none")) is None


def test_an_unknown_profile_is_misuse_and_the_known_ones_are_named() -> None:
    result = CliRunner().invoke(app, ["gpu-tp8", "--profiles", str(PROFILES), "--print"])
    assert result.exit_code == 2
    assert f"known are {', '.join(NAMES)}" in result.stderr


def test_misuse_is_told_in_one_line() -> None:
    result = CliRunner().invoke(app, ["cpu", "--profiles", str(PROFILES), "--print", "--", "--api-key", "sesame"])
    assert result.exit_code == 2
    assert len(result.output.splitlines()) == 1
    assert "sesame" not in result.output


def test_without_vllm_one_line_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    result = CliRunner().invoke(app, ["cpu", "--profiles", str(PROFILES)])
    assert result.exit_code == 1
    assert len(result.output.splitlines()) == 1
    assert "install-cpu.sh" in result.output
    assert CliRunner().invoke(app, ["cpu", "--profiles", str(PROFILES), "--vllm", "none"]).exit_code == 1


def test_a_command_can_be_read_where_vllm_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    result = CliRunner().invoke(app, ["gpu-tp4", "--profiles", str(PROFILES), "--print"])
    assert result.exit_code == 0
    assert result.stdout.startswith(f"VLLM_NO_USAGE_STATS=1 vllm serve {QWEN} ")


def test_the_command_is_printed_and_run_and_the_key_only_passed_on(tmp_path: Path) -> None:
    fake = program(
        tmp_path / "vllm",
        f"#!{sys.executable}\nimport json, os, sys\nprint(json.dumps([sys.argv[1:], dict(os.environ)]))\n",
    )
    (tmp_path / "model").mkdir()
    more = ["--model", str(tmp_path / "model"), "--lora", "clinic=/adapters/a", "--", "--seed", "1"]
    result = launched("cpu", "--vllm", str(fake), *more, VLLM_API_KEY="sesame")
    assert (result.returncode, result.stderr) == (0, "")
    printed, ran = result.stdout.splitlines()
    arguments, environment = json.loads(ran)
    assert "sesame" not in printed + " ".join(arguments)
    assert environment["VLLM_API_KEY"] == "sesame"
    assert {name: environment[name] for name in ("VLLM_NO_USAGE_STATS", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")} == {
        "VLLM_NO_USAGE_STATS": "1",
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
    }
    assert environment["VLLM_CPU_KVCACHE_SPACE"] == "4"
    assert arguments[:2] == ["serve", str(tmp_path / "model")]
    assert arguments[-2:] == ["--seed", "1"]
    assert shlex.join(arguments) in printed


def test_print_starts_nothing(tmp_path: Path) -> None:
    fake = program(tmp_path / "vllm", "#!/bin/sh\necho started\n")
    result = launched("gpu-1", "--vllm", str(fake), "--print", VLLM_API_KEY="sesame")
    assert result.returncode == 0
    assert result.stdout.splitlines() == [result.stdout.strip()]
    assert "started" not in result.stdout
    assert "sesame" not in result.stdout


@pytest.mark.parametrize(("rank", "kept"), [(4, 16), (16, 16), (20, 32), (64, 64), (100, 128)])
def test_room_is_kept_for_the_rank_of_an_adapter(tmp_path: Path, rank: int, kept: int) -> None:
    (tmp_path / "adapter_config.json").write_text(json.dumps({"r": rank}))
    assert rank_for([f"clinic={tmp_path}"]) == kept


def test_an_adapter_whose_rank_is_not_known_gets_the_usual_room(tmp_path: Path) -> None:
    assert rank_for(["clinic=some/hub-adapter"]) == 16
    (tmp_path / "adapter_config.json").write_text("not JSON")
    assert rank_for([f"clinic={tmp_path}"]) == 16


def test_another_model_of_a_hub_is_served_under_its_own_name() -> None:
    named = Profile(QWEN, {"served-model-name": QWEN})
    assert flags(command(named, Changes(model="Qwen/Qwen3-4B")).arguments)["--served-model-name"] == ["Qwen/Qwen3-4B"]
    local = command(named, Changes(model="folder"), is_local=True)
    assert flags(local.arguments)["--served-model-name"] == [QWEN]
