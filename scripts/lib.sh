# shellcheck shell=bash
# Sourced by the scripts of this folder, .ci/run and Benchmarks/run: where the project is, and how what it needs gets there.
# Everything is quick (well under a second) when nothing is missing, and says what it does when something is.

set -euo pipefail

project="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
readonly project

# What the build needs beside the Swift toolchain, and the list of the program's parts (scripts/sbom.py).
readonly build_packages=(
    ca-certificates curl git libcurl4-openssl-dev libnghttp2-dev libsqlite3-dev libssl-dev libxxhash-dev pkg-config python3 zlib1g-dev
)
# What the tests need on top: an independent writer and reader, two browsers, a compiler for the client's types, a movable clock, a
# root to prove the image in, a shell that needs no library, a count of system calls, a network to cut, the proxies that people put
# in front of services, and tools that make and check packages, manual pages, rules of alerts and units.
readonly test_packages=(
    chromium chromium-driver debootstrap faketime firefox-esr iproute2 node-typescript openssl python3-venv slowhttptest
    busybox-static dpkg-dev mandoc patchelf strace
    caddy haproxy nginx varnish
    prometheus systemd
)

say() { printf '==> %s\n' "$*" >&2; }

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# Runs a command as root: directly when we are root, through sudo otherwise.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "\"$*\" needs root, and there is no sudo: run it as root, then start this script again"
    fi
}

# Installs the Debian packages that are missing from the list given.
need_packages() {
    command -v dpkg-query >/dev/null || fail "these scripts install Debian packages, and this is no Debian: install $* yourself"
    local missing=() package installed
    installed=" $(dpkg-query --show --showformat '${db:Status-Status}:${Package} ' "$@" 2>/dev/null || true)"
    for package in "$@"; do
        case "$installed" in
            *" installed:$package "*) ;;
            *) missing+=("$package") ;;
        esac
    done
    [ ${#missing[@]} -eq 0 ] && return
    say "installing Debian packages: ${missing[*]}"
    # A source that does not answer is no reason to stop: the packages may well come from another one.
    as_root apt-get update --quiet --quiet || say "apt-get update was not clean; going on with the lists there are"
    # The servers among them are started by the tests, on ports of their own, and not by the system.
    local policy=/usr/sbin/policy-rc.d held=0 status=0
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
        held=1
    fi
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install --quiet --quiet --yes --no-install-recommends "${missing[@]}" >/dev/null || status=$?
    [ "$held" -eq 0 ] || as_root rm -f "$policy"
    return "$status"
}

# Stops with one line unless a Swift toolchain is there that can build the package.
need_swift() {
    command -v swift >/dev/null ||
        fail "no Swift toolchain found on PATH: install Swift 6.3 from https://www.swift.org/install and try again"
    local version
    version="$(swift --version 2>&1)" ||
        fail "swift does not start (${version%%$'\n'*}): install what it needs, see https://www.swift.org/install"
}

# Makes the Python environment .venv hold exactly scripts/requirements.txt.
need_python() {
    need_packages python3 python3-venv
    local requirements="$project/scripts/requirements.txt" stamp="$project/.venv/requirements.stamp"
    if [ -f "$stamp" ] && cmp --silent "$requirements" "$stamp" && [ -x "$project/.venv/bin/python" ]; then
        return
    fi
    say "installing the Python packages of scripts/requirements.txt into .venv (about a minute)"
    rm -f "$stamp"
    [ -x "$project/.venv/bin/python" ] || python3 -m venv --clear "$project/.venv"
    "$project/.venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements"
    cp "$requirements" "$stamp"
}

# How the program is built to be shipped: every address is bound and made read-only before it runs, and no path of the build is in it.
# The Dockerfile has the same.
readonly release_options=(
    -c release --static-swift-stdlib --product tablecast
    -Xlinker -z -Xlinker relro -Xlinker -z -Xlinker now
    -Xswiftc -file-prefix-map -Xswiftc "$project=." -Xcc "-ffile-prefix-map=$project=."
)

# Builds the program as the container image ships it; prints where it is.
build_release() {
    say "building tablecast (release)"
    swift build --package-path "$project" "${release_options[@]}" >&2
    printf '%s/tablecast\n' "$(swift build --package-path "$project" "${release_options[@]}" --show-bin-path)"
}
