// ncurses with wide characters, and the shims for what Swift can't reach: its globals (stdscr,
// LINES, COLS, COLORS), its macros (A_BOLD, COLOR_PAIR) and the cells that hold several
// characters. All of it belongs to the one thread that opened the terminal, but for
// culprit_terminal_restore.
#ifndef CULPRIT_NCURSES_H
#define CULPRIT_NCURSES_H

#ifndef _XOPEN_SOURCE_EXTENDED
#define _XOPEN_SOURCE_EXTENDED 1
#endif
#ifndef NCURSES_WIDECHAR
#define NCURSES_WIDECHAR 1
#endif
#include <curses.h>
#include <stdint.h>

enum { CULPRIT_BOLD = 1, CULPRIT_DIM = 2, CULPRIT_REVERSE = 4 };

/// What terminfo says of `term` (NULL: of $TERM), without touching the terminal: 1 it can place
/// the cursor, 0 it can't, -1 there is no such entry, or none that could be read.
int culprit_terminal_check(const char *term, int descriptor);

/// Sets the locale of the environment, numbers excepted; 1 where its characters are UTF-8.
int culprit_adopt_locale(void);

/// The global window, and what ncurses knows of the terminal. Valid while one is open.
WINDOW *culprit_stdscr(void);
int culprit_lines(void);
int culprit_columns(void);
int culprit_colours(void);

/// Asks the terminal for its size and makes ncurses' windows fit; 1 where it has changed.
int culprit_follow_size(int descriptor);

/// Puts one character and the marks combined with it (`count` in all) at a cell. Returns 0, and
/// puts nothing, where libc gives it another width than `width`: then the row would slip.
int culprit_put(int row, int column, const uint32_t *scalars, int count, int width, int style,
                int pair);

/// The same for a character without marks.
int culprit_put_one(int row, int column, uint32_t scalar, int width, int style, int pair);

/// Has the terminal report the wheel and presses of the first button, until endwin.
void culprit_mouse_start(void);

enum { CULPRIT_MOUSE_NOTHING = 0, CULPRIT_CLICK = 1, CULPRIT_WHEEL_UP = 2, CULPRIT_WHEEL_DOWN = 3 };

/// What the mouse did, after a KEY_MOUSE, and where.
int culprit_mouse(int *row, int *column);

/// How many cells libc gives a character in the current locale: wcwidth(3).
int culprit_width(uint32_t scalar);

enum { CULPRIT_NO_KEY = 0, CULPRIT_CHARACTER = 1, CULPRIT_FUNCTION_KEY = 2 };

/// The next key that is already there (it never waits): its kind, its number in `code`.
int culprit_next_key(int *code);

/// Remembers how the terminal is now and which bytes give it back. Call before newterm.
void culprit_terminal_remember(int input);

/// To be called after newterm: from here on culprit_terminal_restore has work to do, and exit()
/// does it where nobody else has, and so does a crash (SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP,
/// SIGABRT), which goes on as it would have gone. SIGTSTP and SIGCONT are noted only.
void culprit_terminal_arm(int output);

/// To be called after endwin, which has given the terminal back.
void culprit_terminal_disarm(void);

/// Leaves the alternate screen, shows the cursor and sets the modes that were remembered. Only
/// async-signal-safe calls; does nothing where no terminal is open, or the second time.
void culprit_terminal_restore(void);

/// Suspends the process where SIGTSTP has come, with the terminal given back meanwhile; returns 1
/// where the next screen has to be drawn whole, after that or after a SIGCONT.
int culprit_follow_signals(void);

/// Puts back the signal handlers that were there when the terminal was remembered, where
/// ncurses' own or ours still stand in their place.
void culprit_signals_restore(void);

#endif
