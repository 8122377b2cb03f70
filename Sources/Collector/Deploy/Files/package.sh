
# --- Package: what is sent, unpacked and linked ---------------------------------------------------

folder_of() { printf '%s' "$store/$name-$1"; }

# The version that is linked; nothing without one.
linked() {
  place=$(readlink "$link" 2>/dev/null) || return 0
  case $place in
    ../encap/"$name"-*/bin/"$name" | "$store/$name"-*/bin/"$name")
      place=${place%/bin/"$name"}
      printf '%s' "${place##*/"$name"-}"
      ;;
  esac
}

# Files of a package's folder that differ from its list, are missing, or aren't in it.
changed_files() {
  is_file "$1/SHA256SUMS" || { echo SHA256SUMS; return; }
  (
    cd "$1" || exit 0
    while read -r sum file; do
      is_file "$file" && [ "$(sum_of "$file")" = "$sum" ] || printf '%s\n' "$file"
    done <SHA256SUMS
    # Whoever may write to it may change it unseen; a program that isn't one can't run.
    {
      find . ! -type l \( ! -user 0 -o -perm -0020 -o -perm -0002 -o -perm -2000 -o -perm -4000 \)
      find ./bin -type f ! -perm -0555 2>/dev/null
    } | sed 's,^\./,,'
    # A name stands behind 64 digits and two blanks.
    find . ! -type d ! -path ./SHA256SUMS | while IFS= read -r file; do
      cut -c67- SHA256SUMS | grep -qxF -- "${file#./}" || printf '%s\n' "${file#./}"
    done
  )
}

# An agent that runs: the one that was just sent, one of these versions, or any.
tool_for() {
  for file in "${work:-/nowhere}/$name" "$(folder_of "${1:-none}")/bin/$name" \
    "$(folder_of "${2:-none}")/bin/$name" "$store/$name"-*/bin/"$name"; do
    runs "$file" || continue
    printf '%s' "$file"
    return
  done
  # Or one that would run if it were allowed to, where there is a folder for it.
  [ -n "$work" ] || return 1
  for file in "$store/$name"-*/bin/"$name"; do
    is_file "$file" && cp "$file" "$work/tool" 2>/dev/null && chmod 755 "$work/tool" || continue
    runs "$work/tool" || continue
    printf '%s' "$work/tool"
    return
  done
  return 1
}

runs() { is_file "$1" && "$1" version >/dev/null 2>&1 </dev/null 9>&-; }

# Without an agent that could do it: the links that a package of ours has.
unlink_all() {
  for file in bin/$name share/culprit/agent.toml share/culprit/$name.service \
    share/culprit/$name.init; do
    case $(readlink "$prefix/$file" 2>/dev/null) in
      *encap/"$name"-*) rm -f "$prefix/$file" || fail "can't remove $prefix/$file" || return 1 ;;
    esac
  done
  rmdir "$prefix/share/culprit" 2>/dev/null || :
}

# Links this version and no other, or none.
relink() {
  if ! tool=$(tool_for "$1" "$(linked)"); then
    make_work
    tool=$(tool_for "$1" "$(linked)") || tool=
  fi
  if [ -z "$tool" ]; then
    [ -n "$1" ] || { unlink_all; return; }
    fail "no agent here that runs, to relink with" || return 1
  fi
  if [ -n "$1" ]; then
    try "$tool" encap install "$name-$1" --source "$store" --target "$prefix"
  else
    try "$tool" encap remove "$name" --source "$store" --target "$prefix"
  fi || fail "${why#"$name: "}"
}

make_work() {
  [ -z "$work" ] || return 0
  work=$(mktemp -d "$prefix/.culprit-deploy.XXXXXXXXXX" 2>/dev/null) && return 0
  work=
  fail "can't make a folder in $prefix"
}

# A full disk shows before anything is sent.
make_room() {
  head -c "$2" /dev/zero 2>/dev/null >"$1" || fail "no room for $2 bytes in $prefix"
}

# Takes exactly so many bytes into a file.
receive() {
  make_room "$1" "$2" || return 1
  say "@send $2"
  start_watch
  # A signal has to wait for what runs in front.
  head -c "$2" <&8 2>/dev/null 1<>"$1" 9>&- &
  taker=$!
  wait "$taker"
  code=$?
  taker=
  [ "$code" = 0 ] || fail "can't write $1: is the disk full?"
}

# upload SIZE SUM PACKED: the agent's executable, unless some version here has the very same. It
# comes in PACKED bytes of gzip's; as it is where that is 0.
upload() {
  IFS= read -r size && IFS= read -r sum && IFS= read -r packed || return 1
  make_work || return 1
  for file in "$store/$name"-*/bin/"$name"; do
    is_file "$file" && [ "$(sum_of "$file")" = "$sum" ] || continue
    cp "$file" "$work/$name" 2>/dev/null ||
      fail "can't copy $file: is the disk full?" || return 1
    say "@note nothing was sent: ${file#"$store/"} is the very same"
    return 0
  done
  if [ "$packed" = 0 ]; then
    receive "$work/$name" "$size"
    return
  fi
  make_room "$work/$name" "$size" && receive "$work/packed" "$packed" || return 1
  # What came damaged tells its checksum.
  gzip -dc <"$work/packed" 2>/dev/null 1<>"$work/$name" || :
  rm -f "$work/packed"
}

# verify SUM VERSION
verify() {
  IFS= read -r sum && IFS= read -r version || return 1
  found=$(sum_of "$work/$name")
  [ "$found" = "$sum" ] ||
    fail "the agent came damaged: its SHA-256 is $found, not $sum; run this again" || return 1
  chmod 755 "$work/$name"
  try "$work/$name" version || fail "the agent doesn't run here: $why" || return 1
  [ "$said" = "$name $version" ] || fail "it calls itself $said, not $name $version"
}

# unpack VERSION SUM HEAD TAIL ARCHIVE: the package, a tar stream whose middle is the executable that
# is here already; ARCHIVE is its checksum, SUM that of the list of sums in it. The agent itself
# unpacks it.
unpack() {
  IFS= read -r version && IFS= read -r sum && IFS= read -r before && IFS= read -r after &&
    IFS= read -r archive || return 1
  is_version "$version" || fail "no version: $version" || return 1
  begin || return 1
  receive "$work/head" "$before" && receive "$work/tail" "$after" || return 1
  folder=$(folder_of "$version")
  if [ -e "$folder" ] || [ -L "$folder" ]; then
    # It isn't what it should be. What links into it goes on with the new one.
    put_aside "$version" || return 1
  else
    note "folder $version" || return 1
  fi
  said=$(cat "$work/head" "$work/$name" "$work/tail" |
    "$work/$name" encap unpack "$name-$version" --source "$store" --sha256 "$archive" 2>&1 9>&-) ||
    fail "${said#"$name: "}" || return 1
  [ "$(sum_of "$folder/SHA256SUMS" 2>/dev/null)" = "$sum" ] ||
    fail "what was unpacked isn't what was sent" || return 1
  changed=$(changed_files "$folder")
  [ -z "$changed" ] || fail "damaged while it was unpacked: $changed"
}

# What Encap noted of a version when it was unpacked.
manifest_of() { printf '%s' "$store/.encap/package-$name-$1"; }

put_aside() {
  rm -f "$notes/manifest"
  [ ! -f "$(manifest_of "$1")" ] || cp -p "$(manifest_of "$1")" "$notes/manifest" 2>/dev/null ||
    fail "can't write $notes/manifest: is the disk full?" || return 1
  # Of a run that was cut at its very end.
  rm -rf "$aside"
  note "aside $1" && mv "$(folder_of "$1")" "$aside" 2>/dev/null ||
    fail "can't move $(folder_of "$1") aside"
}

# Where it wasn't moved yet, what is there is the old one.
put_back() {
  is_version "$1" && is_folder "$aside" || return 0
  rm -rf "$(folder_of "$1")" && mv "$aside" "$(folder_of "$1")" || fail "can't move $aside back" ||
    return 1
  if [ -f "$notes/manifest" ]; then
    cp -p "$notes/manifest" "$(manifest_of "$1")"
  else
    rm -f "$(manifest_of "$1")"
  fi
}

# Removes a version's folder; with the last one a store that was made for it.
drop_version() {
  is_version "$1" || return 0
  tool=$(tool_for "$1" "$(linked)") &&
    try "$tool" encap remove --purge "$name-$1" --source "$store" --target "$prefix" && return 0
  # No agent here that runs.
  rm -rf "$(folder_of "$1")" "$(manifest_of "$1")" || fail "can't remove $(folder_of "$1")" ||
    return 1
  for entry in "$store"/*; do
    [ -e "$entry" ] && [ "$entry" != "$store/epkg.log" ] && return 0
  done
  [ ! -e "$store/.encap/made" ] || rm -rf "$store"
}

# link VERSION
link_version() {
  IFS= read -r version || return 1
  is_version "$version" || fail "no version: $version" || return 1
  begin && note linking || return 1
  relink "$version"
}
