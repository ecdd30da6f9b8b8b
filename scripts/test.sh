#!/bin/sh
# Installs what is missing, builds and runs every test.
set -eu
cd "$(dirname "$0")/.."
. scripts/packages.sh

# shellcheck disable=SC2086 # lists of words
install_packages $build_packages $test_packages
build release -DCONVVIZ_TESTS=ON
ctest --preset release
