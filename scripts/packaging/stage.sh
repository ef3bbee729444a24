#!/usr/bin/env bash
# Makes the folder that `make dist` packs, `make install` and `make deb` copy: bin, lib and share, as they lie under a prefix.
#
#   scripts/packaging/stage.sh BUILD FOLDER     BUILD: the scratch folder of a release build that links the Swift runtime in
#
# Ends with 1 where the program needs the build folder, a Swift runtime or anything else of this machine.
set -euo pipefail
umask 022
cd "$(dirname "$0")/../.."
build=$1 folder=$2
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}

rm -rf "$folder"
mkdir -p "$folder"/{bin,lib/systemd/system,share/{man/man1,bash-completion/completions,zsh/site-functions,fish/vendor_completions.d}} \
  "$folder"/share/{selfimprove/configs,doc/selfimprove}
program=$folder/bin/selfimprove
strip --strip-all --remove-section=.comment -o "$program" "$build/release/selfimprove"
chmod 755 "$program"

if readelf -d "$program" | grep -E 'RUNPATH|RPATH|NEEDED.*(swift|Foundation|dispatch)'; then
  echo "$program looks for libraries that only a machine with a Swift toolchain has (see above)"; exit 1; fi
# Where C's assertions and Swift's preconditions of packages say in which file they are, `./` padded to the same length stands for this
# folder: no offset changes.
here=$(pwd -P)/
HERE=$here perl -pi -e 's|\Q$ENV{HERE}\E|"./" . "/" x (length($ENV{HERE}) - 2)|ge' "$program"
swift=$(dirname "$(dirname "$(readlink -f "$(command -v swift)")")")
if paths=$(strings -n 6 "$program" | grep -F -e "$here" -e "$swift/"); then
  echo "$program names folders of this machine:"; sort -u <<<"$paths" | sed -n 1,5p; exit 1; fi

"$program" --experimental-dump-help | scripts/packaging/manual.py --version "$("$program" --version | cut -d ' ' -f 1)" \
  --date "$(date -u -d "@$epoch" +%F)" --sources Sources >"$folder/share/man/man1/selfimprove.1"
"$program" --generate-completion-script bash | sed '1{/^#!/d}' >"$folder/share/bash-completion/completions/selfimprove"
"$program" --generate-completion-script zsh >"$folder/share/zsh/site-functions/_selfimprove"
"$program" --generate-completion-script fish >"$folder/share/fish/vendor_completions.d/selfimprove.fish"
"$program" service install --print --program /usr/local/bin/selfimprove >"$folder/lib/systemd/system/selfimprove.service"
install -m 644 configs/*.yaml "$folder/share/selfimprove/configs/"
install -m 644 README.md CHANGELOG.md SECURITY.md "$folder/share/doc/selfimprove/"
cp -r docs "$folder/share/doc/selfimprove/"
[ ! -f LICENSE ] || install -m 644 LICENSE "$folder/share/doc/selfimprove/"

# Licences of what is linked in: every package that SwiftPM fetched, and the Swift runtime. Equal texts stand there once.
licences=$folder/share/doc/selfimprove/LICENSES-of-dependencies
declare -A users=() texts=()
while read -r text; do
  digest=$(sha256sum <"$text")
  name=${text#"$build"/checkouts/}
  case $name in /*) name="Swift runtime" ;; *) name=$(dirname "$name") ;; esac
  users[$digest]="${users[$digest]:-}${users[$digest]:+, }$name"
  texts[$digest]=$text
done < <(find "$build/checkouts" "$swift/share/swift" -maxdepth 4 -type f \( -iname 'license*' -o -iname 'notice*' \) \
  -not -path '*/.git/*' -not -path '*/Tests/*' | sort)
echo "selfimprove contains parts of these packages, under the terms that follow." >"$licences"
while IFS=$'\t' read -r names digest; do
  { printf '\n%s\n%s\n\n' "$(printf '=%.0s' {1..100})" "$names"; cat "${texts[$digest]}"; } >>"$licences"
done < <(for digest in "${!users[@]}"; do printf '%s\t%s\n' "${users[$digest]}" "$digest"; done | sort)

find "$folder" -exec touch --no-dereference --date="@$epoch" {} +
echo "$folder: $(du -sh "$program" | cut -f 1) program"
