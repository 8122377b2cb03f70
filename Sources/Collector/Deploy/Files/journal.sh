
# --- Journal: what was done since the last `keep`, and how to take it back -----------------------
#
#   link VERSION          what was linked before (nothing: no version)
#   service STATE         and how the service was
#   linking, started      the links, or the service, were touched
#   relinked              the links are as they were again
#   folder VERSION        a package's folder is new
#   aside VERSION         it is in the place of one that lies in $aside
#   unit absent|before    the service's file is new, or in the place of $notes/unit
#   key BLOB              a line of authorized_keys; what it replaces is in $notes/key
#   made WHAT             user, group, home, spool, etc, initd; config SUM
#
# `kept` holds lines of `version`, `previous` and `made`.

# On the disk before what it is about: what follows may be, too, when the power is cut.
note() {
  { printf '%s\n' "$*" >>"$journal"; } 2>/dev/null ||
    fail "can't write $journal: is the disk full?" || return 1
  sync "$journal" 2>/dev/null || sync
}

noted() { grep -qxF -- "$1" "$journal" 2>/dev/null; }

# The value of the first line of a file that begins with this word.
value_of() { sed -n "s/^$2 //p" "$1" 2>/dev/null | head -n 1; }

made() { grep -qxF -- "made $1" "$kept" 2>/dev/null; }

# Opens the journal, unless it is open.
begin() {
  [ -n "$locked" ] || fail "the host isn't ours" || return 1
  [ ! -e "$journal" ] || return 0
  mkdir -p "$notes" 2>/dev/null && chmod 700 "$notes" || fail "can't make $notes" || return 1
  note "link $(linked)" && note "service $(service_state)"
}

# A host whose collector is gone without a word mustn't stay half done, and locked, for ever. From now
# on it has so much time again.
start_watch() {
  end_watch
  (
    sleeper=
    trap 'kill $sleeper 2>/dev/null; exit' TERM
    sleep "$patience" &
    sleeper=$!
    # The pid may be another's by then.
    wait $sleeper && [ "/proc/$$/fd/9" -ef "$lock" ] && kill -TERM $$
  ) </dev/null >/dev/null 2>&1 8<&- 9>&- &
  watch=$!
}

end_watch() {
  [ -z "$watch" ] || kill "$watch" 2>/dev/null
  watch=
}

# keep VERSION: it is proven good. What was made is written down for `remove`.
keep() {
  IFS= read -r version || return 1
  begin || return 1
  before=$(value_of "$journal" link)
  [ "$before" != "$version" ] || before=$(value_of "$kept" previous)
  {
    printf 'version %s\n' "$version"
    [ -z "$before" ] || printf 'previous %s\n' "$before"
    cat "$kept" "$journal" 2>/dev/null | grep '^made ' | sort -u
  } 2>/dev/null >"$kept.new" && mv -f "$kept.new" "$kept" 2>/dev/null ||
    fail "can't write $kept: is the disk full?" || return 1
  # A power cut must not undo what is proven.
  sync "$kept" 2>/dev/null
  forget
}

forget() { rm -rf "$journal" "$aside" "$notes/unit" "$notes/manifest" "$notes/key"; }

# Takes back all that stands in the journal. Where something can't be, the journal stays, and the
# next run tries again.
undo() {
  [ -n "$locked" ] && [ -e "$journal" ] || return 0
  why=
  # A new version mustn't run while its files go; the old one is started again at the end.
  if noted started; then stop_service || say "@note not stopped: $why"; fi
  # While an agent that can do it is still there.
  if noted linking && ! noted relinked; then
    relink "$(value_of "$journal" link)" || return 1
    # Where this is cut later on, there may be no agent any more that could do it once more.
    note relinked || :
  fi
  # The last first. Each is done as far as it can be.
  sed '1!G;h;$!d' "$journal" | {
    bad=0
    while IFS= read -r entry; do
      take_back "$entry" || { say "@note not taken back: $entry: $why"; bad=1; }
    done
    exit $bad
  } || fail "not all of it: see the notes" || return 1
  code=0
  if noted 'service running' && noted started; then
    # All is as it was, and trying again doesn't make it start.
    start_service || { fail "the agent that ran before doesn't start: $why" || code=1; }
  fi
  forget
  [ -e "$kept" ] || rm -rf "$notes"
  return $code
}

take_back() {
  case $1 in
    'folder '*) drop_version "${1#folder }" ;;
    'aside '*) put_back "${1#aside }" ;;
    'unit absent') remove_service ;;
    'unit before') cp -p "$notes/unit" "$(service_file)" && reload_service ;;
    'key '*) drop_key "${1#key }" && put_back_key ;;
    'made '*) unmake "${1#made }" ;;
  esac
}

# Takes away something that deploy had made.
unmake() {
  case $1 in
    user) remove_user ;;
    group) remove_group ;;
    home) rm -rf "$home" ;;
    spool) rm -rf "$spool" ;;
    'config '*)
      [ -f "$config" ] || return 0
      if [ "$(sum_of "$config")" = "${1#config }" ]; then
        rm -f "$config"
      else
        say "@note $config stays: it was changed since deploy wrote it"
      fi
      ;;
    # Where others have put something into them since, they stay.
    etc) rmdir /etc/culprit 2>/dev/null || : ;;
    initd) rmdir /etc/init.d 2>/dev/null || : ;;
  esac
}
