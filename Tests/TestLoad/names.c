#define _GNU_SOURCE
#include "load.h"

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int hex_value(char digit) {
  return isdigit((unsigned char)digit) ? digit - '0' : tolower((unsigned char)digit) - 'a' + 10;
}

/// The bytes that an argument stands for; the kernel keeps 15 of them.
static void unescape(const char *text, char *bytes, size_t size) {
  size_t length = 0;
  while (*text != '\0' && length + 1 < size) {
    char byte = *text++;
    if (byte == '\\' && *text == 'n') byte = '\n', text++;
    else if (byte == '\\' && *text == 'e') byte = '\x1b', text++;
    else if (byte == '\\' && *text == '\\') text++;
    else if (byte == '\\' && text[0] == 'x' && isxdigit((unsigned char)text[1]) &&
             isxdigit((unsigned char)text[2])) {
      byte = (char)(hex_value(text[1]) << 4 | hex_value(text[2]));
      text += 3;
    }
    bytes[length++] = byte;
  }
  bytes[length] = '\0';
}

void run_rename_comm(const struct options *options) {
  char name[16];
  if (options->word_count != 1) {
    errno = EINVAL;
    fail("rename-comm wants", "one NAME");
  }
  unescape(options->words[0], name, sizeof name);
  if (prctl(PR_SET_NAME, name) < 0) fail("PR_SET_NAME", NULL);
  struct report report;
  report_begin(&report, "rename-comm");
  report_number(&report, "length", (int64_t)strlen(name));
  report_end(&report);
  await_stdin_closed();
}

static void *become(void *words) {
  execvp(((char **)words)[0], words);
  fail("exec", ((char **)words)[0]);
}

void run_exec(const struct options *options) {
  if (options->word_count == 0) {
    errno = EINVAL;
    fail("exec wants", "a PROGRAM");
  }
  struct report report;
  report_begin(&report, "exec");
  report_number(&report, "caller", options->not_leader ? -1 : (int64_t)gettid());
  report_end(&report);
  await_go(options);
  if (!options->not_leader) become(options->words);
  // The thread that calls takes the leader's pid: identity and counters stay the process's.
  pthread_t thread;
  if (pthread_create(&thread, NULL, become, options->words) != 0) fail("pthread_create", NULL);
  pthread_join(thread, NULL);
}

void run_vfork(const struct options *options) {
  (void)options;
  pid_t parent = getpid();
  pid_t child = vfork();
  if (child < 0) fail("vfork", NULL);
  if (child == 0) {
    // The parent stands still and its memory is ours, so more than exec and _exit does no harm.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    prctl(PR_SET_NAME, "vfork-child");
    struct report report;
    report_begin(&report, "vfork");
    report_number(&report, "parent", parent);
    report_end(&report);
    await_stdin_closed();
    _exit(0);
  }
  int status;
  waitpid(child, &status, 0);
}
