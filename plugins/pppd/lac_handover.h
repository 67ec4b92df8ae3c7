/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lac_handover.h - takes pppd off its channel without a word to the subscriber and
 * gives the channel to vpdnd.
 */
#ifndef VPDN_LAC_HANDOVER_H
#define VPDN_LAC_HANDOVER_H

/*
 * `conn`: the connection to vpdnd, which has said SUBSCRIBER_FORWARD.  Does not return:
 * a template's child leaves at once, any other pppd stays as the line's holder until
 * vpdnd releases it, the line hangs up, or it gets a signal.
 */
void vpdn_lac_hand_over(int conn) __attribute__((noreturn));

#endif
