/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aaa_octets.c - see aaa_octets.h. */
#include "aaa_octets.h"

#include <string.h>

#include "config_value.h"
#include "text.h"

bool vpdn_octets_text(struct vpdn_octets o, char *to, size_t size)
{
	if (o.len >= size || memchr(o.p, '\0', o.len))
		return false;
	memcpy(to, o.p, o.len);
	to[o.len] = '\0';
	return true;
}

bool vpdn_octets_ip4(struct vpdn_octets o, struct in_addr *a)
{
	char text[INET_ADDRSTRLEN];

	return vpdn_octets_text(o, text, sizeof(text)) && vpdn_value_ip4(text, a);
}

bool vpdn_octets_u32(struct vpdn_octets o, uint32_t min, uint32_t max, uint32_t *v)
{
	char text[16];

	return vpdn_octets_text(o, text, sizeof(text)) && vpdn_value_u32(text, min, max, v);
}

const char *vpdn_octets_shown(struct vpdn_octets o, char *buf, size_t size)
{
	return vpdn_text_escape(o.p, o.len, buf, size);
}

bool vpdn_octets_are(struct vpdn_octets o, const char *word)
{
	return o.len == strlen(word) && !strncasecmp((const char *)o.p, word, o.len);
}

bool vpdn_octets_flag(struct vpdn_octets o, bool *v)
{
	*v = vpdn_octets_are(o, "yes") || vpdn_octets_are(o, "on") || vpdn_octets_are(o, "true") || vpdn_octets_are(o, "enable") || vpdn_octets_are(o, "1");
	return *v || vpdn_octets_are(o, "no") || vpdn_octets_are(o, "off") || vpdn_octets_are(o, "false") || vpdn_octets_are(o, "disable") || vpdn_octets_are(o, "0");
}

static bool blank(uint8_t c)
{
	return c == ' ' || c == ',' || c == '\t' || c == '/';
}

/* The next word of a list, and by how many slashes the list has come down to lower priority since its beginning. */
bool vpdn_octets_next(struct vpdn_octets *list, struct vpdn_octets *word, uint32_t *level)
{
	while (list->len && blank(*list->p)) {
		*level += *list->p == '/';
		list->p++;
		list->len--;
	}
	word->p = list->p;
	while (list->len && !blank(*list->p)) {
		list->p++;
		list->len--;
	}
	word->len = (size_t)(list->p - word->p);
	return word->len;
}
