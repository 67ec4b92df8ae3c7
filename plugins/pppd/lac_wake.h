/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lac_wake.h - has pppd's main loop come to us as soon as vpdnd's connection has
 * something to read, without a timer that looks.
 */
#ifndef VPDN_LAC_WAKE_H
#define VPDN_LAC_WAKE_H

#include <stdbool.h>

/*
 * From now on, whenever `conn` has become readable, snoop_recv_hook is called with a
 * frame for which vpdn_wake_came() is true.  What had come before is not told: read
 * until there is nothing left after this.  0 or -errno.
 */
int vpdn_wake_open(int conn);
/* True when this frame is ours; then `conn` is to be read until there is nothing left. */
bool vpdn_wake_came(const unsigned char *frame, int len);
/* No more; to be called before `conn` is closed and before the channel is given away.  Once more does nothing. */
void vpdn_wake_close(void);

#endif
