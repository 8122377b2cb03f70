
# --- Service: systemd's unit, or an init script --------------------------------------------------

has_systemd() { [ -d /run/systemd/system ] && has systemctl; }

service_file() { if has_systemd; then printf '%s' "$unit"; else printf '%s' "$init"; fi; }

# What a version's package has for it.
service_source() {
  if has_systemd; then kind=service; else kind=init; fi
  printf '%s' "$(folder_of "$1")/share/culprit/$name.$kind"
}

# Whether a service file is one that deploy writes.
is_ours() { head -n 5 "$1" 2>/dev/null | grep -q 'culprit deploy'; }

service_state() {
  if [ ! -e "$(service_file)" ]; then
    printf absent
  elif service_pid >/dev/null; then
    printf running
  else
    printf stopped
  fi
}

# The pid of the resident agent, where it runs.
service_pid() {
  if has_systemd; then
    pid=$(systemctl show -p MainPID "$name.service" 2>/dev/null)
    pid=${pid#MainPID=}
  else
    pid=$(cat "/run/$name.pid" 2>/dev/null)
  fi
  case $pid in '' | 0 | *[!0-9]*) return 1 ;; esac
  # A pid file may outlive what it names.
  case $(readlink "/proc/$pid/exe" 2>/dev/null) in
    */"$name" | */"$name (deleted)") printf '%s' "$pid" ;;
    *) return 1 ;;
  esac
}

# The executable that runs.
running_file() {
  pid=$(service_pid) || return 0
  readlink "/proc/$pid/exe" 2>/dev/null
}

runs_version() { [ "$(running_file)" = "$(folder_of "$1")/bin/$name" ]; }

start_service() {
  if has_systemd; then try systemctl restart "$name.service"; else try "$init" restart; fi
}

stop_service() {
  [ -e "$(service_file)" ] || return 0
  if has_systemd; then try systemctl stop "$name.service"; else try "$init" stop; fi
}

reload_service() { if has_systemd; then systemctl daemon-reload >/dev/null 2>&1 9>&-; fi; }

enable_service() {
  if has_systemd; then
    try systemctl daemon-reload && try systemctl enable "$name.service"
  elif has update-rc.d; then
    try update-rc.d "$name" defaults
  elif has chkconfig; then
    try chkconfig --add "$name"
  else
    say "@note it won't start at boot by itself: have this host's init run $init start"
  fi
}

# Stops it, and takes its file away; one that isn't ours stays.
remove_service() {
  file=$(service_file)
  [ -e "$file" ] && is_ours "$file" || return 0
  stop_service || return 1
  if has_systemd; then try systemctl disable "$name.service"; fi
  if ! has_systemd && has chkconfig; then try chkconfig --del "$name"; fi
  rm -f "$file" || fail "can't remove $file" || return 1
  # It wants the script to be gone first.
  if ! has_systemd && has update-rc.d; then try update-rc.d "$name" remove; fi
  reload_service
  # Its sockets go with it.
  rmdir /run/culprit 2>/dev/null
  rm -f "/run/$name.pid" "$log"
}

# Its last words.
service_words() {
  if has_systemd; then
    journalctl -u "$name.service" -n 3 -o cat --no-pager 2>/dev/null
  else
    tail -n 3 "$log" 2>/dev/null
  fi
}

# service VERSION: its unit or init script, and that version running.
start_version() {
  IFS= read -r version || return 1
  begin || return 1
  file=$(service_file)
  from=$(service_source "$version")
  if [ ! -e "$file" ]; then
    note "unit absent" || return 1
    if [ ! -d "$(dirname "$file")" ]; then
      note "made initd" && mkdir -p "$(dirname "$file")" ||
        fail "can't make $(dirname "$file")" || return 1
    fi
  elif ! cmp -s "$from" "$file"; then
    cp -p "$file" "$notes/unit" 2>/dev/null && note "unit before" ||
      fail "can't keep a copy of $file: is the disk full?" || return 1
  fi
  if ! cmp -s "$from" "$file"; then
    { cp "$from" "$file.culprit" && mv -f "$file.culprit" "$file"; } 2>/dev/null ||
      { rm -f "$file.culprit"; fail "can't write $file: is the disk full?"; } || return 1
  fi
  # With settings that it can't read it wouldn't start, nor would the one that runs once it was
  # stopped. An older one doesn't know that question.
  if ! try "$(folder_of "$version")/bin/$name" run --check-config; then
    case $why in
      *--check-config*) why= ;;
      *) return 1 ;;
    esac
  fi
  enable_service || return 1
  if runs_version "$version" && ! grep -q '^unit \|^made config ' "$journal"; then
    say "@note it runs already"
    return 0
  fi
  note started || return 1
  if ! start_service; then
    said=$(service_words)
    fail "the new version doesn't start: ${said:-$why}" || return 1
  fi
  # What fails, fails at once, mostly.
  for turn in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
    ! runs_version "$version" || return 0
    nap
  done
  fail "the new version doesn't go on: $(service_words)"
}
