#include "load.h"

#include <stdlib.h>
#include <unistd.h>

void report_begin(struct report *report, const char *verb) {
  report->text = NULL;
  report->length = 0;
  report->stream = open_memstream(&report->text, &report->length);
  if (report->stream == NULL) fail("memory", NULL);
  fprintf(report->stream, "{\"verb\":\"%s\",\"pid\":%d", verb, (int)getpid());
}

void report_number(struct report *report, const char *name, int64_t value) {
  fprintf(report->stream, ",\"%s\":%lld", name, (long long)value);
}

void report_seconds(struct report *report, const char *name, double value) {
  fprintf(report->stream, ",\"%s\":%.6f", name, value);
}

void report_text(struct report *report, const char *name, const char *value) {
  fprintf(report->stream, ",\"%s\":\"", name);
  for (; *value != '\0'; value++) {
    unsigned char byte = (unsigned char)*value;
    if (byte == '"' || byte == '\\') fprintf(report->stream, "\\%c", byte);
    else if (byte < 0x20) fprintf(report->stream, "\\u%04x", byte);
    else fputc(byte, report->stream);
  }
  fputc('"', report->stream);
}

void report_pids(struct report *report, const char *name, const pid_t *pids, int count) {
  fprintf(report->stream, ",\"%s\":[", name);
  for (int index = 0; index < count; index++) {
    fprintf(report->stream, "%s%d", index > 0 ? "," : "", (int)pids[index]);
  }
  fputc(']', report->stream);
}

void report_end(struct report *report) {
  fputs("}\n", report->stream);
  fclose(report->stream);
  for (size_t done = 0; done < report->length;) {
    ssize_t count = write(1, report->text + done, report->length - done);
    if (count <= 0) fail("write of the report", NULL);
    done += (size_t)count;
  }
  free(report->text);
}
