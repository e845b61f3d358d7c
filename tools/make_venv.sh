#!/bin/sh
# make_venv.sh PYTHON FOLDER: a virtual environment with pip, also where Debian split ensurepip into a package of its own.
set -eu
python=$1
folder=$2
[ -x "$folder/bin/python" ] && "$folder/bin/python" -m pip --version >/dev/null 2>&1 && exit 0
if ! "$python" -m venv "$folder" >/dev/null 2>&1; then
  rm -rf "$folder"
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    apt-get update -qq
    apt-get install -y -qq python3.11-venv
    "$python" -m venv "$folder"
  else
    echo "this Python has no venv module: install the package python3.11-venv, then run make again" >&2
    exit 1
  fi
fi
