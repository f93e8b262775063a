#!/bin/sh
# Runs cargo with the given arguments; installs Debian's Rust and C linker first where there are none.
set -eu
cd "$(dirname "$0")/.."

# The oldest Rust that this is tested with; Debian 12's own packages rustc and cargo are older.
minimum=95

# Whether the cargo "$1" works: it may be a proxy of rustup without a toolchain behind it.
works() {
    version=$("$1" --version 2>/dev/null) || return 1
    minor=${version#cargo 1.}
    test "${minor%%.*}" -ge "$minimum" 2>/dev/null
}

find_cargo() {
    for cargo in cargo "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" /usr/bin/cargo; do
        if works "$cargo"; then return 0; fi
    done
    return 1
}

missing=
find_cargo || missing="rustc-web cargo-web rust-web-src"
command -v cc >/dev/null || missing="$missing gcc libc6-dev"
if [ -n "$missing" ]; then
    install="apt-get install -y --no-install-recommends $missing"
    if ! command -v apt-get >/dev/null; then
        echo "missing here: Rust 1.$minimum or later (https://rustup.rs) and a C compiler" >&2
        exit 1
    elif [ "$(id -u)" = 0 ]; then
        sudo=
    elif command -v sudo >/dev/null; then
        sudo=sudo
    else
        printf 'missing packages, and neither root nor sudo here; have this run:\n    %s\n' "$install" >&2
        exit 1
    fi
    echo "missing packages: $missing"
    # Lists that are missing or old name packages that are not there any more, or too old a Rust.
    $sudo apt-get -q update
    # shellcheck disable=SC2086
    $sudo env DEBIAN_FRONTEND=noninteractive $install
    if ! find_cargo; then
        echo "the packages are installed, but cargo 1.$minimum or later is still not found" >&2
        exit 1
    fi
fi

# cargo looks rustc up on the PATH, where a proxy of rustup may come first.
case $cargo in */*) PATH=${cargo%/*}:$PATH ;; esac
# cargo is told to be quiet; the first build takes a minute.
if [ ! -e "${CARGO_TARGET_DIR:-target}/debug/xtask" ]; then echo "building xtask, once"; fi
exec "$cargo" "$@"
