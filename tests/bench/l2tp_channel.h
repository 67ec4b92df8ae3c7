/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * l2tp_channel.h - the control channel of one tunnel of vpdn-load's LAC: RFC 2661 section 5.8 without congestion control.
 *
 * l2tp_lac.c owns it, gives it what its socket receives, and is told what arrives in order.
 */
#ifndef BENCH_L2TP_CHANNEL_H
#define BENCH_L2TP_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "avp.h"
#include "loop.h"

struct message {
	STAILQ_ENTRY(message) next;
	uint16_t ns, len;
	void (*sent)(void *arg);	/* when it goes out for the first time; NULL */
	void (*acked)(void *arg);	/* NULL */
	void *arg;
	uint8_t data[1400];
};

struct channel {
	struct loop *loop;
	int fd;				/* connected; the owner's */
	uint16_t peer_tunnel;
	uint16_t window;		/* the peer's */
	uint16_t ns, nr;		/* of the next message, and what is expected */
	STAILQ_HEAD(, message) queue;	/* not acknowledged yet; `sent` of them are under way */
	struct message *unsent;		/* the first that is not; NULL */
	unsigned int sent;
	unsigned int most_tries;	/* of a message */
	unsigned int tries;		/* of the first one, beyond its first */
	bool ack_due;
	bool dead;
	struct timer timer;
	uint64_t *retransmissions, *peer_retransmissions;
	void (*received)(void *arg, const struct vpdn_ctrl_header *h, const struct vpdn_reader *body);
	void (*lost)(void *arg);	/* the peer does not acknowledge */
	void *arg;
};

/* The fields of the last four lines, `loop`, `fd` and `most_tries` are set by the owner. */
void channel_init(struct channel *c);
void channel_free(struct channel *c);	/* nothing is called back */

/* A message whose AVPs are to be written to *w, which begins behind the header; then it is sent, when the window allows. */
struct message *message_new(struct vpdn_writer *w, uint16_t type);
void channel_send(struct channel *c, struct message *m, const struct vpdn_writer *w, uint16_t session);

/* A control message as it came. False: it is none. Afterwards, or after several, channel_flush() acknowledges. */
bool channel_input(struct channel *c, const void *packet, size_t len);
void channel_flush(struct channel *c);

#endif
