/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lac_line.c - see lac_line.h.
 *
 * A template's call brings its line along.  Any other pppd has a tty, or stock rp-pppoe's
 * session; for a tty mgetty puts what the modem has said into the environment of the pppd that it
 * starts: CALLER_ID, CALLED_ID and CONNECT.  It is heeded only when root has started pppd, because
 * the called number decides where the call goes.
 */
#include "lac_line.h"

#include <ctype.h>

#include "avp.h"
#include "plugin_common.h"

#define NUMBER_MAX	64
#define DEV		"/dev/"	/* pppd puts it before a tty's name */
#define ASYNCHRONOUS	2u	/* AVP 19 */

static char *dnis, *clid, *sub_address;

static int set_dnis(char **argv);
static int set_clid(char **argv);
static int set_sub_address(char **argv);

static option_t options[] = {
	{ .name = "vpdn-dnis", .type = o_special, .addr = (void *)set_dnis,
	  .description = "Number that the subscriber has called", .flags = OPT_PRIV },
	{ .name = "vpdn-clid", .type = o_special, .addr = (void *)set_clid,
	  .description = "Number of the subscriber", .flags = OPT_PRIV },
	{ .name = "vpdn-sub-address", .type = o_special, .addr = (void *)set_sub_address,
	  .description = "Sub-address that the subscriber has called", .flags = OPT_PRIV },
	{ .name = NULL }
};

static bool is_number(const char *s)
{
	size_t i;

	for (i = 0; s[i]; i++)
		if (i == NUMBER_MAX || !isgraph((unsigned char)s[i]))
			return false;
	return i > 0;
}

static int set_number(const char *option, const char *value, char **to)
{
	if (!is_number(value)) {
		vpdn_ppp_option_error("%s: \"%s\" is not 1 to %d printable characters without spaces", option, value, NUMBER_MAX);
		return 0;
	}
	free(*to);
	*to = strdup(value);
	if (!*to)
		novm("number");
	return 1;
}

static int set_dnis(char **argv)
{
	return set_number("vpdn-dnis", *argv, &dnis);
}

static int set_clid(char **argv)
{
	return set_number("vpdn-clid", *argv, &clid);
}

static int set_sub_address(char **argv)
{
	return set_number("vpdn-sub-address", *argv, &sub_address);
}

/* ---- a call's line ---- */

/* Of a call that an LAC before us has forwarded, other AVPs are a matter between it and us. */
static bool is_line_avp(uint16_t tlv, const uint8_t *p, size_t len)
{
	uint16_t vendor, type;
	uint8_t flags;

	return tlv == VPDN_TLV_AVP && vpdn_ipc_parse_avp(p, len, &vendor, &type, &flags, &p, &len) && vendor == VPDN_VENDOR_BBF;
}

static void put_call(struct vpdn_ipc_builder *b, const struct vpdn_ipc_msg *call)
{
	struct vpdn_ipc_iter it;
	const uint8_t *p;
	uint16_t tlv;
	size_t len;

	vpdn_ipc_iter_init(&it, call);
	while (vpdn_ipc_next(&it, &tlv, &p, &len))
		if ((tlv >= VPDN_TLV_ACCESS && tlv <= VPDN_TLV_NAS_PORT) || is_line_avp(tlv, p, len))
			vpdn_ipc_put_raw(b, tlv, p, len);
}

/* ---- a line of pppd's own ---- */

/* A variable of mgetty's with a number; NULL: it has none. */
static const char *mgetty_number(const char *name)
{
	const char *s = getuid() == 0 ? getenv(name) : NULL;

	if (!s || !*s || strcmp(s, "none") == 0)
		return NULL;
	if (is_number(s))
		return s;
	warn("vpdn: %s of the environment is not a number, and is ignored", name);
	return NULL;
}

/* Bits per second that the modem has reported, "28800/V34/LAPM"; 0: it has not. */
static uint32_t modem_speed(void)
{
	const char *s = getuid() == 0 ? getenv("CONNECT") : NULL;
	unsigned long speed;
	char *end;

	if (!s || !isdigit((unsigned char)*s))
		return 0;
	speed = strtoul(s, &end, 10);
	return speed <= UINT32_MAX && !isalpha((unsigned char)*end) ? (uint32_t)speed : 0;
}

/* The number that a device's name ends with: ttyS3. */
static bool device_number(uint32_t *number)
{
	size_t i = strlen(devnam);
	char *end;

	while (i && isdigit((unsigned char)devnam[i - 1]))
		i--;
	*number = (uint32_t)strtoul(devnam + i, &end, 10);
	return devnam[i] && strlen(devnam + i) < 10;
}

static void put_tty(struct vpdn_ipc_builder *b)
{
	uint32_t number, speed = modem_speed();

	vpdn_ipc_put_u8(b, VPDN_TLV_ACCESS, VPDN_ACCESS_TTY);
	if (!speed && baud_rate > 0)
		speed = (uint32_t)baud_rate;
	if (speed)
		vpdn_ipc_put_u32(b, VPDN_TLV_TX_SPEED, speed);
	vpdn_ipc_put_u32(b, VPDN_TLV_FRAMING_TYPE, ASYNCHRONOUS);
	if (device_number(&number))
		vpdn_ipc_put_u32(b, VPDN_TLV_PHYSICAL_CHANNEL, number);
}

static void put_stock_pppoe(struct vpdn_ipc_builder *b)
{
	uint16_t session = (uint16_t)vpdn_ppp_session_number();

	vpdn_ipc_put_u8(b, VPDN_TLV_ACCESS, VPDN_ACCESS_PPPOE);
	if (!session)
		return;
	vpdn_ipc_put_u16(b, VPDN_TLV_PPPOE_SESSION, session);
	vpdn_ipc_put_u32(b, VPDN_TLV_PHYSICAL_CHANNEL, session);
}

/* What the call does not say, an option may. */
static void put_number(struct vpdn_ipc_builder *b, uint16_t tlv, const char *number)
{
	const struct vpdn_ipc_msg *call = vpdn_serve_call();

	if (number && *number && !(call && vpdn_ipc_has(call, tlv)))
		vpdn_ipc_put_text(b, tlv, number);
}

void vpdn_lac_line_put(struct vpdn_ipc_builder *b)
{
	const struct vpdn_ipc_msg *call = vpdn_serve_call();
	const char *called = dnis, *calling = clid;

	if (call) {
		put_call(b, call);
	} else {
		if (the_channel == &tty_channel)
			put_tty(b);
		else
			put_stock_pppoe(b);
		if (devnam[0])
			vpdn_ipc_put_text(b, VPDN_TLV_ACCESS_INTERFACE, strncmp(devnam, DEV, strlen(DEV)) ? devnam : devnam + strlen(DEV));
		if (!calling)
			calling = remote_number[0] ? remote_number : mgetty_number("CALLER_ID");
		if (!called)
			called = mgetty_number("CALLED_ID");
	}
	put_number(b, VPDN_TLV_CALLING_NUMBER, calling);
	put_number(b, VPDN_TLV_CALLED_NUMBER, called);
	put_number(b, VPDN_TLV_SUB_ADDRESS, sub_address);
}

void vpdn_lac_line_init(void)
{
	vpdn_ppp_add_options(options);
}
