/* SPDX-License-Identifier: GPL-2.0-or-later */
/* calls.c - see calls.h. */
#include "calls.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "ping.h"
#include "report.h"
#include "text.h"

#define PING_INTERVAL	NS_PER_S
#define PINGS		5

static void fill(struct run *r);
static void release_more(struct run *r);

bool pattern_fill(const char *pattern, unsigned int number, char *buf, size_t size)
{
	const char *mark = strchr(pattern, '%');
	struct vpdn_text t;

	if (mark && (mark[1] != 'd' || strchr(mark + 1, '%')))
		return false;
	vpdn_text_init(&t, buf, size);
	if (mark)
		vpdn_text_add(&t, "%.*s%u%s", (int)(mark - pattern), pattern, number, mark + 2);
	else
		vpdn_text_add(&t, "%s", pattern);
	return t.len + 1 < size;
}

void call_stamp(struct call *c, enum stage s)
{
	c->stage[s] = now_ns();
}

/* ---- the run's course ---- */

static void begin_release(struct run *r)
{
	if (r->releasing_now)
		return;
	r->releasing_now = true;
	timer_stop(&r->loop, &r->holding);
	r->release_begin = r->release_end = now_ns();
	release_more(r);
}

static void hold_over(void *arg)
{
	begin_release(arg);
}

/* Every call is up or has failed, and has answered its ping or never will. */
static void set_up_over(struct run *r)
{
	if (r->set_up_done || r->settled < r->n || r->pinging)
		return;
	r->set_up_done = true;
	fprintf(stderr, "vpdn-load: %u of %u calls are up\n", r->up, r->n);
	if (r->ready)
		report_ready(r);
	if (r->told || !r->hold)
		begin_release(r);
	else if (r->hold > 0)
		timer_start(&r->loop, &r->holding, r->hold);
}

static void settle(struct call *c)
{
	struct run *r = c->run;

	timer_stop(&r->loop, &c->limit);
	r->under_way--;
	r->settled++;
}

static void fill(struct run *r)
{
	if (r->filling)		/* a call can fail while it is started: the loop below is the only one that starts calls */
		return;
	r->filling = true;
	while (!r->told && !r->broken && r->started < r->n && r->under_way < r->at_once) {
		struct call *c = &r->calls[r->started++];

		r->under_way++;
		c->state = CALL_LOWER;
		timer_start(&r->loop, &c->limit, r->call_timeout);
		call_stamp(c, STAGE_START);
		r->bearer->start(c);
	}
	r->filling = false;
	if ((r->told || r->broken) && r->started < r->n) {
		for (; r->started < r->n; r->started++, r->settled++, r->failed++) {
			struct call *c = &r->calls[r->started];

			c->failed = true;
			c->state = CALL_GONE;
			snprintf(c->reason, sizeof(c->reason), "%s", r->broken ? r->broken : "not started: told to stop");
		}
	}
	set_up_over(r);
}

void run_ready(struct run *r)
{
	fill(r);
}

void run_broken(struct run *r, const char *why)
{
	r->broken = why;
	fill(r);
}

void run_over(struct run *r)
{
	r->loop.over = true;
}

static void released_all(struct run *r)
{
	if (!r->releasing_now || r->release_next < r->n || r->releasing)
		return;
	if (r->release == RELEASE_NONE)
		run_over(r);
	else
		r->bearer->finish(r);
}

static void release_more(struct run *r)
{
	if (r->filling)		/* a release may be over at once */
		return;
	r->filling = true;
	while (r->release_next < r->n && r->releasing < r->release_at_once) {
		struct call *c = &r->calls[r->release_next++];

		if (c->state != CALL_OPEN)
			continue;
		c->state = CALL_RELEASING;
		timer_stop(&r->loop, &c->limit);
		r->releasing++;
		r->released++;
		if (r->release == RELEASE_TERMINATE)
			ppp_terminate(&c->ppp);
		else if (r->release == RELEASE_NONE)
			call_released(c, false);
		else
			r->bearer->release(c);
	}
	r->filling = false;
	released_all(r);
}

void call_released(struct call *c, bool confirmed)
{
	struct run *r = c->run;

	if (c->state != CALL_RELEASING)
		return;
	c->state = CALL_GONE;
	timer_stop(&r->loop, &c->timer);
	r->releasing--;
	r->confirmed += confirmed;
	r->release_end = now_ns();
	release_more(r);
}

/* ---- a call ---- */

static void ping_over(struct call *c)
{
	c->ping_sent = 0;
	c->run->pinging--;
	timer_stop(&c->run->loop, &c->limit);
}

static void ping(struct call *c)
{
	uint8_t packet[PING_LEN];
	in_addr_t to = c->run->ping_address ? c->run->ping_address : htonl(c->ppp.peer_address);

	c->ping_sent = now_ns();
	c->pings_left--;
	ping_request(packet, htonl(c->ppp.address), to, (uint16_t)c->index);
	c->run->bearer->send(c, PPP_IP, packet, sizeof(packet));
	timer_start(&c->run->loop, &c->limit, PING_INTERVAL);
}

static void opened(struct call *c)
{
	struct run *r = c->run;

	if (c->came_up)
		return;		/* after a new negotiation */
	call_stamp(c, STAGE_IPCP);
	c->came_up = true;
	c->state = CALL_OPEN;
	r->up++;
	settle(c);
	if (!r->no_ping) {
		r->pinging++;
		c->pings_left = PINGS;
		ping(c);
	}
	fill(r);
}

void call_failed(struct call *c, const char *why)
{
	struct run *r = c->run;
	bool was_open = c->state == CALL_OPEN;

	if (c->state == CALL_GONE)
		return;
	if (c->state == CALL_RELEASING) {
		call_released(c, true);		/* it was gone before we were: as good */
		return;
	}
	if (!c->reason[0])
		snprintf(c->reason, sizeof(c->reason), "%s", why);
	c->state = CALL_GONE;
	timer_stop(&r->loop, &c->timer);
	if (was_open) {
		c->ended = true;
		if (c->ping_sent)
			ping_over(c);
		if (!c->answered && !r->no_ping)
			c->unanswered = true;
		set_up_over(r);
		return;
	}
	c->failed = true;
	r->failed++;
	settle(c);
	fill(r);
}

/* What a call still waits for that has come so far. */
static const char *missing(const struct call *c)
{
	static const char *const texts[STAGES] = {
		[STAGE_PADO] = "no PADS",
		[STAGE_PADS] = "LCP does not open",
		[STAGE_ICRP] = "ICCN could not be sent",
		[STAGE_ICCN] = "LCP does not open",
		[STAGE_FRAME] = "LCP does not open",
		[STAGE_LCP] = "no challenge",
		[STAGE_CREDENTIALS] = "the credentials are not answered",
		[STAGE_SUCCESS] = "IPCP does not open",
	};
	enum stage last = STAGE_START;

	for (enum stage s = STAGE_START; s < STAGES; s++)
		if (c->stage[s])
			last = s;
	return texts[last] ? texts[last] : c->run->bearer->first_answer;
}

/* The set-up has taken too long, or a ping is not answered. */
static void limit(void *arg)
{
	struct call *c = arg;

	if (c->state != CALL_OPEN) {
		c->run->bearer->abandon(c);
		call_failed(c, missing(c));
	} else if (c->pings_left) {
		c->run->counts[COUNT_PING]++;
		ping(c);
	} else {
		c->unanswered = true;
		ping_over(c);
		set_up_over(c->run);
	}
}

static void timer(void *arg)
{
	struct call *c = arg;

	if (c->state == CALL_LOWER)
		c->run->bearer->timeout(c);
	else if (c->state != CALL_RELEASING || c->run->release == RELEASE_TERMINATE)
		ppp_timeout(&c->ppp);
}

void call_lower_up(struct call *c)
{
	timer_stop(&c->run->loop, &c->timer);
	c->state = CALL_PPP;
}

void call_input(struct call *c, uint16_t protocol, const uint8_t *packet, size_t len)
{
	if (!c->stage[STAGE_FRAME])
		call_stamp(c, STAGE_FRAME);
	if (protocol != PPP_IP) {
		ppp_input(&c->ppp, protocol, packet, len);
	} else if (c->ping_sent && ping_answers(packet, len, htonl(c->ppp.address), (uint16_t)c->index)) {
		c->ping_rtt = now_ns() - c->ping_sent;
		c->answered = true;
		ping_over(c);
		set_up_over(c->run);
	}
}

/* ---- from the engine ---- */

static void engine_send(void *owner, uint16_t protocol, const uint8_t *packet, size_t len)
{
	struct call *c = owner;

	c->run->bearer->send(c, protocol, packet, len);
}

static void engine_timer(void *owner, int64_t after)
{
	struct call *c = owner;

	if (after < 0)
		timer_stop(&c->run->loop, &c->timer);
	else
		timer_start(&c->run->loop, &c->timer, after);
}

static void engine_event(void *owner, enum ppp_event event)
{
	struct call *c = owner;

	switch (event) {
	case PPP_LCP_OPEN:
		c->renegotiated |= c->stage[STAGE_LCP] || c->run->proxy;
		call_stamp(c, STAGE_LCP);
		break;
	case PPP_CREDENTIALS_SENT:
		call_stamp(c, STAGE_CREDENTIALS);
		break;
	case PPP_AUTHENTICATED:
		call_stamp(c, STAGE_SUCCESS);
		break;
	case PPP_IPCP_OPEN:
		opened(c);
		break;
	case PPP_OVER:
		c->run->bearer->abandon(c);
		call_failed(c, "the link is over");
		break;
	case PPP_TERMINATED:
		c->run->bearer->abandon(c);
		call_released(c, !c->reason[0]);
		break;
	}
}

/* ---- the whole ---- */

static void on_signal(void *arg)
{
	struct signalfd_siginfo s;
	struct run *r = arg;

	if (read(r->signals.fd, &s, sizeof(s)) != sizeof(s))
		return;
	if (r->told && s.ssi_signo != SIGUSR1) {
		run_over(r);
		return;
	}
	r->told = true;
	if (!r->set_up_done)
		fill(r);		/* those under way come to their end first */
	else
		begin_release(r);
}

static int watch_signals(struct run *r)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	r->signals = (struct watch){ signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), on_signal, r };
	return r->signals.fd < 0 ? -errno : loop_watch(&r->loop, &r->signals);
}

int run_calls(struct run *r)
{
	unsigned int unanswered = 0;
	int rc;

	r->ppp.send = engine_send;
	r->ppp.timer = engine_timer;
	r->ppp.event = engine_event;
	r->holding = (struct timer){ .fn = hold_over, .arg = r };
	r->calls = calloc(r->n, sizeof(*r->calls));
	r->tunnel_times = calloc(r->tunnels ? r->tunnels : 1, sizeof(*r->tunnel_times));
	rc = r->calls && r->tunnel_times ? loop_init(&r->loop) : -ENOMEM;
	if (!rc)
		rc = watch_signals(r);
	if (rc) {
		fprintf(stderr, "vpdn-load: cannot begin: %s\n", strerror(-rc));
		return 2;
	}
	for (unsigned int i = 0; i < r->n; i++) {
		struct call *c = &r->calls[i];

		*c = (struct call){ .run = r, .index = i, .timer = { .fn = timer, .arg = c }, .limit = { .fn = limit, .arg = c } };
		pattern_fill(r->user, r->first + i, c->user, sizeof(c->user));
		ppp_init(&c->ppp, &r->ppp, c, c->user, c->reason);
	}
	rc = r->bearer->open(r);
	if (rc)
		return 2;
	rc = loop_run(&r->loop);
	if (rc)
		fprintf(stderr, "vpdn-load: waiting for events: %s\n", strerror(-rc));
	report_print(r, stdout);
	for (unsigned int i = 0; i < r->n; i++)
		unanswered += r->calls[i].unanswered;
	r->bearer->close(r);
	close(r->signals.fd);
	loop_free(&r->loop);
	free(r->calls);
	free(r->tunnel_times);
	return rc ? 2 : r->failed || unanswered || r->up < r->n;
}
