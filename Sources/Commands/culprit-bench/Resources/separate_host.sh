# A host on this machine: an sshd with a /usr, /usr/local, /etc, /var and /run of its own, in namespaces
# for mounts and processes that unshare(1) made. $1 is a folder with sshd_config, keys-USER and set-up;
# $2 says how many bytes /usr/local has room for.
set -e
mkdir -p "$1/layers"
mount -t tmpfs -o mode=755 tmpfs "$1/layers"
for place in etc var usr; do
  mkdir -p "$1/layers/$place" "$1/layers/$place.work"
  mount -t overlay -o "lowerdir=/$place,upperdir=$1/layers/$place,workdir=$1/layers/$place.work" \
    overlay "/$place"
done
mount -t tmpfs -o mode=755,size="$2" tmpfs /usr/local
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /usr/local/bin /usr/local/sbin /run/sshd /etc/culprit-test
for key in "$1"/keys-*; do [ ! -e "$key" ] || cp "$key" /etc/culprit-test/; done
# Nothing of the machine's own agent.
rm -rf /etc/culprit /var/spool/culprit /var/lib/culprit*
. "$1/set-up"
exec /usr/sbin/sshd -D -f "$1/sshd_config" -E "$1/log"
