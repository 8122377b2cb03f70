# What culprit deploy runs on a host, as root: plain POSIX sh, these files one behind the other. It
# reads verbs from standard input, a line each, with their parameters in lines of their own, and
# answers in lines that begin with @. What it reads is compared, counted and put in quotes; it is
# never run.
#
#   @send 7234567     so many bytes may be sent now
#   @is NAME VALUE    what was found
#   @note TEXT        what people should know
#   @done             the verb's work is done
#   @failed TEXT      it isn't, and why
#
# Whatever is changed stands in a journal before it is changed. Where the connection ends before
# `keep`, all of that is taken back here; where even that was cut (a power cut, a kill -9), the next
# run takes it back before it does anything else.

set -u
umask 022
LC_ALL=C
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
# The other side may be gone; what is to be taken back is taken back all the same.
trap '' PIPE

name=culprit-agent
prefix=/usr/local
store=$prefix/encap
link=$prefix/bin/$name
account=culprit
home=/var/lib/$name
spool=/var/spool/culprit
config=/etc/culprit/agent.toml
unit=/etc/systemd/system/$name.service
init=/etc/init.d/$name
log=/var/log/$name.log
# What a line of authorized_keys must say.
opens='restrict,command="/usr/local/bin/culprit-agent attach"'
# What deploy knows of this host: `kept` is what a roll-out that was proven good left behind.
notes=/var/lib/culprit-deploy
journal=$notes/journal
kept=$notes/kept
# Held by whoever works on this host.
lock=/run/culprit-deploy.lock
# A package's folder in whose place another one comes: beside the store, so that moving it is one
# step.
aside=$prefix/.culprit-aside
# How long a collector that says nothing is waited for, seconds.
patience=${1:-900}

# Where what is sent is taken in.
work=
# The process that waits for a collector that is gone, and the one that takes in what is sent.
watch=
taker=
# Whether the host is ours alone.
locked=
# Why the last thing failed, and what the last command said.
why=
said=

say() { printf '%s\n' "$*" 2>/dev/null; }

# As one line, and no long one.
line_of() { printf '%s' "$1" | tr '\n\r\t' '   ' | cut -c1-400; }

fail() {
  why=$(line_of "$*")
  return 1
}

# Runs a command; what it says is the reason where it fails. It doesn't inherit the lock.
try() {
  said=$("$@" 2>&1 </dev/null 9>&-) ||
    fail "$(basename "$1"): ${said:-it failed without a word}"
}

has() { command -v "$1" >/dev/null 2>&1; }

# sleep(1) takes fractions on most hosts.
nap() { sleep 0.2 2>/dev/null || sleep 1; }

sum_of() {
  if has sha256sum; then
    sha256sum <"$1" | cut -d' ' -f1
  else
    openssl dgst -sha256 -r <"$1" | cut -d' ' -f1
  fi
}

# A version is part of paths.
is_version() {
  case $1 in
    '' | . | .. | *[!0-9A-Za-z.+_~]*) return 1 ;;
  esac
}

is_folder() { [ -d "$1" ] && [ ! -L "$1" ]; }
is_file() { [ -f "$1" ] && [ ! -L "$1" ]; }

# The nearest folder above a place that is there.
above() {
  place=$1
  while [ ! -d "$place" ]; do place=$(dirname "$place"); done
  printf '%s' "$place"
}
