// What culprit-bench measures with and Swift can't call or do.
#ifndef CULPRIT_PEER_MEASURE_H
#define CULPRIT_PEER_MEASURE_H

#include <stdint.h>
#include <sys/types.h>

/// CPU time of all threads of a running process, those that ended too, nanoseconds
/// (clock_getcpuclockid(3), whose clock Swift can't name); -1 where there is no such process.
int64_t culprit_peer_cpu_nanoseconds(pid_t process);

/// Makes this process the parent of every orphan among its descendants (prctl(2), variadic), so
/// that none is left behind; -1 and errno on failure.
int culprit_peer_adopt_orphans(void);

/// Moves this thread, and what it starts from now on, into a network namespace of its own
/// (unshare(2)). 0, or -1 and errno.
int culprit_peer_own_network(void);

#endif
