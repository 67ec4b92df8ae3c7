/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * serve_bundle.c - see serve_bundle.h; used by serve_call.c in a template's child.
 *
 * pppd's multilink and the kernel do the work.  A packet of the multilink protocol reaches a
 * pppd only when it came before the channel was in a bundle, and pppd would answer it with a
 * Protocol-Reject.
 */
#include "serve_bundle.h"

#define MP_BEGIN_AND_END	0xc0	/* RFC 1990 section 3: a whole packet in one fragment */
#define MP_LONG_HEADER		4
#define MP_SHORT_HEADER		2
#define IS_NCP(protocol)	((protocol) >= 0x8000 && (protocol) < 0xc000)

static void (*next_recv)(unsigned char *, int);

void vpdn_bundle_put(struct vpdn_ipc_builder *b)
{
	if (!doing_multilink || !bundle_id)
		return;
	vpdn_ipc_put_text(b, VPDN_TLV_BUNDLE, bundle_id + strlen("BUNDLE="));
	if (lcp_gotoptions[0].neg_endpoint)
		vpdn_ipc_put_text(b, VPDN_TLV_ENDPOINT_LOCAL, epdisc_to_str(&lcp_gotoptions[0].endpoint));
	if (lcp_hisoptions[0].neg_endpoint)
		vpdn_ipc_put_text(b, VPDN_TLV_ENDPOINT_PEER, epdisc_to_str(&lcp_hisoptions[0].endpoint));
	vpdn_ipc_put_u16(b, VPDN_TLV_MRRU, (uint16_t)lcp_gotoptions[0].mrru);
	vpdn_ipc_put_u16(b, VPDN_TLV_PEER_MRRU, (uint16_t)lcp_hisoptions[0].mrru);
	vpdn_ipc_put_u8(b, VPDN_TLV_BUNDLE_OWNER, multilink_master);
}

/*
 * The peer's first Configure-Request of IPCP is often quicker than our joining.  Its
 * header is taken off in pppd's own buffer, so that the peer need not wait for its restart
 * timer.  The packet's length field tells where it ends; what follows is cleared.
 */
static void unwrap(unsigned char *frame, int len)
{
	int header = VPDN_PPP_HEADER_LEN + (lcp_gotoptions[0].neg_ssnhf ? MP_SHORT_HEADER : MP_LONG_HEADER);
	int inner = len - header;

	if (inner < 2 || (frame[VPDN_PPP_HEADER_LEN] & MP_BEGIN_AND_END) != MP_BEGIN_AND_END ||
	    !IS_NCP(frame[header] << 8 | frame[header + 1]))
		return;
	memmove(frame + 2, frame + header, (size_t)inner);
	memset(frame + 2 + inner, 0, (size_t)(len - 2 - inner));
}

static void saw_received(unsigned char *frame, int len)
{
	if (doing_multilink && multilink_master && len >= VPDN_PPP_HEADER_LEN && frame[2] == 0 && frame[3] == PPP_MP)
		unwrap(frame, len);
	if (next_recv)
		next_recv(frame, len);
}

void vpdn_bundle_watch(void)
{
	next_recv = snoop_recv_hook;
	snoop_recv_hook = saw_received;
}
