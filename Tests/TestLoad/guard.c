#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

/// Takes a mount (and a control group) away when stdin closes: so none outlives the tests, however
/// they end, and above all no frozen one.
void run_guard_mount(const struct options *options) {
  if (options->word_count < 1) {
    errno = EINVAL;
    fail("guard-mount wants", "a MOUNTPOINT");
  }
  const char *mount = options->words[0];
  // The end of the tests is what it is here for.
  prctl(PR_SET_PDEATHSIG, 0);
  int descriptor = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) fail("open", mount);
  if (options->freeze && ioctl(descriptor, FIFREEZE, 0) < 0) fail("FIFREEZE", mount);
  struct report report;
  report_begin(&report, "guard-mount");
  report_text(&report, "mount", mount);
  report_end(&report);
  await_stdin_closed();
  // A test may have frozen it meanwhile, and ended without a thaw: whoever writes there would hang for
  // ever. EINVAL: it isn't frozen (any more).
  if (ioctl(descriptor, FITHAW, 0) < 0 && errno != EINVAL) fail("FITHAW", mount);
  close(descriptor);
  // Whoever still uses it ends with the tests; EINVAL: unmounted already.
  if (umount2(mount, MNT_DETACH) < 0 && errno != EINVAL && errno != ENOENT) fail("umount", mount);
  double end = now_seconds() + 30;
  while (options->word_count > 1 && rmdir(options->words[1]) < 0 && errno == EBUSY &&
         now_seconds() < end) {
    sleep_until(now_seconds() + 0.01);
  }
}
