#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

// A FUSE server that answers until somebody asks for data, and then never. The protocol is in
// <linux/fuse.h> and Documentation/filesystems/fuse. Names in its only folder:
//   file    a file of 1 MiB; a read is never answered (through the page cache; O_DIRECT or a
//           private mapping of a descriptor opened with O_DIRECT go around it)
//   direct  another one
//   absent  there is none
//   others  a lookup (stat, open) is never answered

static const uint64_t file_node = 2;
static const uint64_t direct_node = 3;
static const uint64_t file_size = 1 << 20;

static void answer(int device, uint64_t unique, int error, const void *body, size_t length) {
  char reply[sizeof(struct fuse_out_header) + 256];
  struct fuse_out_header header = {
      .len = (uint32_t)(sizeof header + length), .error = -error, .unique = unique};
  memcpy(reply, &header, sizeof header);
  if (length > 0) memcpy(reply + sizeof header, body, length);
  // ENOENT: who asked has gone.
  if (write(device, reply, sizeof header + length) < 0 && errno != ENOENT) fail("answer", NULL);
}

static struct fuse_attr attributes(uint64_t node) {
  bool is_file = node == file_node || node == direct_node;
  return (struct fuse_attr){
      .ino = node,
      .size = is_file ? file_size : 0,
      .blocks = is_file ? file_size / 512 : 0,
      .mode = is_file ? S_IFREG | 0644 : S_IFDIR | 0755,
      .nlink = is_file ? 1 : 2,
      .blksize = 4096,
  };
}

static void answer_init(int device, uint64_t unique, const struct fuse_init_in *request) {
  struct fuse_init_out reply = {
      .major = FUSE_KERNEL_VERSION,
      .minor = request->minor < FUSE_KERNEL_MINOR_VERSION ? request->minor
                                                          : FUSE_KERNEL_MINOR_VERSION,
      .max_readahead = request->max_readahead,
      // As libfuse: readers of the page cache wait for the page and not for the reply, and who waits
      // in a folder keeps nobody else out of it.
      .flags = request->flags & (FUSE_ASYNC_READ | FUSE_PARALLEL_DIROPS),
      .max_background = 12,
      .congestion_threshold = 9,
      .max_write = 128 << 10,
      .time_gran = 1,
  };
  answer(device, unique, 0, &reply, sizeof reply);
}

static void answer_lookup(int device, uint64_t unique, const char *name) {
  if (strcmp(name, "absent") == 0) return answer(device, unique, ENOENT, NULL, 0);
  uint64_t node = strcmp(name, "file") == 0     ? file_node
                  : strcmp(name, "direct") == 0 ? direct_node
                                                : 0;
  if (node == 0) return;
  struct fuse_entry_out reply = {
      .nodeid = node, .entry_valid = 3600, .attr_valid = 3600, .attr = attributes(node)};
  answer(device, unique, 0, &reply, sizeof reply);
}

static void answer_getattr(int device, uint64_t unique, uint64_t node) {
  struct fuse_attr_out reply = {.attr_valid = 3600, .attr = attributes(node)};
  answer(device, unique, 0, &reply, sizeof reply);
}

static void answer_open(int device, uint64_t unique, uint32_t flags) {
  struct fuse_open_out reply = {.open_flags = flags & O_DIRECT ? FOPEN_DIRECT_IO : 0};
  answer(device, unique, 0, &reply, sizeof reply);
}

static void answer_request(int device, const struct fuse_in_header *header, const void *body) {
  switch (header->opcode) {
  case FUSE_INIT: return answer_init(device, header->unique, body);
  case FUSE_LOOKUP: return answer_lookup(device, header->unique, body);
  case FUSE_GETATTR: return answer_getattr(device, header->unique, header->nodeid);
  case FUSE_OPEN:
  case FUSE_OPENDIR:
    return answer_open(device, header->unique, ((const struct fuse_open_in *)body)->flags);
  // Neither wants an answer.
  case FUSE_FORGET:
  case FUSE_BATCH_FORGET: return;
  // The point of it all: whoever wants data waits.
  case FUSE_READ:
  case FUSE_READDIR:
  case FUSE_READDIRPLUS:
  case FUSE_INTERRUPT: return;
  case FUSE_RELEASE:
  case FUSE_RELEASEDIR:
  case FUSE_FLUSH: return answer(device, header->unique, 0, NULL, 0);
  default: return answer(device, header->unique, ENOSYS, NULL, 0);
  }
}

/// Waits for a request; false where stdin has closed or the time is over.
static bool await_request(int device, double end) {
  for (;;) {
    struct pollfd sources[] = {{.fd = device, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
    double left = end - now_seconds();
    int count = left > 0 ? poll(sources, 2, (int)(left * 1e3) + 1) : 0;
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    char bytes[64];
    if (sources[1].revents != 0 && read(0, bytes, sizeof bytes) <= 0) return false;
    if (sources[0].revents != 0) return true;
  }
}

static void serve(int device, double end) {
  // The kernel refuses reads with less room than this for the header and max_write.
  static char request[(128 << 10) + 4096] __attribute__((aligned(16)));
  while (await_request(device, end)) {
    ssize_t count = read(device, request, sizeof request - 1);
    // ENODEV: unmounted. ENOENT: who asked has gone.
    if (count < 0 && errno == ENODEV) return;
    if (count < 0 && (errno == EINTR || errno == ENOENT || errno == EAGAIN)) continue;
    if (count < (ssize_t)sizeof(struct fuse_in_header)) fail("read of /dev/fuse", NULL);
    request[count] = '\0';
    answer_request(device, (const struct fuse_in_header *)request,
                   request + sizeof(struct fuse_in_header));
  }
}

void run_fuse_server(const struct options *options) {
  if (options->word_count != 1) {
    errno = EINVAL;
    fail("fuse-server wants", "a MOUNTPOINT");
  }
  // It ends when stdin closes, which is when the test does, and never leaves a dead mount behind.
  prctl(PR_SET_PDEATHSIG, 0);
  int device = open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (device < 0) fail("open", "/dev/fuse");
  char data[128];
  snprintf(data, sizeof data, "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", device);
  unsigned long flags = MS_NOSUID | MS_NODEV;
  if (mount("culprit-test", options->words[0], "fuse.culprit-test", flags, data) < 0) {
    fail("mount", options->words[0]);
  }
  struct report report;
  report_begin(&report, "fuse-server");
  report_text(&report, "mount", options->words[0]);
  report_end(&report);
  // A stall that also hangs ps has an end of its own, whatever becomes of the test.
  serve(device, now_seconds() + (options->seconds > 0 ? options->seconds : 120));
  // With the device all that wait are let go; the mount is empty then.
  close(device);
  umount2(options->words[0], MNT_DETACH);
}

/// Maps a file whose pages are being read (by somebody else), past the page cache: mmap(2) then
/// waits for those pages with the lock of its address space held for writing, and whoever reads
/// this process's cmdline waits too.
void run_fuse_mapper(const struct options *options) {
  if (options->word_count != 1) {
    errno = EINVAL;
    fail("fuse-mapper wants", "a FILE");
  }
  int descriptor = open(options->words[0], O_RDONLY | O_DIRECT | O_CLOEXEC);
  if (descriptor < 0) fail("open", options->words[0]);
  // Opening waits for pages too, so that happens before somebody reads them.
  struct report report;
  report_begin(&report, "fuse-mapper");
  report_end(&report);
  await_go(options);
  if (mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, descriptor, 0) == MAP_FAILED) {
    fail("mmap", options->words[0]);
  }
}
