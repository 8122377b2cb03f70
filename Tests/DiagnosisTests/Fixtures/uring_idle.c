// N processes that sleep in io_uring_enter with one poll in flight: wa rises, no disk I/O.
#include <linux/io_uring.h>
#include <sys/syscall.h>
#include <sys/mman.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(int c, char **v) {
  int n = atoi(v[1]), secs = atoi(v[2]);
  for (int i = 0; i < n; i++) if (fork() == 0) {
    alarm(secs);
    int p[2]; if (pipe(p)) return 1;
    struct io_uring_params q; memset(&q, 0, sizeof q);
    int fd = syscall(SYS_io_uring_setup, 4, &q);
    if (fd < 0) { perror("setup"); return 1; }
    char *sq = mmap(0, q.sq_off.array + q.sq_entries * 4, 3, MAP_SHARED, fd, IORING_OFF_SQ_RING);
    struct io_uring_sqe *e = mmap(0, q.sq_entries * sizeof *e, 3, MAP_SHARED, fd, IORING_OFF_SQES);
    memset(e, 0, sizeof *e);
    e->opcode = IORING_OP_POLL_ADD; e->fd = p[0]; e->poll_events = POLLIN;
    *(unsigned *)(sq + q.sq_off.array) = 0;
    *(volatile unsigned *)(sq + q.sq_off.tail) = 1;
    __sync_synchronize();
    int rc = syscall(SYS_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, 0, 0);
    perror("enter"); return rc < 0;
  }
  sleep(secs + 1); return 0;
}
