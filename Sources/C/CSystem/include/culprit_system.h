// What Swift can't call: variadic functions and macros of libc.
#ifndef CULPRIT_SYSTEM_H
#define CULPRIT_SYSTEM_H

// No _GNU_SOURCE here: it changes types (fd_set) that Glibc's module has too.
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/types.h>

/// open(2) with a mode; -1 and errno on failure. O_CLOEXEC is always set.
int culprit_open(const char *path, int flags, mode_t mode);

/// Sets O_NONBLOCK; -1 and errno on failure.
int culprit_set_nonblocking(int descriptor);

/// Starts `arguments[0]` (looked up in PATH) in a session of its own, with stdin from
/// `input` (-1: /dev/null) and stdout and stderr to the other two descriptors, every signal at its
/// default, and PR_SET_PDEATHSIG = SIGKILL where `dies_with_parent`. Returns the pid, or -errno.
pid_t culprit_spawn(char *const arguments[], int input, int output, int error,
                    int dies_with_parent);

/// A descriptor that becomes readable when the process ends (pidfd_open(2), Linux 5.3; always
/// close-on-exec); -1 and errno on failure.
int culprit_watch_process(pid_t pid);

/// A file without a name that lives as long as its descriptor (memfd_create(2), O_CLOEXEC); -1
/// and errno on failure.
int culprit_memory_file(const char *name);

/// The descriptors of a pipe, both O_CLOEXEC; -1 and errno on failure.
int culprit_pipe(int descriptors[2]);

/// openat(2) for reading, O_CLOEXEC and O_NONBLOCK always set; the descriptor, or -errno.
int culprit_open_at(int directory, const char *path, int flags);

/// openat(2) of a file that is made, and must not be there before (O_EXCL, O_NOFOLLOW), for reading
/// and writing; the descriptor, or -errno.
int culprit_create_at(int directory, const char *path, mode_t mode);

/// Lets two names of a directory change places (renameat2(2) with RENAME_EXCHANGE, Linux 3.15); 0, or
/// -errno.
int culprit_exchange_at(int directory, const char *one, const char *other);

/// syncfs(2): waits until all that was written to the file system is on its disk; 0, or -errno.
int culprit_sync_file_system(int descriptor);

/// openat(2) for reading as above, without noting the access (O_NOATIME, which only a file's owner
/// may ask for); the descriptor, or -errno.
int culprit_open_quietly_at(int directory, const char *path, int flags);

/// getdents64(2): fills `buffer` with the next entries of an open directory; the number of bytes,
/// 0 at the end, or -errno.
long culprit_read_entries(int directory, void *buffer, unsigned long size);

/// Whether an open directory is the kernel's own procfs (fstatfs(2), PROC_SUPER_MAGIC).
int culprit_is_procfs(int directory);

/// Listens on a new Unix socket at `path` with this mode from its first moment on; non-blocking. The
/// descriptor, or -errno.
int culprit_unix_listen(const char *path, mode_t mode);

/// Connects to the Unix socket at `path`, a stream or a datagram socket; non-blocking. The
/// descriptor, or -errno.
int culprit_unix_connect(const char *path, int datagram);

/// accept4(2), close-on-exec and non-blocking; the descriptor, or -errno.
int culprit_accept(int listener);

/// Who is at the other end of a Unix socket, as the kernel noted it when it connected
/// (SO_PEERCRED, SO_PEERGROUPS; unix(7)).
typedef struct {
  pid_t pid;
  uid_t user;
  gid_t group;
  int group_count;
  gid_t groups[256];
} culprit_peer_credentials;

/// Takes a name in the abstract namespace of Unix sockets, which is free again once the descriptor is
/// closed, however that comes. The descriptor, or -errno; with -EADDRINUSE `*holder` is who has it: user
/// -1 where the kernel doesn't say, pid 0 where it has none in our namespace.
int culprit_claim_name(const char *name, culprit_peer_credentials *holder);

/// 0, or -errno.
int culprit_peer(int socket, culprit_peer_credentials *peer);

/// Has all threads share one heap, whose free end goes back to the kernel (mallopt(3), glibc's).
void culprit_share_heap(void);

/// Keeps in memory all that is there and all that will be touched (mlockall(2), MCL_ONFAULT, Linux
/// 4.4); 0, or -errno.
int culprit_lock_memory(void);

/// Starts a detached thread with all signals blocked; 0, or -errno.
int culprit_start_thread(void *(*body)(void *), void *context, unsigned long stack_bytes);

/// gettid(2): the calling thread's task id.
pid_t culprit_thread_id(void);

/// Starts a process that leads a group of its own, and ends the group (SIGTERM, and after a patience
/// SIGKILL) should we die or stand still. `*order` is then a descriptor: who writes no byte there for
/// as long as the silence may be, or closes it, is taken to be dead; a byte 0 ends the process and
/// nobody else. Returns the pid, or -errno.
pid_t culprit_start_reaper(int silence_milliseconds, int patience_milliseconds, int *order);

/// Starts the program at `path` in a group (setpgid(2)) of the same session: with stdin from
/// /dev/null, stdout and stderr to the two descriptors, no others, every signal at its default, this
/// environment and PR_SET_PDEATHSIG = SIGKILL, which goes by the calling thread. Doesn't wait until the
/// program runs; where it can't, `exec: errno 2` is written to stderr. Returns the pid, or -errno.
pid_t culprit_spawn_in_group(const char *path, char *const arguments[], char *const environment[],
                             int output, int error, pid_t group);

/// fcntl(2), F_SETPIPE_SZ (Linux 2.6.35); the size, or -errno.
int culprit_widen_pipe(int descriptor, int bytes);

#endif
