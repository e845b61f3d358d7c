#!/bin/sh
# Screenshots of the demo's report for README and docs: sh tools/screenshots.sh (needs chromium and a finished `make demo`).
set -eu
report=$(cd "$(dirname "$0")/.." && pwd)/runs/demo/report.html
images=$(cd "$(dirname "$0")/.." && pwd)/docs/images
shot() { # file width height
  profile=$(mktemp -d)
  chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --no-first-run --disable-background-networking \
    --disable-component-update --disable-sync --user-data-dir="$profile" --screenshot="$images/$1" --window-size="$2,$3" \
    "file://$report" >/dev/null 2>&1
  rm -rf "$profile"
}
mkdir -p "$images"
shot demo.png 1280 1500
shot demo-phone.png 390 1500
