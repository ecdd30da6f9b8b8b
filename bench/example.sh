#!/bin/sh
# Times the whole Keras example, 64 filters of ResNet50V2 in 30 steps, in Keras as it is written and in convviz-mpi with
# one rank for each core: from the start of the process to the files on disk, by turns.
#
# bench/example.sh [ROUNDS]   3 without
#
# Open MPI looks for fast networks for 0.2 s when it starts, unless it is told that there are none (OMPI_MCA_pml=ob1).
#
# The environment: KERAS_PYTHON, as in compare.sh; CONVVIZ, the program; LAUNCH, what runs it on all cores.
set -eu
cd "$(dirname "$0")/.."
python=${KERAS_PYTHON:-build/keras/bin/python}
program=${CONVVIZ:-build/release/src/convviz-mpi}
launch=${LAUNCH:-mpirun -np $(nproc)}
rounds=${1:-3}
export OMPI_MCA_pml="${OMPI_MCA_pml:-ob1}"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# The values of the weights do not change the time.
TF_CPP_MIN_LOG_LEVEL=3 "$python" -c "import keras
keras.applications.ResNet50V2(weights=None, include_top=False).save('$scratch/model.h5')" 2>/dev/null

# seconds COMMAND...
seconds() {
  begin=$(date +%s.%N)
  "$@" >"$scratch/output" 2>&1 || { cat "$scratch/output" >&2; exit 1; }
  echo "$begin $(date +%s.%N)" | awk '{ printf "%.2f", $2 - $1 }'
}

echo "| round | Keras s | convviz-mpi s | ratio |"
echo "|---|---|---|---|"
round=0
while [ "$round" -lt "$rounds" ]; do
  round=$((round + 1))
  keras=$(seconds "$python" bench/peers/keras_example.py "$scratch/model.h5" "$scratch/keras.png")
  # shellcheck disable=SC2086 # a command and its arguments
  ours=$(seconds $launch "$program" --model "$scratch/model.h5" --layer conv3_block4_out --filters 0-63 --size 180 \
    --out "$scratch/atlas" --overwrite --quiet)
  echo "| $round | $keras | $ours | $(echo "$keras $ours" | awk '{ printf "%.2f", $1 / $2 }') |"
done
