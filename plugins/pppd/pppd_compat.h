/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pppd_compat.h - pppd's plugin API, the same for 2.4.9 and 2.5.2.
 *
 * Every file of the plugins includes this first, and nothing of pppd's own: all
 * differences between the two versions are here and nowhere else.  2.5 renamed
 * most functions and keeps the rest, although its binary exports them, in a header
 * that is not shipped; those are declared here.  tools/check-symbols tests that the
 * binary still has them.
 *
 * pppd 2.4.9 makes `bool` a typedef, so its headers come before <stdbool.h>; both
 * kinds of bool are one octet.
 */
#ifndef VPDN_PPPD_COMPAT_H
#define VPDN_PPPD_COMPAT_H

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define HAVE_MULTILINK	1	/* what Debian builds; without it 2.4 declares nothing of multilink */
#include <pppd/pppd.h>

#ifdef PPPD_VERSION	/* 2.5: pppd.h brings pppdconf.h */

#include <linux/ppp_defs.h>

#include <pppd/options.h>
#include <pppd/chap.h>
#include <pppd/multilink.h>

#define VPDN_PPPD_VERSION	PPPD_VERSION

extern int fd_ppp, devfd;
extern bool multilink, auth_required, nodetach, updetach, demand, persist, doing_multilink, multilink_master;
extern char devnam[], remote_number[], our_name[];
extern char path_ipup[], path_ipdown[];
extern int got_sigterm, got_sighup, asked_to_quit;
extern int log_to_fd, baud_rate;
extern bool log_default;
extern struct channel tty_channel;
void die(int);
void output(int, unsigned char *, int);
void remove_fd(int);
int parse_args(int, char **);

#define vpdn_ppp_timeout(func, arg, s, us)	ppp_timeout(func, arg, s, us)
#define vpdn_ppp_untimeout(func, arg)		ppp_untimeout(func, arg)
#define vpdn_ppp_add_options(table)		ppp_add_options(table)
#define vpdn_ppp_option_error			ppp_option_error
#define vpdn_ppp_status()			((int)ppp_status())
#define vpdn_ppp_set_status(code)		ppp_set_status(code)
#define vpdn_ppp_setenv(name, value)		ppp_script_setenv(name, value, 0)
#define vpdn_ppp_unsetenv(name)			ppp_script_unsetenv(name)
#define vpdn_ppp_establish			ppp_generic_establish
#define vpdn_ppp_disestablish			ppp_generic_disestablish
#define vpdn_ppp_set_modem(on)			ppp_set_modem(on)
#define vpdn_ppp_set_session_number(n)		ppp_set_session_number(n)
#define vpdn_ppp_session_number()		ppp_get_session_number()
#define vpdn_ppp_set_channel_name(name)		ppp_set_pppdevnam(name)
#define vpdn_ppp_ifname()			ppp_ifname()
#define vpdn_ppp_peer_name(buf, size)		ppp_peer_authname(buf, size)
#define vpdn_ppp_remote_name()			ppp_remote_name()
#define vpdn_ppp_on_ip_up(func)			ppp_add_notify(NF_IP_UP, func, NULL)
#define vpdn_ppp_on_ipv6_up(func)		ppp_add_notify(NF_IPV6_UP, func, NULL)
#define vpdn_ppp_on_fork(func)			ppp_add_notify(NF_FORK, func, NULL)

#else	/* 2.4 */

#include <pppd/patchlevel.h>
#include <pppd/chap-new.h>

#define VPDN_PPPD_VERSION	VERSION

extern int got_sigterm, got_sighup, asked_to_quit;
extern struct channel tty_channel;

#define vpdn_ppp_timeout(func, arg, s, us)	timeout(func, arg, s, us)
#define vpdn_ppp_untimeout(func, arg)		untimeout(func, arg)
#define vpdn_ppp_add_options(table)		add_options(table)
#define vpdn_ppp_option_error			option_error
#define vpdn_ppp_setenv(name, value)		script_setenv(name, value, 0)
#define vpdn_ppp_unsetenv(name)			script_unsetenv(name)
#define vpdn_ppp_establish			generic_establish_ppp
#define vpdn_ppp_disestablish			generic_disestablish_ppp
#define vpdn_ppp_set_modem(on)			(modem = (on))
#define vpdn_ppp_set_session_number(n)		(ppp_session_number = (n))
#define vpdn_ppp_session_number()		(ppp_session_number)
#define vpdn_ppp_set_channel_name(name)		strlcpy(ppp_devnam, name, MAXPATHLEN)
#define vpdn_ppp_ifname()			((const char *)ifname)
#define vpdn_ppp_peer_name(buf, size)		strlcpy(buf, peer_authname, size)
#define vpdn_ppp_remote_name()			((const char *)remote_name)
#define vpdn_ppp_on_ip_up(func)			add_notifier(&ip_up_notifier, func, NULL)
#define vpdn_ppp_on_ipv6_up(func)		add_notifier(&ipv6_up_notifier, func, NULL)
#define vpdn_ppp_on_fork(func)			add_notifier(&fork_notifier, func, NULL)

/* no macros: callers have variables of this name */
static inline int vpdn_ppp_status(void)
{
	return status;
}

static inline void vpdn_ppp_set_status(int code)
{
	status = code;
}

#ifndef EXIT_TRAFFIC_LIMIT	/* hidden behind a build option */
#define EXIT_TRAFFIC_LIMIT			20
#endif

#endif

#include <pppd/fsm.h>
#include <pppd/ccp.h>
#include <pppd/lcp.h>
#include <pppd/ipcp.h>
#include <pppd/upap.h>
#include <pppd/eap.h>

#include <stdbool.h>

/* in no header of either version */
extern int lcp_echo_interval;
extern char *bundle_id;	/* BUNDLE="name"/endpoint */

/* The two names pppd looks for in a plugin; nothing else may be visible, see vpdn-serve.c. */
#define VPDN_EXPORT		__attribute__((visibility("default")))
#define VPDN_PLUGIN_VERSION	VPDN_EXPORT const char pppd_version[] = VPDN_PPPD_VERSION
VPDN_EXPORT void plugin_init(void);
extern const char pppd_version[];

/* What pppd's hooks and output() are given: address, control, protocol, then the packet. */
#define VPDN_PPP_HEADER_LEN	4
#define VPDN_PROTO_LCP		0xc021
#define VPDN_PROTO_PAP		0xc023
#define VPDN_PROTO_CHAP		0xc223
#define VPDN_PROTO_EAP		0xc227

#define VPDN_PAP_REQUEST	1
#define VPDN_PAP_ACK		2
#define VPDN_PAP_NAK		3

/* RFC 3748 section 4 */
#define VPDN_EAP_REQUEST	1
#define VPDN_EAP_RESPONSE	2
#define VPDN_EAP_FAILURE	4
#define VPDN_EAP_IDENTITY	1

#endif
