/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ppp_fsm.h - RFC 1661's automaton as far as a client that never waits for its lower layer needs it: a table for ppp.c.
 *
 * The restart timer's transmissions are counted by ppp.c. A client opens by sending (ReqSent) or by waiting (Stopped).
 */
#ifndef BENCH_PPP_FSM_H
#define BENCH_PPP_FSM_H

#include <stdint.h>

enum ppp_state {
	PPP_CLOSED,	/* nothing is sent; what comes is not answered */
	PPP_STOPPED,	/* waits for the peer's first request */
	PPP_REQ_SENT,
	PPP_ACK_RCVD,
	PPP_ACK_SENT,
	PPP_OPENED,
	PPP_CLOSING,	/* Terminate-Request is out */
	PPP_STATES
};

/* The RFC's names. */
enum ppp_fsm_event {
	EV_TIMEOUT,	/* TO+ */
	EV_EXPIRED,	/* TO- */
	EV_RCR_GOOD,
	EV_RCR_BAD,
	EV_RCA,
	EV_RCN,
	EV_RTR,
	EV_RTA,
	EV_CLOSE,
	PPP_FSM_EVENTS
};

enum ppp_fsm_action {
	ACT_SCR = 1,		/* Configure-Request */
	ACT_SCA = 2,		/* Configure-Ack */
	ACT_SCN = 4,		/* Configure-Nak or -Reject */
	ACT_STR = 8,		/* Terminate-Request */
	ACT_STA = 16,		/* Terminate-Ack */
	ACT_IRC = 32,		/* the restart counter starts again */
	ACT_TLU = 64,		/* this layer is up */
	ACT_TLD = 128,		/* it was, and is not any more */
	ACT_OVER = 256,		/* the peer has ended it, or it has come to nothing */
	ACT_TERMINATED = 512,	/* we have ended it */
};

struct ppp_step {
	uint16_t actions;
	uint8_t next;
};

extern const struct ppp_step ppp_fsm_table[PPP_STATES][PPP_FSM_EVENTS];

#endif
