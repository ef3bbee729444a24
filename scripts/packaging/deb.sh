#!/usr/bin/env bash
# Makes a Debian package of what `make dist` made; needs dpkg-dev. `make deb` calls it.
#
#   scripts/packaging/deb.sh FOLDER WORK OUTPUT.deb     WORK: a folder for the package's tree, which is made from the beginning
#
# What the program links to is found by dpkg-shlibdeps; it opens no other library by itself. DEB_REVISION (1),
# and DEBFULLNAME and DEBEMAIL, who hands it out, may be set.
set -euo pipefail
umask 022
cd "$(dirname "$0")/../.."
folder=$1 work=$2 output=$3
maintainer="${DEBFULLNAME:-maintainers of selfimprove} <${DEBEMAIL:-selfimprove@example.org}>"
version=$("$folder/bin/selfimprove" --version | cut -d ' ' -f 1)-${DEB_REVISION:-1}
epoch=$(stat -c %Y "$folder/share/doc/selfimprove/CHANGELOG.md")
export SOURCE_DATE_EPOCH=$epoch

rm -rf "$work"
root=$work/root documents=$work/root/usr/share/doc/selfimprove
mkdir -p "$root/DEBIAN" "$work/debian"
scripts/packaging/install.sh "$folder" /usr "$root" >/dev/null

# Where Debian keeps them, and how.
mkdir -p "$root/lib"
mv "$root/usr/lib/systemd" "$root/lib/" && rmdir "$root/usr/lib"
mv "$root/usr/share/zsh/site-functions" "$root/usr/share/zsh/vendor-completions"
gzip -9n "$root/usr/share/man/man1/selfimprove.1"
mv "$documents/CHANGELOG.md" "$documents/changelog" && gzip -9n "$documents/changelog"
printf 'selfimprove (%s) unstable; urgency=medium\n\n  * Built by make deb; changelog.gz says what is new.\n\n -- %s  %s\n' \
  "$version" "$maintainer" "$(date -u -R -d "@$epoch")" | gzip -9n >"$documents/changelog.Debian.gz"
{ echo "Copyright (C) the authors of selfimprove. Its licence:"
  echo
  if [ -f LICENSE ]; then cat LICENSE; else sed -n '/^## Licence/,$p' README.md | tail -n +3; fi
  echo
  # Debian has the text of this one already.
  perl -0pe 's|^ *Apache License\n *Version 2\.0,.*?limitations under the License\.\n|Apache License 2.0: /usr/share/common-licenses/Apache-2.0\n|gsm' \
    "$documents/LICENSES-of-dependencies"; } >"$documents/copyright"
rm -f "$documents/LICENSES-of-dependencies" "$documents/LICENSE"

mkdir -p "$root/usr/share/lintian/overrides"
printf '# %s\n%s\n' "Yams, the package that reads YAML for Swift, is libyaml itself." \
  "selfimprove: embedded-library libyaml *" >"$root/usr/share/lintian/overrides/selfimprove"

printf 'Source: selfimprove\n\nPackage: selfimprove\nArchitecture: any\n' >"$work/debian/control"
libraries=$(cd "$work" && dpkg-shlibdeps -O root/usr/bin/selfimprove 2>"debian/complaints" | sed 's/^shlibs:Depends=//')
[ -n "$libraries" ] || { cat "$work/debian/complaints"; exit 1; }
cat >"$root/DEBIAN/control" <<CONTROL
Package: selfimprove
Version: $version
Architecture: $(dpkg --print-architecture)
Maintainer: $maintainer
Installed-Size: $(du -sk --exclude=DEBIAN "$root" | cut -f 1)
Depends: $libraries, init-system-helpers (>= 1.54)
Recommends: ca-certificates
Section: science
Priority: optional
Description: language models that improve themselves, unattended
 A campaign runs in rounds: a mixture of models answers fresh instructions,
 the current champion is fine-tuned on the answers, judges rank its own
 samples, and DPO follows. A model that is significantly better on held-out
 prompts becomes the next champion. SQLite records where every model came
 from.
 .
 The package has the program, with its own trainer, and a systemd service
 that is not started by itself.
CONTROL
install -m 755 scripts/packaging/debian/{postinst,prerm,postrm} "$root/DEBIAN/"
(cd "$root" && find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
find "$root" -type d -exec chmod 755 {} +
chmod 644 "$root/DEBIAN/control" "$root/DEBIAN/md5sums"
dpkg-deb --root-owner-group -Zxz --build "$root" "$output"
if command -v lintian >/dev/null; then lintian --fail-on error "$output"; else echo "lintian is not installed: not checked"; fi
