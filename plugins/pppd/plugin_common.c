/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plugin_common.c - see plugin_common.h.
 */
#include "plugin_common.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>

#include "cursor.h"

#define ECHO_REPLY_LEN	8
#define L2TP_MTU	1460	/* 1500 less IP, UDP, L2TP with length, and PPP's own header */

static bool parse_rest(struct vpdn_reader *r, struct vpdn_ppp_packet *p)
{
	uint16_t len;

	vpdn_reader_u8(r, &p->code);
	vpdn_reader_u8(r, &p->id);
	vpdn_reader_u16(r, &len);
	if (r->bad || len < 4)
		return false;
	p->body_len = len - 4;
	return vpdn_reader_bytes(r, &p->body, p->body_len);
}

bool vpdn_ppp_packet_parse(const unsigned char *frame, int len, struct vpdn_ppp_packet *p)
{
	struct vpdn_reader r;

	vpdn_reader_init(&r, frame, len > 0 ? (size_t)len : 0);
	vpdn_reader_skip(&r, 2);
	vpdn_reader_u16(&r, &p->protocol);
	return parse_rest(&r, p);
}

bool vpdn_ppp_payload_parse(uint16_t protocol, const unsigned char *pkt, int len, struct vpdn_ppp_packet *p)
{
	struct vpdn_reader r;

	vpdn_reader_init(&r, pkt, len > 0 ? (size_t)len : 0);
	p->protocol = protocol;
	return parse_rest(&r, p);
}

/*
 * Not a weak symbol: an options file may load the other plugins first, and then a
 * weak reference would stay open.
 */
const struct vpdn_serve_api *vpdn_serve(void)
{
	static const struct vpdn_serve_api *api;

	if (!api) {
		api = dlsym(RTLD_DEFAULT, VPDN_SERVE_API_SYMBOL);
		if (api && api->version != VPDN_SERVE_API_VERSION)
			fatal("vpdn: vpdn-serve.so is of another version than this plugin");
	}
	return api;
}

const struct vpdn_ipc_msg *vpdn_serve_call(void)
{
	const struct vpdn_serve_api *api = vpdn_serve();

	return api ? api->call() : NULL;
}

void vpdn_serve_info(const char *text)
{
	if (vpdn_serve_call())
		vpdn_serve()->info(text);
}

void vpdn_serve_set_cause(uint16_t code, uint16_t protocol, uint8_t direction, const char *text)
{
	struct vpdn_ppp_cause c = { .code = code, .protocol = protocol, .direction = direction };

	if (vpdn_serve_call())
		vpdn_serve()->set_cause(&c, text);
}

/*
 * pppd writes with write(fd_ppp), which a plugin cannot intercept: the number is made
 * to mean /dev/null for the moment.  The saved copy keeps the channel attached.
 */
static int muted_fd = -1;

/* Its handler puts something in the place of the same number (lac_wake.c). */
static void let_wake(bool in)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, VPDN_WAKE_SIGNAL);
	sigprocmask(in ? SIG_UNBLOCK : SIG_BLOCK, &set, NULL);
}

int vpdn_mute(void)
{
	int null_fd, err = 0;

	if (muted_fd >= 0 || fd_ppp < 0)
		return -EBUSY;
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null_fd < 0)
		return -errno;
	let_wake(false);
	muted_fd = fcntl(fd_ppp, F_DUPFD_CLOEXEC, 3);
	if (muted_fd < 0) {
		err = -errno;
	} else if (dup3(null_fd, fd_ppp, O_CLOEXEC) < 0) {
		err = -errno;
		close(muted_fd);
		muted_fd = -1;
	}
	if (err)
		let_wake(true);
	close(null_fd);
	return err;
}

void vpdn_unmute(void)
{
	if (muted_fd < 0)
		return;
	/* Both numbers are valid here; dup3() can only be interrupted, never fail. */
	while (dup3(muted_fd, fd_ppp, O_CLOEXEC) < 0 && (errno == EINTR || errno == EBUSY))
		;
	close(muted_fd);
	muted_fd = -1;
	let_wake(true);
}

void vpdn_uncount_echo(void)
{
	unsigned char pkt[ECHO_REPLY_LEN];
	struct vpdn_writer w;

	if (lcp_fsm[0].state != OPENED)
		return;
	vpdn_writer_init(&w, pkt, sizeof(pkt));
	vpdn_writer_u8(&w, ECHOREP);
	vpdn_writer_u8(&w, 0);
	vpdn_writer_u16(&w, sizeof(pkt));
	vpdn_writer_u32(&w, ~lcp_gotoptions[0].magicnumber);	/* any but our own */
	lcp_protent.input(0, pkt, (int)w.len);
}

void vpdn_channel_options(bool l2tp)
{
	lcp_wantoptions[0].neg_asyncmap = 0;
	lcp_wantoptions[0].neg_pcompression = 0;
	lcp_wantoptions[0].neg_accompression = 0;
	lcp_allowoptions[0].neg_asyncmap = l2tp;
	lcp_allowoptions[0].neg_pcompression = l2tp;
	lcp_allowoptions[0].neg_accompression = l2tp;
	if (l2tp && lcp_allowoptions[0].mru == MAXMRU)	/* no "mtu" in the options */
		lcp_allowoptions[0].mru = L2TP_MTU;

	ccp_wantoptions[0].deflate = 0;
	ccp_allowoptions[0].deflate = 0;
	ccp_wantoptions[0].bsd_compress = 0;
	ccp_allowoptions[0].bsd_compress = 0;
	ipcp_wantoptions[0].neg_vj = 0;
	ipcp_allowoptions[0].neg_vj = 0;
}

unsigned char vpdn_chap_mdtype(uint8_t algorithm)
{
	return CHAP_MDTYPE_D(algorithm);
}

uint8_t vpdn_chap_algorithm(unsigned char mdtype)
{
	return CHAP_DIGEST(mdtype);
}
