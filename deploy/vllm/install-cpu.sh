#!/usr/bin/env bash
# Installs vLLM for processors without a GPU into a virtual environment of its own.
# usage: install-cpu.sh VENV UV     exit code 3: there is no such build for this platform
set -euo pipefail
venv=$1 uv=$2 here=$(cd "$(dirname "$0")" && pwd)
export UV_LINK_MODE=copy

if [ "$(uname -s)-$(uname -m)" != Linux-x86_64 ]; then
    echo "vLLM's CPU build exists for x86-64 Linux only; this is $(uname -s) on $(uname -m)" >&2
    exit 3
fi

[ -x "$venv/bin/python" ] || "$uv" venv --quiet --seed "$venv"
# torch's builds differ from machine to machine, so it is pinned by version only, as for the service itself.
"$venv/bin/pip" install --quiet --no-index --no-deps torch==2.13.0 2>/dev/null \
    || "$uv" pip install --quiet --python "$venv/bin/python" --no-deps --torch-backend cpu torch==2.13.0
"$uv" pip install --quiet --compile-bytecode --python "$venv/bin/python" --no-deps --require-hashes \
    -r "$here/requirements-cpu.txt"

# vLLM asks for its own version under the name "vllm", which this build does not have.
site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
about="$site/vllm-0.32.0+cpu.dist-info"
mkdir -p "$about"
printf 'Metadata-Version: 2.1\nName: vllm\nVersion: 0.32.0+cpu\n' >"$about/METADATA"
printf 'citewell\n' >"$about/INSTALLER"
: >"$about/RECORD"
