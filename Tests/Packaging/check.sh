#!/usr/bin/env bash
# Installs the Debian package in a fresh Debian 12 without a toolchain, uses it as a user would, and removes it. `make deb-check` calls it.
#
#   Tests/Packaging/check.sh PACKAGE.deb [TARBALL.tar.gz]      as root; needs debootstrap, and the network for Debian's packages
#
# Prints a line for each check and ends with 1 where one fails. SELFIMPROVE_DIGESTS="D1 D2 ..." are digests of models that the smoke
# campaign has to end with; CHROOT=FOLDER keeps the installed system there for a next time, without the package.
set -euo pipefail
package=$(readlink -f "$1") tarball=${2:+$(readlink -f "$2")}
cd "$(dirname "$0")/../.."
[ "$(id -u)" -eq 0 ] || { echo "debootstrap and chroot need root: sudo $0 $1"; exit 1; }
command -v debootstrap >/dev/null || { echo "debootstrap is missing: apt-get install debootstrap"; exit 1; }
# What is mounted below is seen by this script alone, and gone with it.
[ -n "${IN_NAMESPACE:-}" ] || exec env IN_NAMESPACE=1 unshare --mount --propagation private "$0" "$package" ${tarball:+"$tarball"}

root=${CHROOT:-$(mktemp -d)}
failed=0 daemon=""
cleanup() {
  [ -z "$daemon" ] || kill "$daemon" 2>/dev/null || true
  umount -R "$root/proc" "$root/dev" 2>/dev/null || true
  [ -n "${CHROOT:-}" ] || rm -rf --one-file-system "$root"
}
trap cleanup EXIT

enter=(env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive chroot "$root")
inside() { "${enter[@]}" "$@"; }
# check WHAT COMMAND...: the command's output is shown where it fails.
check() {
  local what=$1 log
  shift
  if log=$("$@" 2>&1); then echo "ok      $what"; else echo "FAILED  $what"; echo "$log" | tail -30 | sed 's/^/        /'; failed=1; fi
}
apt() { inside apt-get -q -y --no-install-recommends "$@" >"$root/var/log/check.log" 2>&1 || { tail -20 "$root/var/log/check.log"; exit 1; }; }

suite=bookworm
if [ ! -x "$root/usr/bin/apt-get" ]; then
  mirror=$(apt-get indextargets --format '$(REPO_URI)' "Created-By: Packages" "Codename: $suite" 2>/dev/null | head -n 1)
  echo "debootstrap $suite, from ${mirror:-its own mirror}"
  debootstrap --variant=minbase "$suite" "$root" ${mirror:+"$mirror"} >"$root.log" 2>&1 || { tail -5 "$root.log"; exit 1; }
  rm -f "$root.log"
fi
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp "$package" "$root/root/selfimprove.deb"
apt update

state=/var/lib/selfimprove configs=/usr/share/selfimprove/configs
nothing_of() { [ -z "$(find "$root"/{usr,opt,lib} -name "$1" -print -quit 2>/dev/null)" ]; }
check "no Swift, no compiler in the new system" eval '! inside which swift clang gcc && nothing_of "libswift*"'
apt install /root/selfimprove.deb
check "installed: $(inside dpkg-query -W -f '${Package} ${Version} ${Architecture}' selfimprove)" inside dpkg --verify selfimprove
check "still no Swift and no compiler: its dependencies bring none" eval '! inside which swift clang gcc && nothing_of "libswift*"'
check "every library is there" eval '! inside ldd /usr/bin/selfimprove | grep "not found"'
# libopenblas.so.0 is one of Debian's alternatives, so that the package of its target counts.
owned() {
  local path
  for path in $(inside ldd /usr/bin/selfimprove | grep -oE '/[^ ]+'); do
    inside sh -c "dpkg -S '$path' || dpkg -S \"\$(readlink -f '$path')\" || dpkg -S '/usr$path'" >/dev/null 2>&1 || { echo "$path"; return 1; }
  done
}
check "every library is one of Debian's" owned
check "the service is not enabled by the installation" eval \
  '[ -z "$(find "$root/etc/systemd" -name "selfimprove*" 2>/dev/null)" ]'
check "--help" eval 'inside selfimprove --help | grep "SUBCOMMANDS"'
check "--version: $(inside selfimprove --version)" inside selfimprove --version
check "doctor, before there is a state" inside selfimprove doctor --state "$state"
start=$(date +%s)
check "a smoke campaign" inside selfimprove run "$configs/smoke.yaml" --state "$state"
echo "        in $(($(date +%s) - start)) s; it ends with $(inside selfimprove lineage smoke --state "$state" --json |
  grep -oE '"champion":"[0-9a-f]{12}' | head -n 1 | cut -d '"' -f 4)"
for digest in ${SELFIMPROVE_DIGESTS:-}; do
  check "model $digest is one of them" inside selfimprove show "$digest" --state "$state"
done
check "doctor reads every byte of it" inside selfimprove doctor --state "$state"
check "every configuration can be planned or says what is missing" eval \
  'for file in nursery elicitation; do inside selfimprove plan "$configs/$file.yaml" --state "$state" >/dev/null || exit 1; done'

# The daemon: its page and its API description are inside of the program. Bash inside the system is the client.
"${enter[@]}" selfimprove daemon --state "$state" --port 0 --json >"$root/root/listening" 2>"$root/root/daemon.log" &
daemon=$!
for _ in $(seq 100); do [ -s "$root/root/listening" ] && break; sleep 0.1; done
port=$(sed -nE 's/.*"port":"([0-9]+)".*/\1/p' "$root/root/listening")
get() {
  inside bash -c "exec 3<>/dev/tcp/127.0.0.1/$port && printf 'GET $1 HTTP/1.1\r\nHost: 127.0.0.1:$port\r\nConnection: close\r\n\r\n' >&3 && cat <&3" |
    tr -d '\0' | grep -c "$2"
}
check "the daemon serves its page" get / "<html"
check "the daemon serves its API's description" get /openapi.json "openapi"
check "the daemon answers with the model: /v1/models" get /v1/models "smoke/champion"
kill "$daemon" 2>/dev/null && wait "$daemon" || true
daemon=""

apt install systemd man-db zsh fish bash-completion strace
check "systemd-analyze verify: no complaint" eval '[ -z "$(inside systemd-analyze verify /lib/systemd/system/selfimprove.service 2>&1 | tee /dev/stderr)" ]'
check "systemd-analyze security: $(inside systemd-analyze security --offline=true selfimprove.service 2>/dev/null | tail -n 1 | sed 's/.*: //')" \
  inside systemd-analyze security --offline=true --threshold=20 selfimprove.service
check "the unit is what selfimprove service install writes" eval \
  'inside selfimprove service install --print | diff - "$root/lib/systemd/system/selfimprove.service"'
check "man -l, no warnings" eval \
  '[ -z "$(inside man --warnings -l /usr/share/man/man1/selfimprove.1.gz 2>&1 >/dev/null | tee /dev/stderr)" ]'
check "man selfimprove names every command" eval \
  'page=$(inside man selfimprove | col -b); for one in $(inside selfimprove --help | sed -nE "/SUBCOMMANDS/,\$s/^  ([a-z][a-z-]*) .*/\1/p"); do
     grep -q "selfimprove $one" <<<"$page" || { echo "$one"; exit 1; }; done'
completes() { inside bash -c 'source /usr/share/bash-completion/bash_completion; source /usr/share/bash-completion/completions/selfimprove
  COMP_WORDS=(selfimprove line) COMP_CWORD=1 COMP_LINE="selfimprove line" COMP_POINT=16; _selfimprove; printf "%s\n" "${COMPREPLY[@]}"' | grep lineage; }
check "bash completes a command" completes
check "zsh reads its completion" inside zsh -n /usr/share/zsh/vendor-completions/_selfimprove
check "fish completes a command" eval 'inside fish -c "complete -C \"selfimprove line\"" | grep lineage'
# Which files it opens, from the start to the end of a command that reads models.
opened() {
  inside strace -f -qq -e trace=openat,open,execve -o /root/trace selfimprove doctor --state "$state" >/dev/null
  ! sed -nE 's/.*"(\/[^"]*)".*= [0-9]+$/\1/p' "$root/root/trace" | sort -u |
    grep -vE "^(/lib|/usr/lib|/etc/(ld\.so|passwd$|group$|nsswitch\.conf$)|/proc|/sys/devices/system|/dev/|$state|/usr/bin/selfimprove|/usr/share/zoneinfo|/etc/localtime)"
}
check "it opens its libraries, its state and the system's own files, nothing else" opened

kept() { (cd "$root$state" && find . -type f ! -name '*-shm' ! -name '*-wal' -exec sha256sum {} + | sort -k 2 | sha256sum); }
before=$(kept)
check "dpkg -r" inside dpkg -r selfimprove
check "the program, unit, page and configurations are gone" eval \
  '[ ! -e "$root/usr/bin/selfimprove" ] && [ ! -e "$root/lib/systemd/system/selfimprove.service" ] && nothing_of "selfimprove*"'
check "its state remains, byte for byte: $(find "$root$state" -type f | wc -l) files" [ "$before" = "$(kept)" ]
check "dpkg -P" inside dpkg -P selfimprove
check "its state remains after a purge" [ "$before" = "$(kept)" ]
apt install /root/selfimprove.deb
check "installed again, it goes on from that state" eval 'inside selfimprove status smoke --state "$state" | grep finished'
inside dpkg -P selfimprove >/dev/null 2>&1
if [ -n "$tarball" ]; then
  tar -xzf "$tarball" -C "$root/usr/local" --strip-components=1
  check "the tarball in /usr/local: its program starts" eval 'inside selfimprove status smoke --state "$state" | grep finished'
  check "its unit, by systemd-analyze verify" eval \
    '[ -z "$(inside systemd-analyze verify /usr/local/lib/systemd/system/selfimprove.service 2>&1 | tee /dev/stderr)" ]'
  check "its page, by man" eval '[ -z "$(inside man --warnings -l /usr/local/share/man/man1/selfimprove.1 2>&1 >/dev/null | tee /dev/stderr)" ]'
  scripts/packaging/install.sh --remove /usr/local "$root" >/dev/null
  check "removed as make uninstall does, it leaves nothing" nothing_of "*selfimprove*"
fi
rm -rf "${root:?}$state"

[ "$failed" -eq 0 ] && echo "all checks passed" || { echo "some checks failed"; exit 1; }
