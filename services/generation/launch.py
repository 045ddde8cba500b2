"""`citewell-vllm`: starts vLLM from a profile, a file that `vllm serve --config` takes as well.

An API key never stands on the command line, which every user of a machine can read: vLLM takes it from the variable
VLLM_API_KEY, which is passed on with the rest of the environment and neither read nor printed here.
"""

import contextlib
import json
import os
import re
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, NoReturn, TypeAlias

import typer
import yaml
from rich.console import Console

from services.core.errors import ModelSettingError

_VENV: Final = ".venv-vllm/bin/vllm"
_MISSING: Final = (
    "vLLM is not installed: run `deploy/vllm/install-cpu.sh .venv-vllm .venv/bin/uv` where there is no GPU, "
    "`pip install vllm==0.32.0` where there is one, or name it with --vllm"
)
_ALWAYS: Final = {"VLLM_NO_USAGE_STATS": "1"}
_OFFLINE: Final = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
_LORA_RANKS: Final = (8, 16, 32, 64, 128, 256, 320, 512)
"""Ranks that vLLM 0.32 keeps room for (vllm/config/lora.py); an adapter may have any rank up to that."""

_USUAL_RANK: Final = 16
_SECRET_FLAGS: Final = ("--api-key", "--hf-token")
_SECRET_NAME: Final = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD)$")
_LORA: Final = re.compile(r"[^\s=]+=.+")
_LINE: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)")
_Value: TypeAlias = "bool | int | float | str | list[str] | dict[str, _Value]"

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
_err = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Profile:
    """Flags of `vllm serve` by their long names, without the model, and the variables that belong to them."""

    model: str
    flags: Mapping[str, _Value]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to differ from a profile; None leaves it. `extra` comes last, so that it wins."""

    model: str | None = None
    served_name: str | None = None
    host: str | None = None
    port: int | None = None
    tensor_parallel_size: int | None = None
    loras: Sequence[str] = ()
    max_lora_rank: int = _USUAL_RANK
    extra: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """A command line, and the variables to set for it beside those that are inherited."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]

    def __str__(self) -> str:
        """As one would type it into a shell."""
        variables = (f"{name}={shlex.quote(value)}" for name, value in self.environment.items())
        return " ".join((*variables, shlex.join(self.arguments)))


def read_profile(text: str, variables: str = "") -> Profile:
    """A profile from its YAML text and the KEY=VALUE lines beside it.

    Raises:
        ModelSettingError: It is no mapping of flags with a model, or carries a secret.
    """
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as exc:
        raise ModelSettingError("the profile is not valid YAML") from exc
    if not isinstance(content, dict) or not isinstance(content.get("model"), str):
        raise ModelSettingError("the profile must be a mapping of vLLM's flags, with a model")
    flags: dict[str, _Value] = {str(name).replace("_", "-"): value for name, value in content.items()}
    flags.pop("model")
    lines = [line.strip() for line in variables.splitlines()]
    matches = [_LINE.fullmatch(line) for line in lines if line and not line.startswith("#")]
    environment = {match[1]: match[2] for match in matches if match}
    if len(environment) < len(matches):
        raise ModelSettingError("the profile's variables must be lines of KEY=VALUE, each key once")
    for name in environment:
        if _SECRET_NAME.search(name):
            raise ModelSettingError(f"{name} is a secret: set it in the environment, not in a profile")
    return Profile(content["model"], flags, environment)


def build(
    profile: Profile, changes: Changes, executable: str, *, is_local: bool, inherited: Mapping[str, str]
) -> Command:
    """The exact command.

    Args:
        profile: What to start from.
        changes: What to change about it.
        executable: Path of `vllm`.
        is_local: Whether the model is a folder, so that nothing must be looked for on a hub.
        inherited: Variables that are set already; they win over the profile's.

    Raises:
        ModelSettingError: A LoRA adapter is not NAME=PATH, or a secret is on the command line.
    """
    flags: dict[str, _Value] = dict(profile.flags)
    changed = {
        # A model from a hub is served under its own name, so that answers say truly what made them.
        "served-model-name": changes.served_name or (None if is_local else changes.model),
        "host": changes.host,
        "port": changes.port,
        "tensor-parallel-size": changes.tensor_parallel_size,
    }
    flags.update({name: value for name, value in changed.items() if value is not None})
    if changes.loras:
        if not all(_LORA.fullmatch(lora) for lora in changes.loras):
            raise ModelSettingError("a LoRA adapter is given as NAME=PATH")
        flags |= {"enable-lora": True, "max-lora-rank": changes.max_lora_rank, "lora-modules": list(changes.loras)}
    arguments = [executable, "serve", changes.model or profile.model]
    for name, value in flags.items():
        arguments += _flag(name, value)
    arguments += changes.extra
    _refuse_secrets(arguments)
    chosen = {name: inherited.get(name, value) for name, value in profile.environment.items()}
    return Command(tuple(arguments), _ALWAYS | (_OFFLINE if is_local else {}) | chosen)


def rank_for(loras: Sequence[str]) -> int:
    """The least rank that vLLM can keep room for and that the adapters among the folders fit into."""
    ranks = [_USUAL_RANK]
    for lora in loras:
        about = Path(lora.partition("=")[2]) / "adapter_config.json"
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            ranks.append(int(json.loads(about.read_text("utf-8"))["r"]))
    return next((rank for rank in _LORA_RANKS if rank >= max(ranks)), _LORA_RANKS[-1])


def find_vllm(named: str | None) -> str | None:
    """Path of `vllm`: the one that is named, else that of `.venv-vllm`, else that on PATH. None if there is none."""
    if named is not None:
        return shutil.which(named)
    return shutil.which(_VENV) or shutil.which("vllm")


@app.command()
def launch(  # noqa: PLR0913 - one parameter for each option
    profile: Annotated[str, typer.Argument(metavar="PROFILE", help="Name of a profile, as in gpu-tp4.")],
    extra: Annotated[list[str] | None, typer.Argument(metavar="[-- FLAGS]", help="More flags of vLLM.")] = None,
    *,
    model: Annotated[str | None, typer.Option(help="Another model, or the folder it lies in.")] = None,
    served_name: Annotated[str | None, typer.Option(help="Name that clients ask for.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=1024, max=65535, help="Port to listen on.")] = None,
    tensor_parallel_size: Annotated[int | None, typer.Option(min=1, help="Cards to split the model over.")] = None,
    lora: Annotated[list[str] | None, typer.Option(metavar="NAME=PATH", help="Adapter to serve as NAME.")] = None,
    profiles: Annotated[Path, typer.Option(help="Folder of profiles.")] = Path("deploy/vllm"),
    vllm: Annotated[str | None, typer.Option(metavar="EXECUTABLE", help="The vllm to start.")] = None,
    only_print: Annotated[bool, typer.Option("--print", help="Print the command, start nothing.")] = False,
) -> None:
    """Start vLLM from PROFILE. Its API key is taken from the variable VLLM_API_KEY."""
    known = sorted(path.stem for path in profiles.glob("*.yaml"))
    if profile not in known:
        _fail(f"there is no profile {profile} in {profiles}: known are {', '.join(known) or 'none'}", code=2)
    executable = find_vllm(vllm) or ("vllm" if only_print and vllm is None else None)
    if executable is None:
        _fail(_MISSING if vllm is None else f"{vllm} is no program: name vLLM's own with --vllm", code=1)
    variables = profiles / f"{profile}.env"
    loras = lora or []
    changes = Changes(model, served_name, host, port, tensor_parallel_size, loras, rank_for(loras), extra or ())
    try:
        read = read_profile(
            (profiles / f"{profile}.yaml").read_text("utf-8"),
            variables.read_text("utf-8") if variables.is_file() else "",
        )
        is_local = Path(model or read.model).is_dir()
        command = build(read, changes, executable, is_local=is_local, inherited=os.environ)
    except ModelSettingError as exc:
        _fail(str(exc), code=2)
    typer.echo(str(command))
    if not only_print:
        os.execve(executable, command.arguments, {**os.environ, **command.environment})  # noqa: S606 - no shell is meant


def main() -> None:
    """Entry point of the console script."""
    app(prog_name="citewell-vllm")


def _flag(name: str, value: _Value) -> list[str]:
    """As vLLM reads its own files; only that it drops what is false there, and here it is said."""
    if isinstance(value, bool):
        return [f"--{name}" if value else f"--no-{name}"]
    if isinstance(value, list):
        return [f"--{name}", *map(str, value)] if value else []
    return [f"--{name}", json.dumps(value) if isinstance(value, dict) else str(value)]


def _refuse_secrets(arguments: Sequence[str]) -> None:
    """The parser of vLLM takes underscores and abbreviations too."""
    for argument in arguments:
        flag = argument.partition("=")[0].replace("_", "-")
        if flag.startswith("--") and len(flag) > len("--") and any(name.startswith(flag) for name in _SECRET_FLAGS):
            raise ModelSettingError(
                f"{flag} would show a secret to every user of this machine: set VLLM_API_KEY or HF_TOKEN instead"
            )


def _fail(message: str, code: int) -> NoReturn:
    _err.print(message, highlight=False, markup=False, soft_wrap=True)
    raise typer.Exit(code)


if __name__ == "__main__":
    main()
