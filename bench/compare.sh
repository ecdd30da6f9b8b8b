#!/bin/sh
# Times one step of gradient ascent beside Keras: both by turns on one core of this machine, in several rounds.
#
# bench/compare.sh [ROUNDS [CORE [NETWORK LAYER SIZE]]]   3 rounds, core 0 and the list below without them
#
# The environment: KERAS_PYTHON, a Python with TensorFlow and Keras (what scripts/test.sh makes without it);
# CONVVIZ_BENCH, the program; BENCH_SECONDS, of each measurement. The table goes to standard output, progress to
# standard error.
set -eu
cd "$(dirname "$0")/.."
python=${KERAS_PYTHON:-build/keras/bin/python}
program=${CONVVIZ_BENCH:-build/release/bench/convviz-bench}
seconds=${BENCH_SECONDS:-3}
rounds=${1:-3}
core=${2:-0}

networks='ResNet50V2 conv3_block4_out 180
VGG16 block4_conv3 180
InceptionV3 mixed4 180
DenseNet121 conv4_block12_concat 180
MobileNetV2 block_9_add 180
Xception block8_sepconv2_bn 180
EfficientNetB0 block5b_add 180
EfficientNetV2B0 block5b_add 180
ResNet152V2 conv4_block20_out 224
ResNet50 conv4_block4_out 180
InceptionResNetV2 block17_10_conv 180
MobileNet conv_pw_9 180
MobileNetV3Small expanded_conv_7_project 180
MobileNetV3Large expanded_conv_11_project 180
NASNetMobile normal_concat_8 224
ConvNeXtTiny convnext_tiny_stage_2_block_6_depthwise_conv 180'
[ $# -lt 5 ] || networks="$3 $4 $5"

for needed in "$python" "$program"; do
  if ! command -v "$needed" >/dev/null; then
    echo "compare.sh: $needed is not there; scripts/test.sh makes it" >&2
    exit 1
  fi
done

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# note PROGRAM "NETWORK LAYER SIZE" COMMAND...: one line of the results. TensorFlow talks even when all is well.
note() {
  who=$1 what=$2
  shift 2
  echo "$what: $who" >&2
  if ! object=$(taskset -c "$core" "$@" 2>"$scratch/errors"); then
    cat "$scratch/errors" >&2
    exit 1
  fi
  grep '^warning: ' "$scratch/errors" >&2 || true
  printf '%s\t%s\t%s\n' "$who" "$what" "$object" >>"$scratch/results"
}

round=0
while [ "$round" -lt "$rounds" ]; do
  round=$((round + 1))
  while read -r network layer size; do
    note keras "$network $layer $size" \
      "$python" bench/peers/keras_step.py "$network" "$layer" "$size" "$seconds" </dev/null
    note convviz "$network $layer $size" \
      "$program" step --arch "$network" --layer "$layer" --size "$size" --seconds "$seconds" --json </dev/null
  done <<EOF
$networks
EOF
done
"$python" bench/peers/table.py "$scratch/results"
