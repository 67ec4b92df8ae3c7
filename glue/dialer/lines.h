/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lines.h - reads what a child process says, line by line, from the event loop. For chat.c and exec.c. */
#ifndef VPDN_DIALER_LINES_H
#define VPDN_DIALER_LINES_H

#include <event2/event.h>

struct vpdn_lines;

/*
 * Reads from `fd`, which must be non-blocking and becomes the reader's. `line` gets each line without its end, printable; lines
 * longer than 255 octets are cut. It must not free the reader. NULL: out of memory, the fd is closed.
 */
struct vpdn_lines *vpdn_lines_new(struct event_base *base, int fd, void (*line)(void *arg, const char *line), void *arg);

/* Reads what is there already, the last line without an end too: for when the writer is gone. */
void vpdn_lines_drain(struct vpdn_lines *l);

void vpdn_lines_free(struct vpdn_lines *l);

#endif
