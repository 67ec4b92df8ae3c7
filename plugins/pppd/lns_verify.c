/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lns_verify.c - see lns_verify.h; used by vpdn-lns.c. */
#include "lns_verify.h"

#include "cursor.h"

static struct {
	bool active;
	bool answered;
	uint8_t id;
	uint32_t expected, got;
	unsigned int seconds;
	void (*done)(const char *fault);
	void (*next_recv)(unsigned char *, int);
} verify;

static void over(void *arg)
{
	char fault[128];
	bool right = verify.answered && verify.got == verify.expected;

	(void)arg;
	verify.active = false;
	if (verify.answered)
		snprintf(fault, sizeof(fault), "the subscriber's magic number is 0x%08x, not 0x%08x", verify.got,
			 verify.expected);
	else
		snprintf(fault, sizeof(fault), "no answer to an LCP Echo-Request within %u s", verify.seconds);
	verify.done(right ? NULL : fault);
}

static void saw_received(unsigned char *frame, int len)
{
	struct vpdn_ppp_packet p;
	struct vpdn_reader r;

	if (verify.next_recv)
		verify.next_recv(frame, len);
	if (!verify.active || verify.answered || !vpdn_ppp_packet_parse(frame, len, &p) ||
	    p.protocol != VPDN_PROTO_LCP || p.code != ECHOREP || p.id != verify.id)
		return;
	vpdn_reader_init(&r, p.body, p.body_len);
	vpdn_reader_u32(&r, &verify.got);
	if (r.bad)
		return;
	verify.answered = true;
	vpdn_ppp_untimeout(over, NULL);
	vpdn_ppp_timeout(over, NULL, 0, 0);	/* pppd has yet to look at the packet */
}

void vpdn_lns_verify_init(void)
{
	verify.next_recv = snoop_recv_hook;
	snoop_recv_hook = saw_received;
}

void vpdn_lns_verify_start(unsigned int seconds, void (*done)(const char *fault))
{
	const lcp_options *go = &lcp_gotoptions[0], *ho = &lcp_hisoptions[0];
	fsm *f = &lcp_fsm[0];
	struct vpdn_writer w;
	uint8_t magic[4];

	verify.active = true;
	verify.answered = false;
	verify.seconds = seconds;
	verify.done = done;
	verify.expected = ho->neg_magicnumber ? ho->magicnumber : 0;
	verify.id = ++f->id;
	f->seen_ack = 1;	/* a late Configure-Ack answers nothing of ours */
	f->state = OPENED;
	vpdn_writer_init(&w, magic, sizeof(magic));
	vpdn_writer_u32(&w, go->neg_magicnumber ? go->magicnumber : 0);
	fsm_sdata(f, ECHOREQ, verify.id, magic, sizeof(magic));
	vpdn_ppp_timeout(over, NULL, (int)seconds, 0);
}

bool vpdn_lns_verify_cancel(void)
{
	if (!verify.active)
		return false;
	verify.active = false;
	vpdn_ppp_untimeout(over, NULL);
	return true;
}
