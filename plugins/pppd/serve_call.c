/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * serve_call.c - see serve_call.h; called by vpdn-serve.c.
 *
 * The call's connection works both ways: what becomes of PPP is said on it
 * (CALL_STARTED to CALL_ENDED), and its end is the session's end (conn_watch.c).
 *
 * A link's end is not always the process's.  In a multilink bundle the pppd of the first
 * link keeps the interface, and stays in its PHASE_MASTER until the last link is gone.
 * SIGTERM would end that too: pppd 2.4.9 main.c sets bundle_terminating for it and
 * destroys the bundle, with a SIGHUP to the other links' pppd.  SIGHUP ends the link only,
 * and without "persist" the process with it when there is no bundle.
 *
 * A call with CONNECT_LATER is one that the peer has asked for and not yet connected:
 * pppd starts meanwhile, attaches to the channel, for which the kernel makes it wait (RCU,
 * in PPPIOCGCHAN), makes its unit, and only then waits for CALL_CONNECTED; LCP comes next.
 */
#include "serve_call.h"

#include <net/if.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "conn_watch.h"
#include "plugin_common.h"
#include "serve_bundle.h"
#include "serve_cause.h"
#include "serve_line.h"
#include "serve_scripts.h"
#include "text.h"

#define PPPOE_MTU		1492	/* RFC 2516 section 7 */
#define PPPOE_OVERHEAD		8	/* RFC 4638 section 2: of the Ethernet MTU */
#define OPTION_WORDS_MAX	256

static struct {
	struct vpdn_ipc_msg *msg;	/* CALL_START; NULL: this process is no template's child */
	uint8_t access;			/* enum vpdn_access_kind */
	pid_t pid;
	bool handed_over;
	bool ended_said;
	int (*next_phase)(int);
	void (*next_join)(void);
} call;

/* Used by the signal handler too. */
static volatile sig_atomic_t running;		/* pppd's own handlers are installed */
static volatile sig_atomic_t close_asked;
static char close_text[128];			/* written before close_asked is set */
static volatile sig_atomic_t connect_later;	/* CALL_CONNECTED is awaited */

/* ---- the connection: towards the requester ---- */

static void say(struct vpdn_ipc_builder *b)
{
	int rc = vpdn_conn_send(b);

	if (rc < 0 && rc != -EPIPE && rc != -ECONNRESET)
		warn("vpdn: cannot tell the requester: %s", strerror(-rc));
}

static void put_end(struct vpdn_ipc_builder *b, const struct vpdn_end *end)
{
	vpdn_ipc_put_text(b, VPDN_TLV_TEXT, end->text);
	if (end->cause.code == VPDN_PPP_CAUSE_NONE)
		return;
	vpdn_ipc_put_u16(b, VPDN_TLV_DISC_CODE, end->cause.code);
	vpdn_ipc_put_u16(b, VPDN_TLV_DISC_PROTO, end->cause.protocol);
	vpdn_ipc_put_u8(b, VPDN_TLV_DISC_DIRECTION, end->cause.direction);
}

static void say_started(void)
{
	struct vpdn_ipc_builder b;

	vpdn_ipc_begin(&b, VPDN_MSG_CALL_STARTED, VPDN_IPC_F_REPLY, call.msg->seq);
	vpdn_ipc_put_u32(&b, VPDN_TLV_PID, (uint32_t)call.pid);
	say(&b);
}

void vpdn_call_info(const char *text)
{
	struct vpdn_ipc_builder b;

	vpdn_ipc_begin(&b, VPDN_MSG_CALL_INFO, 0, 0);
	vpdn_ipc_put_text(&b, VPDN_TLV_TEXT, text);
	say(&b);
}

/* A network protocol has come up, or the link has joined a bundle. */
static void say_up(void)
{
	struct in_addr local = { ipcp_gotoptions[0].ouraddr }, remote = { ipcp_hisoptions[0].hisaddr };
	struct vpdn_ipc_builder b;
	char name[MAXNAMELEN + 1] = "";

	vpdn_ppp_peer_name(name, sizeof(name));
	vpdn_ipc_begin(&b, VPDN_MSG_CALL_UP, 0, 0);
	vpdn_ipc_put_text(&b, VPDN_TLV_IFNAME, vpdn_ppp_ifname());
	if (name[0])
		vpdn_ipc_put_text(&b, VPDN_TLV_USER, name);
	if (ipcp_fsm[0].state == OPENED) {
		vpdn_ipc_put_ip4(&b, VPDN_TLV_LOCAL_IP, local);
		vpdn_ipc_put_ip4(&b, VPDN_TLV_REMOTE_IP, remote);
	}
	vpdn_bundle_put(&b);
	say(&b);
}

static void protocol_up(void *ctx, int arg)
{
	(void)ctx;
	(void)arg;
	say_up();
}

static void joined_bundle(void)
{
	if (call.next_join)
		call.next_join();
	say_up();
}

static void say_ending(const struct vpdn_end *end)
{
	struct vpdn_ipc_builder b;

	if (call.handed_over)
		return;
	notice("vpdn: PPP is over: %s", end->text);
	vpdn_ipc_begin(&b, VPDN_MSG_CALL_ENDING, 0, 0);
	put_end(&b, end);
	say(&b);
}

/* pppd leaves by exit() in every case; scripts are run in forks, which are not this call's process. */
static void at_exit(int status, void *arg)
{
	struct vpdn_ipc_builder b;

	(void)arg;
	if (getpid() != call.pid || call.ended_said)
		return;
	call.ended_said = true;
	vpdn_ipc_begin(&b, VPDN_MSG_CALL_ENDED, 0, 0);
	vpdn_ipc_put_u32(&b, VPDN_TLV_STATUS, (uint32_t)status);
	put_end(&b, vpdn_cause_get(status));
	say(&b);
}

/* ---- the connection: from the requester ---- */

/* In the signal handler: what the call's message says, and then what this one does. */
static void connected(const struct vpdn_ipc_msg *m)
{
	size_t len = m->len - VPDN_IPC_HEADER_LEN;

	if (!connect_later)
		return;
	if (len > sizeof(call.msg->buf) - call.msg->len) {
		vpdn_conn_hang_up();
		return;
	}
	memcpy(call.msg->buf + call.msg->len, m->buf + VPDN_IPC_HEADER_LEN, len);
	call.msg->len += len;
	connect_later = 0;
}

/* In the signal handler. */
static void message_came(const struct vpdn_ipc_msg *m)
{
	if (m->type == VPDN_MSG_CALL_CONNECTED)
		connected(m);
	if (m->type != VPDN_MSG_CALL_CLOSE || close_asked)
		return;
	vpdn_ipc_get_text(m, VPDN_TLV_TEXT, close_text, sizeof(close_text));
	close_asked = 1;
	if (running)
		kill(call.pid, SIGHUP);
	else
		vpdn_conn_hang_up();
}

/* ---- for the other plugins (serve_api.h) ---- */

const struct vpdn_ipc_msg *vpdn_call_message(void)
{
	return call.msg;
}

void vpdn_call_forget_credentials(void)
{
	const uint8_t *p;
	size_t len;

	if (vpdn_ipc_get_bytes(call.msg, VPDN_TLV_PROXY_AUTH_RESPONSE, &p, &len))
		explicit_bzero(call.msg->buf + (p - call.msg->buf), len);
}

int vpdn_call_hand_over(void)
{
	struct vpdn_ipc_builder b;
	int rc;

	vpdn_ipc_begin(&b, VPDN_MSG_CALL_HANDED_OVER, 0, 0);
	rc = vpdn_conn_send(&b);
	if (rc < 0)
		return rc;
	call.handed_over = true;
	return vpdn_conn_take();
}

/* ---- what a pppd of its own would have ---- */

/* The template's generator is in the same state for every child. */
static void own_random_numbers(void)
{
	unsigned short seed[3];

	if (getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		fatal("vpdn: getrandom: %m");
	seed48(seed);
}

/* Options of the requester, as if they came last on the command line. */
static void parse_options(void)
{
	char *argv[OPTION_WORDS_MAX + 1], line[256];
	struct vpdn_ipc_builder b;
	struct vpdn_ipc_iter it;
	struct vpdn_text t;
	const uint8_t *p;
	size_t len;
	int argc = 0;

	vpdn_text_init(&t, line, sizeof(line));
	vpdn_ipc_iter_init(&it, call.msg);
	while (vpdn_ipc_next_of(&it, VPDN_TLV_OPTION, &p, &len)) {
		vpdn_text_add(&t, argc ? " " : "");
		vpdn_text_add_escaped(&t, p, len);
		if (argc == OPTION_WORDS_MAX || memchr(p, '\0', len))
			goto refused;
		argv[argc] = strndup((const char *)p, len);	/* pppd keeps pointers to them */
		if (!argv[argc++])
			novm("call options");
	}
	argv[argc] = NULL;
	if (parse_args(argc, argv))
		return;
refused:
	error("vpdn: the call's options are not valid: %s", line);
	vpdn_ipc_begin(&b, VPDN_MSG_ERROR, VPDN_IPC_F_REPLY, call.msg->seq);
	vpdn_ipc_put_u32(&b, VPDN_TLV_ERRNO, EINVAL);
	vpdn_ipc_put_text(&b, VPDN_TLV_TEXT, "pppd does not accept the options of the call");
	say(&b);
	call.ended_said = true;
	exit(EXIT_OPTION_ERROR);
}

/* Calling number, when the requester did not give it as an option: radius.so and scripts use it. */
static void set_remote_number(void)
{
	const uint8_t *p;
	size_t len;

	if (remote_number[0])
		return;
	if (vpdn_ipc_get_bytes(call.msg, VPDN_TLV_PEER_MAC, &p, &len) && len == 6)
		snprintf(remote_number, MAXNAMELEN, "%02X:%02X:%02X:%02X:%02X:%02X", p[0], p[1], p[2], p[3], p[4], p[5]);
	else
		vpdn_serve_line_calling(call.msg, remote_number, MAXNAMELEN);
}

/* What rp-pppoe.so sets. */
static void set_pppoe(void)
{
	char line[IFNAMSIZ] = "", name[128];
	uint16_t session = 0;
	struct vpdn_text t;

	vpdn_ipc_get_text(call.msg, VPDN_TLV_ACCESS_INTERFACE, line, sizeof(line));
	vpdn_ipc_get_u16(call.msg, VPDN_TLV_PPPOE_SESSION, &session);
	set_remote_number();
	if (line[0])
		strlcpy(devnam, line, IFNAMSIZ);	/* DEVICE for the scripts */
	if (remote_number[0])
		vpdn_ppp_setenv("MACREMOTE", remote_number);
	vpdn_ppp_set_session_number(session);
	vpdn_text_init(&t, name, sizeof(name));
	vpdn_text_add(&t, "%s (%s, session %u)", line[0] ? line : "PPPoE", remote_number, session);
	vpdn_ppp_set_channel_name(name);
}

static void set_l2tp(void)
{
	uint16_t tunnel = 0, session = 0;
	char peer[64] = "", name[128];

	vpdn_ipc_get_u16(call.msg, VPDN_TLV_TUNNEL_ID, &tunnel);
	vpdn_ipc_get_u16(call.msg, VPDN_TLV_SESSION_ID, &session);
	vpdn_ipc_get_text(call.msg, VPDN_TLV_PEER_NAME, peer, sizeof(peer));
	set_remote_number();
	snprintf(name, sizeof(name), "L2TP %u/%u%s%s", tunnel, session, peer[0] ? " of " : "", peer);
	vpdn_ppp_set_channel_name(name);
}

static int phase_changed(int phase)
{
	struct vpdn_ppp_cause c = { .code = VPDN_PPP_CAUSE_ADMIN, .direction = VPDN_PPP_DIR_GLOBAL };

	/* lcp_close() comes here before it sends anything */
	if (phase == PHASE_TERMINATE && close_asked)
		vpdn_cause_set(&c, close_text[0] ? close_text : "closed by the requester");
	return call.next_phase ? call.next_phase(phase) : 0;
}

void vpdn_call_begin(struct vpdn_ipc_msg *msg, int conn)
{
	uint8_t later = 0;

	call.msg = msg;
	call.pid = getpid();
	if (vpdn_conn_open(conn, vpdn_ipc_take_fd(msg, 0), message_came) < 0 || vpdn_conn_session() < 0)
		fatal("vpdn: the call has no session: %m");
	vpdn_ipc_get_u8(msg, VPDN_TLV_ACCESS, &call.access);
	vpdn_ipc_get_u8(msg, VPDN_TLV_CONNECT_LATER, &later);
	connect_later = later;

	setsid();	/* pppd signals its process group */
	own_random_numbers();
	on_exit(at_exit, NULL);
	vpdn_cause_watch(say_ending);
	vpdn_bundle_watch();
	vpdn_scripts_watch();
	call.next_phase = new_phase_hook;
	new_phase_hook = phase_changed;
	vpdn_ppp_on_ip_up(protocol_up);
	vpdn_ppp_on_ipv6_up(protocol_up);
	call.next_join = multilink_join_hook;
	multilink_join_hook = joined_bundle;

	parse_options();
	if (call.access == VPDN_ACCESS_L2TP)
		set_l2tp();
	else
		set_pppoe();
	say_started();
	if (vpdn_conn_watch() < 0)
		fatal("vpdn: cannot watch the call's connection: %m");
}

/* ---- the channel ---- */

static void limit_mru(int limit)
{
	if (lcp_allowoptions[0].mru > limit)
		lcp_allowoptions[0].mru = limit;
	if (lcp_wantoptions[0].mru > limit)
		lcp_wantoptions[0].mru = limit;
}

/* RFC 2516's 1492, what PPP-Max-Payload (RFC 4638) allows, and never more than the interface. */
static int pppoe_limit(void)
{
	struct ifreq ifr;
	uint16_t payload = PPPOE_MTU;
	int limit, s;

	vpdn_ipc_get_u16(call.msg, VPDN_TLV_PPP_MAX_PAYLOAD, &payload);
	limit = payload > PPPOE_MTU ? payload : PPPOE_MTU;
	memset(&ifr, 0, sizeof(ifr));
	strlcpy(ifr.ifr_name, devnam, sizeof(ifr.ifr_name));
	s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s < 0)
		return limit;
	if (ioctl(s, SIOCGIFMTU, &ifr) == 0 && ifr.ifr_mtu - PPPOE_OVERHEAD < limit)
		limit = ifr.ifr_mtu - PPPOE_OVERHEAD;
	close(s);
	return limit;
}

void vpdn_call_check_options(void)
{
	vpdn_channel_options(call.access == VPDN_ACCESS_L2TP);
	if (call.access != VPDN_ACCESS_L2TP)
		limit_mru(pppoe_limit());
}

int vpdn_call_connect(void)
{
	running = 1;
	if (close_asked)	/* it came while pppd was starting */
		return -1;
	if (vpdn_conn_session() < 0) {
		info("vpdn: the call ended before pppd had started");
		vpdn_ppp_set_status(EXIT_HANGUP);
		return -1;
	}
	return vpdn_conn_session();
}

/* False when the call ends before. pppd's handlers of signals only set flags, which end the wait. */
static bool await_connected(void)
{
	static const int awaited[] = { SIGURG, SIGTERM, SIGINT, SIGHUP };
	sigset_t block, before;
	size_t i;

	sigemptyset(&block);
	for (i = 0; i < sizeof(awaited) / sizeof(awaited[0]); i++)
		sigaddset(&block, awaited[i]);
	sigprocmask(SIG_BLOCK, &block, &before);
	while (connect_later && !close_asked && vpdn_conn_session() >= 0 && !got_sigterm && !got_sighup)
		sigsuspend(&before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return !connect_later;
}

int vpdn_call_establish(int session)
{
	int ppp = vpdn_ppp_establish(session);

	if (ppp < 0)
		return ppp;
	if (!await_connected()) {
		info("vpdn: the call ended before it was connected");
		vpdn_ppp_disestablish(session);
		return -1;
	}
	vpdn_serve_line_export(call.msg);
	return ppp;
}

void vpdn_call_disconnect(void)
{
	if (connect_later)	/* pppd takes it for a fatal error */
		vpdn_ppp_set_status(EXIT_HANGUP);
	vpdn_conn_close_session();
}
