#!/usr/bin/env bash
# Copies what `make dist` made to a prefix, or removes it again. `make install`, `make uninstall` and `make deb` call it.
#
#   scripts/packaging/install.sh FOLDER PREFIX [DESTDIR]
#   scripts/packaging/install.sh --remove PREFIX [DESTDIR]      configurations and the program; never a state directory
set -euo pipefail
umask 022

if [ "$1" = --remove ]; then
  target=${3:-}$2
  rm -f "$target"/bin/selfimprove "$target"/lib/systemd/system/selfimprove.service "$target"/share/man/man1/selfimprove.1 \
    "$target"/share/bash-completion/completions/selfimprove "$target"/share/zsh/site-functions/_selfimprove \
    "$target"/share/fish/vendor_completions.d/selfimprove.fish
  rm -rf "$target"/share/selfimprove "$target"/share/doc/selfimprove
  echo "removed from $target; states, such as /var/lib/selfimprove, stay"
  exit
fi

folder=$1 prefix=${2%/} target=${3:-}${2%/}
case $prefix in /*) ;; *) echo "PREFIX begins with /, and is $prefix"; exit 2 ;; esac
[ -x "$folder/bin/selfimprove" ] || { echo "there is no $folder: make dist first, as the user who builds"; exit 1; }
(cd "$folder" && find . -type f) | while read -r file; do
  mode=644
  [ "$file" != ./bin/selfimprove ] || mode=755
  install -D -p -m "$mode" "$folder/$file" "$target/$file"
done
sed -i "s|/usr/local/share/selfimprove|$prefix/share/selfimprove|" "$target/share/man/man1/selfimprove.1"
unit=$target/lib/systemd/system/selfimprove.service
if ! "$folder/bin/selfimprove" service install --print --program "$prefix/bin/selfimprove" >"$unit"; then
  rm -f "$unit"
  echo "so no unit is installed"
fi
echo "installed in $target"
