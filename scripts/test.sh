#!/bin/sh
# Installs what is missing, builds and runs every test.
set -eu
cd "$(dirname "$0")/.."
. scripts/packages.sh

# shellcheck disable=SC2086 # lists of words
install_packages $build_packages $test_packages

# Keras, the reference of the numbers: in an environment of its own, if the package index can be reached.
venv=build/keras
keras=$PWD/$venv/bin/python
if ! $venv/bin/python -c 'import keras, h5py, axe_core_python' 2>/dev/null; then
  echo "installing Keras for the tests that compare with it"
  if ! /usr/bin/python3 -m venv $venv ||
    ! $venv/bin/pip install -q -r tests/parity/requirements.txt -r tests/site/requirements.txt; then
    echo "Keras could not be installed: the tests that compare with it are skipped"
    keras=
  fi
fi

# First, of what is short, with the address and undefined-behaviour sanitizers.
build asan -DCONVVIZ_TESTS=ON
ctest --preset asan -j "$(nproc)" -E "^(cli_(errors|view|bench|plan|resume|dynamic|recipes|results|disk|rescue|mixed|objectives|spectrum|alpha|frames)|keras_.*)$"

build release -DCONVVIZ_TESTS=ON -DCONVVIZ_KERAS_PYTHON="$keras"
ctest --preset release -j 2
