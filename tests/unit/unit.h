/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * unit.h - what the unit tests share: cmocka in its required order, hex strings,
 * and copies on the heap of exactly the right size, so that the address sanitizer
 * sees the first octet read beyond the end.
 */
#ifndef VPDN_UNIT_H
#define VPDN_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* Octets from hex digits; anything else in the string is skipped. */
static inline size_t unhex(const char *hex, uint8_t *out, size_t size)
{
	size_t n = 0;
	int high = -1;

	for (; *hex; hex++) {
		int v = *hex >= '0' && *hex <= '9' ? *hex - '0' :
			*hex >= 'a' && *hex <= 'f' ? *hex - 'a' + 10 :
			*hex >= 'A' && *hex <= 'F' ? *hex - 'A' + 10 : -1;

		if (v < 0)
			continue;
		if (high < 0) {
			high = v;
			continue;
		}
		assert_true(n < size);
		out[n++] = (uint8_t)(high << 4 | v);
		high = -1;
	}
	assert_int_equal(high, -1);
	return n;
}

/* A copy of exactly n octets; free() it.  Never NULL. */
static inline uint8_t *exact(const void *p, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1);

	assert_non_null(copy);
	if (n)
		memcpy(copy, p, n);
	return copy;
}

#endif
