#include "load.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Noreturn void refuse(const char *why, const char *word) {
  fprintf(stderr, "culprit-test-load: %s: %s\n", why, word);
  exit(2);
}

/// A whole number with k, M or G (of 1024) behind it.
static int64_t parse_number(const char *word) {
  char *end;
  long long value = strtoll(word, &end, 10);
  int shift = *end == 'k' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
  if (shift > 0) end++;
  if (end == word || *end != '\0' || value < 0 || value > (INT64_MAX >> 31)) {
    refuse("no number", word);
  }
  return (int64_t)value << shift;
}

static double parse_decimal(const char *word) {
  char *end;
  double value = strtod(word, &end);
  if (end == word || *end != '\0' || !(value >= 0 && value < 1e6)) refuse("no number", word);
  return value;
}

/// Options that stand alone; whether `word` is one.
static bool parse_switch(const char *word, struct options *options) {
  if (strcmp(word, "--direct") == 0) options->mode = TRANSFER_DIRECT;
  else if (strcmp(word, "--fsync") == 0) options->mode = TRANSFER_FSYNC;
  else if (strcmp(word, "--buffered") == 0) options->mode = TRANSFER_BUFFERED;
  else if (strcmp(word, "--drop-cache") == 0) options->mode = TRANSFER_DROP_CACHE;
  else if (strcmp(word, "--waited") == 0) options->children_end = CHILDREN_WAITED;
  else if (strcmp(word, "--ignored") == 0) options->children_end = CHILDREN_IGNORED;
  else if (strcmp(word, "--orphaned") == 0) options->children_end = CHILDREN_ORPHANED;
  else if (strcmp(word, "--keep-threads") == 0) options->keep_threads = true;
  else if (strcmp(word, "--not-leader") == 0) options->not_leader = true;
  else if (strcmp(word, "--by-child") == 0) options->by_child = true;
  else if (strcmp(word, "--unlink") == 0) options->unlink = true;
  else if (strcmp(word, "--freeze") == 0) options->freeze = true;
  else if (strcmp(word, "--go") == 0) options->go = true;
  else if (strcmp(word, "--hold") == 0) options->hold = true;
  else return false;
  return true;
}

/// Options with a value; whether `word` is one.
static bool parse_valued(const char *word, const char *value, struct options *options) {
  if (strcmp(word, "--file") == 0) options->file = value;
  else if (strcmp(word, "--bytes") == 0) options->bytes = parse_number(value);
  else if (strcmp(word, "--block") == 0) options->block = parse_number(value);
  else if (strcmp(word, "--threads") == 0) options->threads = (int)parse_number(value);
  else if (strcmp(word, "--children") == 0) options->children = (int)parse_number(value);
  else if (strcmp(word, "--parallel") == 0) options->parallel = (int)parse_number(value);
  else if (strcmp(word, "--gap-ms") == 0) options->gap_milliseconds = (int)parse_number(value);
  else if (strcmp(word, "--rounds") == 0) options->rounds = parse_number(value);
  else if (strcmp(word, "--number") == 0) options->number = (int)parse_number(value);
  else if (strcmp(word, "--hammers") == 0) options->hammers = (int)parse_number(value);
  else if (strcmp(word, "--hz") == 0) options->hertz = parse_decimal(value);
  else if (strcmp(word, "--seconds") == 0) options->seconds = parse_decimal(value);
  else return false;
  return true;
}

void parse_options(int count, char **words, struct options *options) {
  memset(options, 0, sizeof *options);
  options->block = 64 << 10;
  options->threads = 1;
  options->children = 1;
  options->parallel = 1;
  options->rounds = 1;
  options->hertz = 1;
  int index = 0;
  for (; index < count && strncmp(words[index], "--", 2) == 0; index++) {
    if (parse_switch(words[index], options)) continue;
    if (index + 1 == count || !parse_valued(words[index], words[index + 1], options)) {
      refuse("unknown option, or one without its value", words[index]);
    }
    index++;
  }
  options->words = words + index;
  options->word_count = count - index;
  if (options->threads < 1 || options->threads > 4096) refuse("threads", "1 to 4096");
  if (options->children < 1 || options->parallel < 1) refuse("children", "at least 1");
  if (options->number > 4096) refuse("number", "at most 4096");
  if (options->block < 1 || options->hertz <= 0) refuse("block, hz", "more than 0");
}
