
# --- Verbs ---------------------------------------------------------------------------------------

# One deploy at a time on this host; the kernel lets go of the lock with us. What a run that was cut
# left is taken back first.
take_lock() {
  seize || return 1
  [ -e "$journal" ] || return 0
  undo || fail "an earlier run was cut, and what it did can't be taken back: $why" || return 1
  say "@note took back what an earlier run had left half done"
}

# As that, and whatever was left is in nobody's way.
take_lock_to_remove() {
  seize || return 1
  [ ! -e "$journal" ] || undo || say "@note an earlier run was cut: $why"
}

seize() {
  has flock || fail "no flock(1) there; install util-linux" || return 1
  # A redirection of exec's that fails would end the shell.
  { : >>"$lock"; } 2>/dev/null || fail "can't open $lock" || return 1
  exec 9>>"$lock"
  flock -n 9 || fail "another deploy works on this host: let it end, then run this again" ||
    return 1
  # Who held it before may have removed its name just now (dash, bash and busybox know -ef).
  [ "/proc/$$/fd/9" -ef "$lock" ] || fail "another deploy ended just now: run this again" ||
    return 1
  locked=yes
  start_watch
  # Of runs that were killed.
  rm -rf "$prefix"/.culprit-deploy.*
}

# Which of the distribution's packages a file belongs to; nothing where it is nobody's.
owner_of() {
  if has dpkg-query; then
    owner=$(dpkg-query -S "$1" 2>/dev/null | head -n 1)
    printf '%s' "${owner%%:*}"
  elif has rpm; then
    rpm -qf --qf '%{NAME}' "$1" 2>/dev/null || :
  fi
}

tell_foreign() { say "@is foreign $1 $(line_of "$(owner_of "$1")")"; }

look() {
  say "@is system $(line_of "$(uname -s)")"
  say "@is machine $(line_of "$(uname -m)")"
  if has_systemd; then say "@is init systemd"; else say "@is init plain"; fi
  say "@is free $(df -Pk "$(above "$store")" 2>/dev/null | awk 'END { printf "%.0f", $4 * 1024 }')"
  for place in "$store" "$prefix/bin" "$notes" "$home" /etc/culprit "$(service_file)"; do
    place=$(above "$place")
    [ -w "$place" ] || say "@is readonly $place"
  done
  if is_folder "$spool"; then say "@is spool yes"; fi
  look_at_rights
  if has gzip; then say "@is gzip yes"; fi
  look_at_packages
  look_at_links
  look_at_service
  # Other agents, that would be in the way.
  if [ -z "$(linked)" ] && { [ -e "$link" ] || [ -L "$link" ]; }; then tell_foreign "$link"; fi
  for place in /usr/bin/$name /usr/sbin/$name; do
    [ ! -e "$place" ] || tell_foreign "$place"
  done
  if id "$account" >/dev/null 2>&1; then say "@is user yes"; else say "@is user no"; fi
}

look_at_packages() {
  say "@is linked $(linked)"
  say "@is kept $(value_of "$kept" version)"
  say "@is previous $(value_of "$kept" previous)"
  for folder in "$store/$name"-*; do
    version=${folder#"$store/$name"-}
    is_folder "$folder" && is_version "$version" || continue
    changed=$(changed_files "$folder")
    if [ -z "$changed" ]; then state=intact; else state=changed; fi
    say "@is package $version $state $(sum_of "$folder/SHA256SUMS" 2>/dev/null)"
    [ -n "$changed" ] || continue
    printf '%s\n' "$changed" | head -n 20 | while IFS= read -r file; do
      say "@is changed $version $(line_of "$file")"
    done
  done
}

# Who else may change what the agent goes by, or come in where the collector does.
look_at_rights() {
  for file in "$config" "$(account_home)/.ssh/authorized_keys"; do
    [ -z "$(find "$file" \( -perm -0020 -o -perm -0002 \) 2>/dev/null)" ] ||
      say "@is drift $file can be written to by others"
  done
  grep -v '^[[:space:]]*#' "$(account_home)/.ssh/authorized_keys" 2>/dev/null |
    grep -v '^[[:space:]]*$' | grep -vF "$opens" | grep -q . &&
    say "@is drift $(account_home)/.ssh/authorized_keys has a key that opens more than attach"
  case " $(id -Gn "$account" 2>/dev/null) " in
    *' root '* | *' sudo '* | *' wheel '* | *' adm '*)
      say "@is drift the user $account is in groups of administrators: $(id -Gn "$account")" ;;
  esac
}

# Whether each link is where it belongs, as the version's own agent tells it. Its files were looked at
# above, without it.
look_at_links() {
  version=$(linked)
  [ -n "$version" ] && tool=$(tool_for "$version") || return 0
  "$tool" encap check "$name-$version" --source "$store" --target "$prefix" 2>/dev/null </dev/null |
    grep -E ': (missing|foreign|dangling|mixed|interrupted): ' | head -n 20 |
    while IFS= read -r line; do say "@is drift $(line_of "${line#* }")"; done
}

look_at_service() {
  say "@is service $(service_state)"
  say "@is running $(line_of "$(running_file)")"
  file=$(service_file)
  version=$(linked)
  [ -e "$file" ] || return 0
  if ! is_ours "$file"; then
    tell_foreign "$file"
  elif [ -n "$version" ] && ! cmp -s "$file" "$(service_source "$version")"; then
    say "@is drift $file isn't what the package has"
  fi
}

words() { say "@is words $(line_of "$(service_words)")"; }

# remove KEEPSPOOL BLOB
remove_all() {
  IFS= read -r keeps && IFS= read -r blob || return 1
  [ -n "$locked" ] || fail "the host isn't ours" || return 1
  remove_service || fail "can't stop the agent: $why" || return 1
  if [ -n "$(linked)" ]; then relink "" || return 1; fi
  for folder in "$store/$name"-*; do
    is_folder "$folder" && is_version "${folder#"$store/$name"-}" || continue
    drop_version "${folder#"$store/$name"-}" || return 1
  done
  drop_key "$blob" || return 1
  # What was there before deploy came stays.
  for what in user group home; do
    if made "$what"; then unmake "$what" || return 1; fi
  done
  sum=$(value_of "$kept" 'made config')
  [ -z "$sum" ] || unmake "config $sum"
  for what in etc initd; do
    if made "$what"; then unmake "$what"; fi
  done
  if [ "$keeps" != yes ]; then
    rm -rf "$spool"
  elif [ -d "$spool" ]; then
    chown -R root:root "$spool"
    say "@note $spool stays"
  fi
  rm -rf /run/culprit "$notes"
}

leave() {
  trap '' HUP INT TERM
  [ -z "$taker" ] || kill "$taker" 2>/dev/null
  undo
  [ -z "$work" ] || rm -rf "$work"
  end_watch
  # Whoever waits for it sees that its name is gone, and tries again.
  [ -z "$locked" ] || rm -f "$lock"
  exit 0
}

answer() {
  why=
  if "$1"; then say "@done"; else say "@failed ${why:-it failed without a word}"; fi
}

# What is sent: a job in the background has no standard input.
exec 8<&0
trap leave HUP INT TERM
say "@deploy 1"
while IFS= read -r verb; do
  [ -z "$locked" ] || start_watch
  case $verb in
    lock) answer take_lock ;;
    seize) answer take_lock_to_remove ;;
    look) answer look ;;
    upload) answer upload ;;
    verify) answer verify ;;
    unpack) answer unpack ;;
    link) answer link_version ;;
    user) answer make_user ;;
    config) answer add_config ;;
    spool) answer make_spool ;;
    key) answer add_key ;;
    service) answer start_version ;;
    words) answer words ;;
    keep) answer keep ;;
    undo) answer undo ;;
    remove) answer remove_all ;;
    *) say "@failed no verb of ours" ;;
  esac
done
leave
