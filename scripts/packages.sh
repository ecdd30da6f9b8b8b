# The Debian packages that building and testing need, and how to get those that are missing. To be sourced.

build_packages="build-essential cmake ninja-build pkg-config libopenmpi-dev openmpi-bin libopenblas-dev libhdf5-dev
libpng-dev zlib1g-dev libjansson-dev libzip-dev libinih-dev libcmocka-dev"
# Where Debian has it, that is on x86-64: faster matrix products.
[ "$(dpkg --print-architecture 2>/dev/null)" != amd64 ] || build_packages="$build_packages libxsmm-dev"
# Slurm's daemons are not started by their packages, for want of a configuration; munged is, and only waits.
test_packages="python3 python3-venv e2fsprogs hdf5-tools iproute2 slurmctld slurmd slurm-client munge
chromium chromium-driver python3-selenium"

missing_packages() {
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || printf '%s ' "$package"
  done
}

# install_packages PACKAGE...: installs what is missing; asks for sudo only then.
install_packages() {
  if ! command -v apt-get >/dev/null; then
    echo "This is not Debian. The build needs what Debian calls: $*" >&2
    return 0
  fi
  missing=$(missing_packages "$@")
  [ -z "$missing" ] && return 0
  echo "installing $missing"
  sudo=
  [ "$(id -u)" = 0 ] || sudo=sudo
  $sudo apt-get update -q >/dev/null
  # shellcheck disable=SC2086 # a list of words
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >/dev/null
}

# build PRESET [CMAKE OPTION...]
build() {
  preset=$1
  shift
  cmake --preset "$preset" "$@" >/dev/null
  cmake --build --preset "$preset"
}
