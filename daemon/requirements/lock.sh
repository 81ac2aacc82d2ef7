#!/usr/bin/env bash
# Writes the hashed pins from pyproject.toml; run by `make lock`. Needs uv (`pip install uv`).
set -euo pipefail
cd "$(dirname "$0")/../.."
compile() {
    uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
        --no-emit-index-url --no-annotate --custom-compile-command "make lock" "$@" pyproject.toml
}
compile -o daemon/requirements/runtime.txt
compile --extra dev -o daemon/requirements/dev.txt
