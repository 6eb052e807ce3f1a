#!/bin/sh
# Install what pkgman needs: system packages with the system's own package manager, Python packages
# into .venv.  Usage: tools/setup.sh run|test|lowest|bench
#
# `lowest` is `test` with the lowest versions that pyproject.toml allows, in .venv-lowest.
#
# Tried on Debian 12.  The tdnf and dnf branches (Photon OS, Azure Linux, Fedora) are written from
# those distributions' package lists and have not been run.
set -eu
cd "$(dirname "$0")/.."
purpose=${1:-run}
python=${PYTHON:-/usr/bin/python3}
case $purpose in
run | test | bench) venv=.venv ;;
lowest) venv=.venv-lowest ;;
*) echo "setup: usage: tools/setup.sh run|test|lowest|bench" >&2; exit 2 ;;
esac
# Programs that a few tests try the product with. Not every distribution has all of them, so the
# set-up goes on without, and those tests are skipped.
extras='buildah fish groff shellcheck strace zsh'

missing() { for tool in "$@"; do command -v "$tool" >/dev/null 2>&1 || return 0; done; return 1; }

# What each purpose needs, as a test that costs nothing when all is there.
satisfied() {
    "$python" -c 'import ensurepip, rpm, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || return 1
    if missing rpm rpmbuild rpmsign createrepo_c modifyrepo_c gpg zstd; then return 1; fi
    case $purpose in
    test | lowest) ! missing nginx openssl unshare ;;
    bench) ! missing nginx openssl unshare dnf zypper apt-file dpkg-deb ;;
    esac
}

install_packages() {
    if [ "$(id -u)" -ne 0 ]; then
        echo "setup: system packages are missing and only root can install them: run 'sudo tools/setup.sh $purpose'" >&2
        exit 1
    fi
    if command -v apt-get >/dev/null 2>&1; then
        export DEBIAN_FRONTEND=noninteractive
        set -- python3 python3-venv python3-rpm rpm createrepo-c gnupg zstd ca-certificates
        if [ "$purpose" != run ]; then set -- "$@" nginx-light openssl util-linux procps; fi
        if [ "$purpose" = bench ]; then set -- "$@" dnf zypper apt-file dpkg-dev; fi
        apt-get -qq update
        apt-get -qq install -y --no-install-recommends "$@" >/dev/null
    elif command -v dnf >/dev/null 2>&1; then
        set -- python3 python3-pip python3-rpm rpm-build rpm-sign createrepo_c gnupg2 zstd
        if [ "$purpose" != run ]; then set -- "$@" nginx openssl util-linux procps-ng; fi
        dnf install -y -q "$@"
    elif command -v tdnf >/dev/null 2>&1; then
        set -- python3 python3-pip python3-rpm rpm-build createrepo_c gnupg zstd
        if [ "$purpose" != run ]; then set -- "$@" nginx openssl util-linux procps-ng; fi
        tdnf install -y -q "$@"
    else
        echo "setup: none of apt-get, dnf and tdnf is here; install by hand: python3 (3.11 or later) with" >&2
        echo "venv and its rpm module, rpmbuild, rpmsign, createrepo_c, gpg, zstd" >&2
        exit 1
    fi
}

# Each by itself: one that the distribution lacks must not keep the others out.
install_extras() {
    if command -v apt-get >/dev/null 2>&1; then
        export DEBIAN_FRONTEND=noninteractive
        apt-get -qq update >/dev/null 2>&1 || :
        set -- apt-get -qq install -y --no-install-recommends
    elif command -v dnf >/dev/null 2>&1; then
        set -- dnf install -y -q
    elif command -v tdnf >/dev/null 2>&1; then
        set -- tdnf install -y -q
    fi
    for tool in $extras; do
        package=$tool
        if [ "$tool" = shellcheck ] && [ "$1" != apt-get ]; then package=ShellCheck; fi
        if missing "$tool"; then "$@" "$package" >/dev/null 2>&1 || :; fi
    done
}

if ! satisfied; then
    echo "setup: installing system packages for '$purpose'"
    install_packages
    satisfied || { echo "setup: something is still missing after installing; see above" >&2; exit 1; }
fi

# The venv is built from the system's interpreter, since only that one has librpm's binding.
if [ ! -x $venv/bin/python ] || ! $venv/bin/python -c 'import rpm, pip' 2>/dev/null; then
    rm -rf $venv
    "$python" -m venv --system-site-packages $venv
fi

stamp=$venv/.done-$purpose
if [ ! -e "$stamp" ] || [ pyproject.toml -nt "$stamp" ] || [ tools/setup.sh -nt "$stamp" ]; then
    # shellcheck disable=SC2086 # a list of words
    if [ "$purpose" != run ] && missing $extras; then
        if [ "$(id -u)" -eq 0 ]; then install_extras; fi
        for tool in $extras; do
            if missing "$tool"; then echo "setup: $tool is missing: its tests will be skipped"; fi
        done
    fi
    echo "setup: installing Python packages into $venv"
    case $purpose in
    run) set -- -e . ;;
    test | bench) set -- -e '.[dev]' ;;
    lowest)
        $venv/bin/python tools/lowest.py > $venv/lowest.txt
        set -- -c $venv/lowest.txt -e '.[dev]'
        ;;
    esac
    $venv/bin/python -m pip install -q --disable-pip-version-check --root-user-action=ignore "$@"
    : > "$stamp"
fi
set --
for program in tdnf tdnfj tyum yum tdnf-automatic tdnf-config tdnf-history-util; do
    set -- "$@" "$venv/bin/$program"
done
$venv/bin/python tools/launcher/write.py "$@"
