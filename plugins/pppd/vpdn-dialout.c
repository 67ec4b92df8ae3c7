/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpdn-dialout.c - the LNS's side of dial-out: a channel whose connect() has a LAC call a
 * number, and that runs PPP on the L2TP session of that call (RFC 2661 section 5.2.2).
 *
 *	plugin vpdn-dialout.so vpdn-group NAME vpdn-number NUMBER
 *
 * Loading it changes nothing; vpdn-group or vpdn-number does.  pppd dials when its own
 * options say so (demand, persist, holdoff, maxfail), connect() asks vpdnd
 * (dialout_ask.c), and the connection to vpdnd is the call from then on: closing it has
 * the LAC hang up, its end is a hangup for pppd (conn_watch.c).
 */
#include "pppd_compat.h"

#include <limits.h>
#include <signal.h>

#include "conn_watch.h"
#include "dialout_ask.h"
#include "plugin_common.h"

VPDN_PLUGIN_VERSION;

#define ACCM_ALL	0xffffffffu	/* what holds at the LAC without SLI: RFC 2661 section 4.4.6 */

enum { SYNCHRONOUS = 1, ASYNCHRONOUS = 2 };	/* AVP 19 */

static struct vpdn_dialout_wish wish;	/* pppd frees a former value of a string: no literals */

static struct {
	bool async;				/* the dialled line is asynchronous */
	uint32_t send_accm, recv_accm;		/* what the LAC has been told */
	uint32_t new_send_accm;
} line;
static bool negotiate_asyncmap;

static u_int32_t our_address;				/* while it is hidden: hide_our_address() */
static int (*check_peer_address)(u_int32_t addr);	/* another plugin's */

/* Written by the signal handler before the session is hung up. */
static struct vpdn_dialout_end end;
static volatile sig_atomic_t ended;

static int set_group(char **argv);
static int set_number(char **argv);
static int set_bearer(char **argv);
static int set_framing(char **argv);

static option_t options[] = {
	{ .name = "vpdn-group", .type = o_special, .addr = (void *)set_group,
	  .description = "Group of vpdn.conf whose LACs place the call", .flags = OPT_PRIV },
	{ .name = "vpdn-number", .type = o_special, .addr = (void *)set_number,
	  .description = "Number to call", .flags = OPT_PRIV },
	{ .name = "vpdn-sub-address", .type = o_string, .addr = &wish.sub_address,
	  .description = "Sub-address to call", .flags = OPT_PRIV },
	{ .name = "vpdn-min-bps", .type = o_int, .addr = &wish.min_bps,
	  .description = "Lowest acceptable line speed, bit/s", .flags = OPT_PRIV | OPT_LLIMIT, .lower_limit = 1 },
	{ .name = "vpdn-max-bps", .type = o_int, .addr = &wish.max_bps,
	  .description = "Highest acceptable line speed, bit/s", .flags = OPT_PRIV | OPT_LLIMIT, .lower_limit = 1 },
	{ .name = "vpdn-bearer", .type = o_special, .addr = (void *)set_bearer,
	  .description = "digital, analogue or any", .flags = OPT_PRIV },
	{ .name = "vpdn-framing", .type = o_special, .addr = (void *)set_framing,
	  .description = "synchronous, asynchronous or any", .flags = OPT_PRIV },
	{ .name = "vpdn-dial-timeout", .type = o_int, .addr = &wish.timeout_s,
	  .description = "Seconds until the call must be connected",
	  .flags = OPT_PRIV | OPT_LIMITS, .upper_limit = VPDN_DIALOUT_TIMEOUT_MAX_S, .lower_limit = 1 },
	{ .name = "vpdn-socket", .type = o_string, .addr = &wish.socket_path,
	  .description = "Socket of vpdnd", .flags = OPT_PRIV },
	{ .name = NULL }
};

/* ---- the connection to vpdnd, while the call is up ---- */

/* In a signal handler. */
static void message_came(const struct vpdn_ipc_msg *m)
{
	if (m->type != VPDN_MSG_DIAL_OVER || ended)
		return;
	vpdn_dialout_end_get(m, &end);
	ended = 1;
	vpdn_conn_hang_up();
}

static void say(struct vpdn_ipc_builder *b)
{
	int rc = vpdn_conn_send(b);

	if (rc < 0 && rc != -EPIPE && rc != -ECONNRESET)
		warn("vpdn: cannot tell vpdnd: %s", strerror(-rc));
}

/*
 * Debian's pppd writes our address as the source into every packet that has waited for the
 * call (demand), also of hosts behind us: the answer would never reach them.  It leaves the
 * packets alone when it does not know an address, so ours is out of sight between the check of
 * the peer's, the step before in ipcp_up(), and the news that IPCP is up.
 */
static int hide_our_address(u_int32_t addr)
{
	ipcp_options *got = &ipcp_gotoptions[0], *wanted = &ipcp_wantoptions[0];
	int verdict = check_peer_address ? check_peer_address(addr) : -1;

	if (verdict != 0 && demand && ipcp_fsm[0].state == OPENED && got->ouraddr == wanted->ouraddr &&
	    ipcp_hisoptions[0].hisaddr == wanted->hisaddr) {
		our_address = got->ouraddr;
		got->ouraddr = wanted->ouraddr = 0;
	}
	return verdict;
}

static void show_our_address(void)
{
	if (our_address)
		ipcp_gotoptions[0].ouraddr = ipcp_wantoptions[0].ouraddr = our_address;
	our_address = 0;
}

/* IPCP or IPV6CP is up.  pppd may have detached itself just now. */
static void protocol_up(void *ctx, int arg)
{
	struct in_addr local, remote = { ipcp_hisoptions[0].hisaddr };
	struct vpdn_ipc_builder b;
	char name[MAXNAMELEN + 1] = "";

	(void)ctx;
	(void)arg;
	show_our_address();
	local.s_addr = ipcp_gotoptions[0].ouraddr;
	if (vpdn_conn_watch() < 0)
		warn("vpdn: cannot watch the connection to vpdnd: %m");
	vpdn_ppp_peer_name(name, sizeof(name));
	if (!name[0])	/* it was not asked for it: who it should be */
		strlcpy(name, vpdn_ppp_remote_name(), sizeof(name));
	vpdn_ipc_begin(&b, VPDN_MSG_DIAL_UP, 0, 0);
	vpdn_ipc_put_text(&b, VPDN_TLV_IFNAME, vpdn_ppp_ifname());
	vpdn_ipc_put_u32(&b, VPDN_TLV_PID, (uint32_t)getpid());
	if (name[0])
		vpdn_ipc_put_text(&b, VPDN_TLV_USER, name);
	if (ipcp_fsm[0].state == OPENED) {
		vpdn_ipc_put_ip4(&b, VPDN_TLV_LOCAL_IP, local);
		vpdn_ipc_put_ip4(&b, VPDN_TLV_REMOTE_IP, remote);
	}
	say(&b);
}

/* ---- what scripts are told ---- */

static void set_text(char *name, char *value)
{
	if (value[0])
		vpdn_ppp_setenv(name, value);
	else
		vpdn_ppp_unsetenv(name);
}

/* The value of a TLV of the kind u32 or u16. */
static void set_value(char *name, const struct vpdn_ipc_msg *m, uint16_t tlv)
{
	char text[16] = "";
	uint32_t number;
	uint16_t half;

	if (vpdn_ipc_get_u32(m, tlv, &number))
		snprintf(text, sizeof(text), "%u", number);
	else if (vpdn_ipc_get_u16(m, tlv, &half))
		snprintf(text, sizeof(text), "%u", half);
	set_text(name, text);
}

static void describe_call(const struct vpdn_ipc_msg *m)
{
	uint32_t tx = 0, framing = 0;
	uint16_t tunnel = 0, session = 0;
	char lac[512] = "", text[256] = "", name[256];

	vpdn_ipc_get_u32(m, VPDN_TLV_TX_SPEED, &tx);
	vpdn_ipc_get_u32(m, VPDN_TLV_FRAMING_TYPE, &framing);
	vpdn_ipc_get_text(m, VPDN_TLV_TEXT, text, sizeof(text));
	vpdn_ipc_get_text(m, VPDN_TLV_PEER_NAME, lac, sizeof(lac));
	line.async = (framing & ASYNCHRONOUS) && !(framing & SYNCHRONOUS);
	notice("vpdn: %s", text);

	baud_rate = tx > INT_MAX ? INT_MAX : (int)tx;	/* "speed" of ip-up and ip-down */
	set_value("SPEED", m, VPDN_TLV_TX_SPEED);
	set_value("VPDN_RX_SPEED", m, VPDN_TLV_RX_SPEED);
	set_text("VPDN_FRAMING", line.async ? "asynchronous" : "synchronous");
	set_text("VPDN_GROUP", wish.group);
	set_text("VPDN_NUMBER", wish.number);
	set_text("VPDN_LAC", lac);
	set_value("VPDN_TUNNEL", m, VPDN_TLV_TUNNEL_ID);
	set_value("VPDN_SESSION", m, VPDN_TLV_SESSION_ID);
	vpdn_ipc_get_u16(m, VPDN_TLV_TUNNEL_ID, &tunnel);
	vpdn_ipc_get_u16(m, VPDN_TLV_SESSION_ID, &session);
	snprintf(name, sizeof(name), "L2TP %u/%u to %s", tunnel, session, wish.number);
	vpdn_ppp_set_channel_name(name);
}

/* ---- the channel ---- */

static void check_call_options(void)
{
	if (!wish.group || !wish.number)
		vpdn_ppp_option_error("a call through a LAC needs both options vpdn-group and vpdn-number");
	else if (wish.min_bps && wish.max_bps && wish.min_bps > wish.max_bps)
		vpdn_ppp_option_error("vpdn-min-bps is above vpdn-max-bps");
	else {
		negotiate_asyncmap = lcp_allowoptions[0].neg_asyncmap;	/* what default-asyncmap clears */
		vpdn_channel_options(true);
		lcp_allowoptions[0].neg_asyncmap = negotiate_asyncmap;
		return;
	}
	exit(EXIT_OPTION_ERROR);
}

static int dial(void)
{
	static struct vpdn_ipc_msg connected;
	int conn, session, status, rc;

	status = vpdn_dialout_ask(&wish, &conn, &connected);
	if (status) {
		vpdn_ppp_set_status(status);
		return -1;
	}
	ended = 0;
	describe_call(&connected);
	line.send_accm = line.recv_accm = line.new_send_accm = ACCM_ALL;
	/* On an asynchronous line the remote would escape 32 characters if we did not ask it otherwise. */
	lcp_wantoptions[0].neg_asyncmap = negotiate_asyncmap && line.async;
	session = vpdn_ipc_take_fd(&connected, 0);
	rc = vpdn_conn_open(conn, session, message_came);
	if (rc == 0)
		rc = vpdn_conn_watch();
	if (rc < 0) {
		error("vpdn: cannot watch the connection to vpdnd: %s", strerror(-rc));
		vpdn_ppp_set_status(EXIT_FATAL_ERROR);
		return -1;
	}
	vpdn_ppp_set_status(EXIT_HANGUP);	/* should it be over already */
	return vpdn_conn_session();
}

/* disconnect and cleanup.  For vpdnd the end of the connection is the wish to hang up. */
static void hang_up(void)
{
	char text[600];

	show_our_address();	/* the peer's address was refused */
	vpdn_conn_close();
	if (ended)
		notice("vpdn: the call to %s is over: %s", wish.number, vpdn_dialout_end_print(&end, text, sizeof(text)));
	ended = 0;
}

/*
 * What LCP has negotiated for an asynchronous line, or that it begins anew: the LAC does
 * the escaping, and learns of it by SLI (RFC 2661 section 6.14).  pppd says it in two
 * steps, sending before receiving.
 */
static void send_config(int mtu, uint32_t accm, int pcomp, int accomp)
{
	(void)mtu;
	(void)pcomp;
	(void)accomp;
	line.new_send_accm = accm;
}

static void recv_config(int mru, uint32_t accm, int pcomp, int accomp)
{
	struct vpdn_ipc_builder b;

	(void)mru;
	(void)pcomp;
	(void)accomp;
	if (!line.async || (line.new_send_accm == line.send_accm && accm == line.recv_accm))
		return;
	line.send_accm = line.new_send_accm;
	line.recv_accm = accm;
	vpdn_ipc_begin(&b, VPDN_MSG_DIAL_LINK_INFO, 0, 0);
	vpdn_ipc_put_u32(&b, VPDN_TLV_SEND_ACCM, line.send_accm);
	vpdn_ipc_put_u32(&b, VPDN_TLV_RECV_ACCM, line.recv_accm);
	say(&b);
}

static struct channel dialout_channel = {
	.options = options,
	.check_options = check_call_options,
	.connect = dial,
	.disconnect = hang_up,
	.establish_ppp = vpdn_ppp_establish,
	.disestablish_ppp = vpdn_ppp_disestablish,
	.send_config = send_config,
	.recv_config = recv_config,
	.cleanup = hang_up,
	.close = vpdn_conn_close,
};

/* ---- options ---- */

static void use_channel(void)
{
	if (the_channel == &dialout_channel)
		return;
	the_channel = &dialout_channel;
	vpdn_ppp_set_modem(0);
	vpdn_ppp_on_ip_up(protocol_up);
	vpdn_ppp_on_ipv6_up(protocol_up);
	check_peer_address = allowed_address_hook;
	allowed_address_hook = hide_our_address;
}

static int set_string(char **string, const char *value, const char *option)
{
	if (!value[0]) {
		vpdn_ppp_option_error("%s is empty", option);
		return 0;
	}
	free(*string);
	*string = strdup(value);
	if (!*string)
		novm("vpdn-dialout.so");
	use_channel();
	return 1;
}

static int set_group(char **argv)
{
	return set_string(&wish.group, *argv, "vpdn-group");
}

static int set_number(char **argv)
{
	return set_string(&wish.number, *argv, "vpdn-number");
}

/* One of two words, or any. */
static int set_kind(const char *value, const char *option, const char *first, const char *second, int *kind)
{
	const char *words[] = { first, second, "any" };
	int i;

	for (i = 0; i < 3; i++)
		if (strcmp(value, words[i]) == 0) {
			*kind = i + 1;	/* bits: 1, 2, and 3 for both */
			return 1;
		}
	vpdn_ppp_option_error("%s: \"%s\" is none of %s, %s, any", option, value, first, second);
	return 0;
}

static int set_bearer(char **argv)
{
	return set_kind(*argv, "vpdn-bearer", "digital", "analogue", &wish.bearer);
}

static int set_framing(char **argv)
{
	return set_kind(*argv, "vpdn-framing", "synchronous", "asynchronous", &wish.framing);
}

void plugin_init(void)
{
	vpdn_ppp_add_options(options);
}
