#define _GNU_SOURCE
#include "culprit_ncurses.h"

#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

int culprit_terminal_check(const char *term, int descriptor) {
  int status = 0;
  if (setupterm((char *)term, descriptor, &status) != OK) return -1;
  const char *address = tigetstr("cup");
  int able = address != NULL && address != (char *)-1;
  del_curterm(cur_term);
  return able;
}

// Numbers stay as C writes them: SQL, JSON and vmstat's own output depend on the point.
int culprit_adopt_locale(void) {
  setlocale(LC_ALL, "");
  setlocale(LC_NUMERIC, "C");
  return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

WINDOW *culprit_stdscr(void) { return stdscr; }
int culprit_lines(void) { return LINES; }
int culprit_columns(void) { return COLS; }
int culprit_colours(void) { return has_colors() ? COLORS : 0; }

// ncurses' own way (SIGWINCH, KEY_RESIZE) misses a change where LINES or COLUMNS are exported,
// and needs the signal to reach it in a process where others may block it.
int culprit_follow_size(int descriptor) {
  struct winsize size;
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) return 0;
  if (!is_term_resized(size.ws_row, size.ws_col)) return 0;
  return resize_term(size.ws_row, size.ws_col) == OK;
}

int culprit_width(uint32_t scalar) { return wcwidth((wchar_t)scalar); }

int culprit_put(int row, int column, const uint32_t *scalars, int count, int width, int style,
                int pair) {
  wchar_t text[CCHARW_MAX + 1];
  if (count < 1 || count > CCHARW_MAX || culprit_width(scalars[0]) != width) return 0;
  for (int index = 0; index < count; index++) {
    if (index > 0 && culprit_width(scalars[index]) != 0) return 0;
    text[index] = (wchar_t)scalars[index];
  }
  text[count] = L'\0';
  attr_t attributes = A_NORMAL;
  if (style & CULPRIT_BOLD) attributes |= A_BOLD;
  if (style & CULPRIT_DIM) attributes |= A_DIM;
  if (style & CULPRIT_REVERSE) attributes |= A_REVERSE;
  cchar_t cell;
  if (setcchar(&cell, text, attributes, (short)pair, NULL) != OK) return 0;
  // Not add_wch: that moves on and fails, or scrolls, in the last cell of the screen.
  return mvadd_wchnstr(row, column, &cell, 1) == OK;
}

int culprit_put_one(int row, int column, uint32_t scalar, int width, int style, int pair) {
  return culprit_put(row, column, &scalar, 1, width, style, pair);
}

void culprit_mouse_start(void) {
  // Presses only: a click would be waited for, and nobody drags here.
  mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
  mouseinterval(0);
}

int culprit_mouse(int *row, int *column) {
  MEVENT event;
  if (getmouse(&event) != OK) return CULPRIT_MOUSE_NOTHING;
  *row = event.y;
  *column = event.x;
  if (event.bstate & BUTTON4_PRESSED) return CULPRIT_WHEEL_UP;
  if (event.bstate & BUTTON5_PRESSED) return CULPRIT_WHEEL_DOWN;
  return event.bstate & BUTTON1_PRESSED ? CULPRIT_CLICK : CULPRIT_MOUSE_NOTHING;
}

int culprit_next_key(int *code) {
  wint_t key = 0;
  wtimeout(stdscr, 0);
  int kind = wget_wch(stdscr, &key);
  *code = (int)key;
  if (kind == KEY_CODE_YES) return CULPRIT_FUNCTION_KEY;
  return kind == OK ? CULPRIT_CHARACTER : CULPRIT_NO_KEY;
}

// What the way back needs, kept where a signal handler may read it: written before `armed` is
// set, and not again while it is.
static atomic_int armed;
static struct termios remembered;
static int remembered_ok;
static int input_descriptor, output_descriptor;
static char way_back[256];
static size_t way_back_length;

static const int curses_signals[] = {SIGINT,  SIGTERM, SIGTSTP, SIGWINCH, SIGCONT, SIGSEGV,
                                     SIGBUS,  SIGILL,  SIGFPE,  SIGTRAP,  SIGABRT};
enum { SIGNALS = sizeof curses_signals / sizeof curses_signals[0], FIRST_CRASH = 5 };
static struct sigaction before_curses[SIGNALS], under_curses[SIGNALS];

// ncurses' own SIGTSTP handler does all of its work inside the signal, on whatever thread that
// reached, beside a thread that may be drawing. These only take a note of it.
static volatile sig_atomic_t suspend_noted, continue_noted;
static void note_suspend(int signal) { (void)signal, suspend_noted = 1; }
static void note_continue(int signal) { (void)signal, continue_noted = 1; }

// Gives the terminal back and lets the signal do what it would have done without us. An
// instruction that failed fails again on return, in its own place, which is what a core or a
// backtrace should show. A signal that was sent (abort, kill) is sent again.
static void crashed(int signal, siginfo_t *info, void *context) {
  (void)context;
  culprit_terminal_restore();
  for (int index = FIRST_CRASH; index < SIGNALS; index++)
    if (curses_signals[index] == signal) sigaction(signal, &before_curses[index], NULL);
  if (info->si_code > 0 && signal != SIGTRAP && signal != SIGABRT) return;
  // Not left pending: this may have interrupted sigsuspend(2), after which it is blocked again.
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, signal);
  pthread_sigmask(SIG_UNBLOCK, &mask, NULL);
  raise(signal);
}

static void install(int signal, void (*handler)(int), int flags) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigemptyset(&action.sa_mask);
  sigaction(signal, &action, NULL);
}

// A stack that has overflown can't hold a handler's frame. This is of the thread that opened the
// terminal, and it stays: whoever had one before keeps it.
static void make_signal_stack(void) {
  static char memory[1 << 16];
  stack_t stack = {.ss_sp = memory, .ss_size = sizeof memory}, before;
  if (sigaltstack(NULL, &before) == 0 && before.ss_flags & SS_DISABLE) sigaltstack(&stack, NULL);
}

static void install_handlers(void) {
  // A shell without job control ignores SIGTSTP, and so do we then.
  struct sigaction before;
  if (sigaction(SIGTSTP, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
    install(SIGTSTP, note_suspend, SA_RESTART);
  install(SIGCONT, note_continue, SA_RESTART);
  make_signal_stack();
  for (int index = FIRST_CRASH; index < SIGNALS; index++) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = crashed;
    action.sa_flags = SA_ONSTACK | SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    sigaction(curses_signals[index], &action, NULL);
  }
}

void culprit_terminal_remember(int input) {
  input_descriptor = input;
  remembered_ok = tcgetattr(input, &remembered) == 0;
  for (int index = 0; index < SIGNALS; index++)
    sigaction(curses_signals[index], NULL, &before_curses[index]);
}

static int collect(int byte) {
  if (way_back_length < sizeof way_back) way_back[way_back_length++] = (char)byte;
  return byte;
}

static void add_capability(const char *name) {
  const char *text = tigetstr(name);
  if (text != NULL && text != (char *)-1) tputs(text, 1, collect);
}

static void restore_at_exit(void) { culprit_terminal_restore(); }

void culprit_terminal_arm(int output) {
  static int registered;
  output_descriptor = output;
  way_back_length = 0;
  add_capability("sgr0");
  add_capability("op");
  add_capability("rmkx");
  add_capability("cnorm");
  const char *mouse = tigetstr("kmous");
  if (mouse != NULL && mouse != (char *)-1)
    for (const char *byte = "\033[?1000l\033[?1002l\033[?1003l\033[?1006l"; *byte; byte++)
      collect(*byte);
  const char *leave = tigetstr("rmcup");
  if (leave == NULL || leave == (char *)-1) {
    collect('\r');
    collect('\n');
  } else {
    tputs(leave, 1, collect);
  }
  install_handlers();
  for (int index = 0; index < SIGNALS; index++)
    sigaction(curses_signals[index], NULL, &under_curses[index]);
  if (!registered) registered = atexit(restore_at_exit) == 0;
  atomic_store(&armed, 1);
}

void culprit_terminal_disarm(void) { atomic_store(&armed, 0); }

void culprit_terminal_restore(void) {
  if (!atomic_exchange(&armed, 0)) return;
  // In the background the terminal is somebody else's, and tcsetattr would stop us.
  pid_t foreground = tcgetpgrp(input_descriptor);
  if (foreground != -1 && foreground != getpgrp()) return;
  ssize_t written = write(output_descriptor, way_back, way_back_length);
  (void)written;
  if (remembered_ok) tcsetattr(input_descriptor, TCSANOW, &remembered);
}

void culprit_signals_restore(void) {
  for (int index = 0; index < SIGNALS; index++) {
    struct sigaction now;
    if (sigaction(curses_signals[index], NULL, &now) != 0) continue;
    if (now.sa_handler == under_curses[index].sa_handler &&
        now.sa_handler != before_curses[index].sa_handler)
      sigaction(curses_signals[index], &before_curses[index], NULL);
  }
}

static int is_foreground(void) {
  pid_t foreground = tcgetpgrp(input_descriptor);
  return foreground == -1 || foreground == getpgrp();
}

int culprit_follow_signals(void) {
  if (suspend_noted) {
    suspend_noted = 0;
    struct sigaction before;
    sigset_t mask, mask_before;
    endwin();
    atomic_store(&armed, 0);
    sigaction(SIGTSTP, NULL, &before);
    install(SIGTSTP, SIG_DFL, 0);
    sigemptyset(&mask);
    sigaddset(&mask, SIGTSTP);
    pthread_sigmask(SIG_UNBLOCK, &mask, &mask_before);
    // Here the process stops, until SIGCONT. In an orphaned group (no shell that could continue
    // it) it doesn't, and the screen is drawn anew at once.
    raise(SIGTSTP);
    pthread_sigmask(SIG_SETMASK, &mask_before, NULL);
    sigaction(SIGTSTP, &before, NULL);
    atomic_store(&armed, 1);
    continue_noted = 0;
    return 1;
  }
  if (continue_noted && is_foreground()) {
    // Stopped by SIGSTOP, nobody gave the terminal back, and a shell has used it since.
    continue_noted = 0;
    endwin();
    return 1;
  }
  return 0;
}
