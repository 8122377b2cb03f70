
# --- Account: who the collector logs in as, and what its key opens -------------------------------

account_line() { getent passwd "$account" 2>/dev/null || grep "^$account:" /etc/passwd; }

account_home() { account_line | head -n 1 | cut -d: -f6; }

has_group() { getent group "$account" >/dev/null 2>&1 || grep -q "^$account:" /etc/group; }

make_user() {
  begin || return 1
  if ! has_group; then
    note "made group" || return 1
    if has groupadd; then
      try groupadd -r "$account" || return 1
    else
      try addgroup -S "$account" || return 1
    fi
  fi
  if id "$account" >/dev/null 2>&1; then
    case " $(id -Gn "$account") " in
      *" $account "*) return 0 ;;
    esac
    fail "the user $account isn't in the group $account: usermod -a -G $account $account"
    return 1
  fi
  note "made user" || return 1
  # No password fits, and yet it isn't locked: sshd lets nobody in whose account is locked.
  if has useradd; then
    try useradd -r -M -g "$account" -d "$home" -s /bin/sh -p '*' -c culprit "$account"
  else
    try adduser -S -D -H -h "$home" -s /bin/sh -G "$account" "$account"
  fi
}

remove_user() {
  id "$account" >/dev/null 2>&1 || return 0
  end_sessions
  if has userdel; then try userdel "$account"; else try deluser "$account"; fi
}

# userdel(8) may have taken it along.
remove_group() {
  has_group || return 0
  if has groupdel; then try groupdel "$account"; else try delgroup "$account"; fi
}

# The account is deploy's own and runs nothing but `attach`, which ends with the agent, mostly.
end_sessions() {
  for turn in 1 2 3 4 5 6 7 8 9 10 11 12; do
    left=$(find /proc -maxdepth 1 -name '[1-9]*' -user "$account" 2>/dev/null)
    [ -n "$left" ] || return 0
    for process in $left; do
      if [ "$turn" = 4 ]; then kill "${process#/proc/}" 2>/dev/null; fi
      if [ "$turn" = 8 ]; then kill -9 "${process#/proc/}" 2>/dev/null; fi
    done
    nap
  done
}

# key LINE BLOB: what the collector's key opens, and that it opens nothing else.
add_key() {
  IFS= read -r line && IFS= read -r blob || return 1
  begin || return 1
  folder=$(account_home)
  case $folder in
    /*/*) ;;
    *) fail "the user $account has no home ($folder) for its key" || return 1 ;;
  esac
  if [ ! -d "$folder" ]; then
    [ "$folder" != "$home" ] || note "made home" || return 1
    mkdir -p "$folder" && chmod 755 "$folder" || fail "can't make $folder" || return 1
  fi
  keys=$folder/.ssh/authorized_keys
  # Somebody may have added to its options, from="10.0.0.5" and the like.
  if [ -f "$keys" ] && grep -v '^[[:space:]]*#' "$keys" | grep -qF -- "$line"; then return 0; fi
  rm -f "$notes/key"
  if [ -f "$keys" ] && grep -qF -- "$blob" "$keys"; then
    { grep -F -- "$blob" "$keys" >"$notes/key"; } 2>/dev/null ||
      fail "can't write $notes/key: is the disk full?" || return 1
    say "@note the key's line in $keys is replaced: it allowed something else"
  fi
  note "key $blob" || return 1
  # Root's own, so that who logs in with the key can't widen it.
  [ -d "$folder/.ssh" ] || mkdir "$folder/.ssh" || fail "can't make $folder/.ssh" || return 1
  without_key "$blob" && { printf '%s\n' "$line" >>"$keys.culprit"; } 2>/dev/null &&
    mv -f "$keys.culprit" "$keys" || { rm -f "$keys.culprit"; fail "can't write $keys: is the disk full?"; } ||
    return 1
  if has restorecon; then restorecon -R "$folder/.ssh" >/dev/null 2>&1; fi
  return 0
}

# Writes the other lines of authorized_keys beside it, with the owner and mode that it has.
without_key() {
  if [ ! -f "$keys" ]; then
    { : >"$keys.culprit"; } 2>/dev/null
    return
  fi
  cp -p "$keys" "$keys.culprit" 2>/dev/null || return 1
  { grep -vF -- "$1" "$keys" >"$keys.culprit"; } 2>/dev/null
  # 1: no other lines.
  [ $? -le 1 ]
}

# What a line of ours was in the place of.
put_back_key() {
  [ -f "$notes/key" ] || return 0
  keys=$(account_home)/.ssh/authorized_keys
  { cat "$notes/key" >>"$keys"; } 2>/dev/null || fail "can't write $keys: is the disk full?"
}

drop_key() {
  keys=$(account_home)/.ssh/authorized_keys
  [ -f "$keys" ] && grep -qF -- "$1" "$keys" || return 0
  without_key "$1" && mv -f "$keys.culprit" "$keys" || fail "can't write $keys"
}

# config VERSION: the package's settings, where the host has none.
add_config() {
  IFS= read -r version || return 1
  begin || return 1
  [ ! -e "$config" ] || { say "@note $config stays as it is"; return 0; }
  from=$(folder_of "$version")/share/culprit/agent.toml
  if [ ! -d /etc/culprit ]; then
    note "made etc" && mkdir -p /etc/culprit || fail "can't make /etc/culprit" || return 1
  fi
  note "made config $(sum_of "$from")" || return 1
  { cp "$from" "$config.culprit" && mv -f "$config.culprit" "$config"; } 2>/dev/null && return 0
  rm -f "$config.culprit"
  fail "can't write $config: is the disk full?"
}

make_spool() {
  begin || return 1
  if [ ! -d "$spool" ]; then
    note "made spool" && mkdir -p "$spool" && chmod 750 "$spool" ||
      fail "can't make $spool" || return 1
  fi
  try chown -R "$account:$account" "$spool"
}
