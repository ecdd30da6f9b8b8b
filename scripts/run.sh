#!/bin/sh
# Installs what is missing, builds, and renders 64 filters of the bundled network with all cores.
set -eu
cd "$(dirname "$0")/.."
. scripts/packages.sh

# shellcheck disable=SC2086 # a list of words
install_packages $build_packages
build release -DCONVVIZ_TESTS=OFF

[ "$(id -u)" = 0 ] && export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
mpirun --oversubscribe -np "$(nproc)" build/release/src/convviz-mpi jobs/quickstart.ini --overwrite
echo "The best pictures: jobs/classes.ini renders classes by name, jobs/deepdream.ini dreams, jobs/best_atlas.ini has every filter of the blocks."
echo "More: jobs/atlas.ini renders every convolution; weights/README.md tells how to get Keras's own ResNet50V2 for jobs/keras_example.ini."
