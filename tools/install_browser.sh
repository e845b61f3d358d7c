#!/bin/sh
# Headless Chromium for the report tests: installed when we are root and it is missing; without it those tests are skipped.
if command -v chromium >/dev/null 2>&1 && command -v chromedriver >/dev/null 2>&1; then exit 0; fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "chromium is not installed: the browser tests will be skipped"
  exit 0
fi
(apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium chromium-driver) >/dev/null 2>&1 ||
  echo "chromium could not be installed: the browser tests will be skipped"
exit 0
