#!/bin/sh
# Fetches the official ImageNet weights of a network of keras.applications, and checks them.
#
#   weights/fetch.sh              lists the names
#   weights/fetch.sh NAME         without the top (the classifier), which is all that pictures of filters need
#   weights/fetch.sh NAME top     with it
#
# The file lands beside this script. CONVVIZ_WEIGHTS_BASE replaces the part of the address before the file's name.
# Exit codes: 0 done (or there already), 1 failed, 2 usage.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
list=$here/official.txt

fail() {
  code=$1
  shift
  echo "fetch.sh: $*" >&2
  exit "$code"
}

sum_of() {
  if command -v md5sum >/dev/null 2>&1; then
    md5sum <"$1" | cut -d ' ' -f 1
  else
    md5 -q "$1"
  fi
}

if [ $# -eq 0 ]; then
  grep -v '^#' "$list" | cut -d ' ' -f 1 | uniq
  exit 0
fi
[ $# -le 2 ] || fail 2 "$# arguments, expected NAME [notop|top]"
name=$1
variant=${2:-notop}
case $variant in
notop | top) ;;
*) fail 2 "variant '$variant', expected notop or top" ;;
esac

row=$(awk -v name="$name" -v variant="$variant" \
  'tolower($1) == tolower(name) && $2 == variant { print $1, $3, $4 }' "$list")
[ -n "$row" ] || fail 2 "name '$name' is not known; without arguments this script lists the names"
name=${row%% *}
address=${row##* }
sum=${row#* }
sum=${sum%% *}
file=$here/${address##*/}
[ -z "${CONVVIZ_WEIGHTS_BASE:-}" ] || address=${CONVVIZ_WEIGHTS_BASE%/}/${address##*/}

if [ -f "$file" ] && [ "$(sum_of "$file")" = "$sum" ]; then
  echo "$file"
  exit 0
fi
command -v curl >/dev/null 2>&1 || fail 1 "curl is not installed"
part=$(mktemp "$file.XXXXXX") || fail 1 "cannot write to $here"
trap 'rm -f "$part"' EXIT
trap 'exit 1' HUP INT TERM
note=$(curl --fail --location --silent --show-error --retry 3 --output "$part" "$address" 2>&1) ||
  fail 1 "cannot fetch $address: $(echo "$note" | tail -n 1)"
found=$(sum_of "$part")
[ "$found" = "$sum" ] || fail 1 "$address has the MD5 $found, expected $sum"
chmod 644 "$part"
mv -f "$part" "$file"
echo "$file"
echo "use it with: --weights $file --arch $name"
