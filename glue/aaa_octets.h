/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * aaa_octets.h - texts within a RADIUS packet as values: addresses, numbers, yes and no, lists. Nothing is copied that
 * does not fit, nothing needs a NUL. For aaa_radius_reading.c and aaa_radius_answer.c.
 */
#ifndef VPDN_AAA_OCTETS_H
#define VPDN_AAA_OCTETS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A value that was given: octets of the packet. */
struct vpdn_octets {
	const uint8_t *p;		/* NULL: not given */
	size_t len;
};

/* False when the octets are no such value, or do not fit. */
bool vpdn_octets_text(struct vpdn_octets o, char *to, size_t size);
bool vpdn_octets_ip4(struct vpdn_octets o, struct in_addr *a);		/* of a host */
bool vpdn_octets_u32(struct vpdn_octets o, uint32_t min, uint32_t max, uint32_t *v);
bool vpdn_octets_flag(struct vpdn_octets o, bool *v);			/* yes, no, and their like */
/* For a message, in `buf` of `size` octets: escaped, and cut where it ends. */
const char *vpdn_octets_shown(struct vpdn_octets o, char *buf, size_t size);
/* Without regard to case. */
bool vpdn_octets_are(struct vpdn_octets o, const char *word);

/*
 * The next word of a list, which is taken off it; false at its end. Blanks and commas stand between words of the same level, each
 * slash brings *level, which begins at 0, one up: IOS's lists of addresses, in which what is behind a slash has lower priority.
 */
bool vpdn_octets_next(struct vpdn_octets *list, struct vpdn_octets *word, uint32_t *level);

#endif
