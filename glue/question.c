/* SPDX-License-Identifier: GPL-2.0-or-later */
/* question.c - see question.h. */
#include "question.h"

#include <bsd/string.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "lcp_options.h"

/* ---- name and domain ---- */

/* Where the delimiter stands, or NULL: the last one with the domain behind it, the first one with the domain before it. */
static const uint8_t *delimiter(const struct vpdn_config *c, const uint8_t *user, size_t len)
{
	const uint8_t *at = NULL;

	for (size_t i = 0; i < len && !(c->domain_first && at); i++)
		if (user[i] && strchr(c->delimiters, user[i]))
			at = &user[i];
	return at;
}

const uint8_t *vpdn_domain_strip(const struct vpdn_config *c, const uint8_t *user, size_t *len)
{
	const uint8_t *at = delimiter(c, user, *len), *name;
	size_t n;

	if (!at)
		return user;
	name = c->domain_first ? at + 1 : user;
	n = (size_t)(c->domain_first ? user + *len - name : at - user);
	if (!n)
		return user;
	*len = n;
	return name;
}

static void split(struct vpdn_question *q, const struct vpdn_config *c)
{
	const char *at = (const char *)delimiter(c, (const uint8_t *)q->user, strlen(q->user));
	char *before = c->domain_first ? q->domain : q->name, *behind = c->domain_first ? q->name : q->domain;

	*q->domain = '\0';
	strlcpy(q->name, q->user, sizeof(q->name));
	if (!at)
		return;
	memcpy(before, q->user, (size_t)(at - q->user));
	before[at - q->user] = '\0';
	strlcpy(behind, at + 1, sizeof(q->name));
}

/* ---- DNIS ---- */

/* The first part in parentheses, or else all that the pattern matched; what is no number leaves dnis empty. */
static bool dnis_by(struct vpdn_question *q, const struct vpdn_ere *ere, const char *text)
{
	regmatch_t part[2], *p;
	size_t n;

	if (!ere->compiled || !*text || regexec(&ere->re, text, 2, part, 0))
		return false;
	p = ere->re.re_nsub ? &part[1] : &part[0];
	n = p->rm_so < 0 ? 0 : (size_t)(p->rm_eo - p->rm_so);
	if (!n || n > VPDN_NUMBER_MAX)
		return false;
	for (size_t i = 0; i < n; i++)
		if (text[p->rm_so + (regoff_t)i] < ' ' || text[p->rm_so + (regoff_t)i] >= 0x7f)
			return false;
	memcpy(q->dnis, text + p->rm_so, n);
	q->dnis[n] = '\0';
	return true;
}

void vpdn_question_complete(struct vpdn_question *q, const struct vpdn_config *c)
{
	split(q, c);
	if (*q->dnis)
		return;
	if (dnis_by(q, &c->dnis_from_service, q->service))
		q->dnis_from = "service-name";
	else if (dnis_by(q, &c->dnis_from_circuit, q->circuit_id))
		q->dnis_from = "circuit-id";
}

/* ---- multilink ---- */

static uint64_t hash(uint64_t h, const void *p, size_t len)
{
	const uint8_t *octets = p;

	/* FNV-1a */
	for (size_t i = 0; i < len; i++)
		h = (h ^ octets[i]) * UINT64_C(0x100000001b3);
	return h;
}

static bool lcp_of(const struct vpdn_ipc_msg *ask, uint16_t tlv, struct vpdn_lcp_options *o)
{
	const uint8_t *p;
	size_t len;

	memset(o, 0, sizeof(*o));
	if (vpdn_ipc_get_bytes(ask, tlv, &p, &len))
		vpdn_lcp_parse(p, len, o);
	return o->present & VPDN_LCP_HAS_MRRU;
}

/* What the subscriber asked for last; or at first: MRRU that this host has rejected, the LNS may take. */
static void find_bundle(struct vpdn_question *q, const struct vpdn_ipc_msg *ask)
{
	struct vpdn_lcp_options first, last;
	const struct vpdn_lcp_options *o = &last;
	const uint8_t *user = NULL;
	size_t len = 0;

	q->multilink = lcp_of(ask, VPDN_TLV_PROXY_LAST_RCVD, &last) | lcp_of(ask, VPDN_TLV_PROXY_INITIAL_RCVD, &first);
	if (!q->multilink)
		return;
	if (!(last.present & VPDN_LCP_HAS_ENDPOINT))
		o = &first;
	vpdn_ipc_get_bytes(ask, VPDN_TLV_USER, &user, &len);
	q->bundle = hash(UINT64_C(0xcbf29ce484222325), user, len);
	q->bundle = hash(q->bundle, "", 1);
	if (o->present & VPDN_LCP_HAS_ENDPOINT) {
		q->bundle = hash(q->bundle, &o->endpoint_class, 1);
		q->bundle = hash(q->bundle, o->endpoint, o->endpoint_len);
	}
}

/* ---- where it comes from ---- */

void vpdn_question_from_ask(struct vpdn_question *q, const struct vpdn_config *c, const struct vpdn_ipc_msg *ask)
{
	const uint8_t *mac;
	size_t len;

	memset(q, 0, sizeof(*q));
	vpdn_ipc_get_text(ask, VPDN_TLV_USER, q->user, sizeof(q->user));
	vpdn_ipc_get_text(ask, VPDN_TLV_CALLED_NUMBER, q->dnis, sizeof(q->dnis));
	vpdn_ipc_get_text(ask, VPDN_TLV_CALLING_NUMBER, q->clid, sizeof(q->clid));
	vpdn_ipc_get_text(ask, VPDN_TLV_ACCESS_INTERFACE, q->interface, sizeof(q->interface));
	vpdn_ipc_get_text(ask, VPDN_TLV_CIRCUIT_ID, q->circuit_id, sizeof(q->circuit_id));
	vpdn_ipc_get_text(ask, VPDN_TLV_REMOTE_ID, q->remote_id, sizeof(q->remote_id));
	vpdn_ipc_get_text(ask, VPDN_TLV_SERVICE_NAME, q->service, sizeof(q->service));
	if (vpdn_ipc_get_bytes(ask, VPDN_TLV_PEER_MAC, &mac, &len) && len == 6)
		snprintf(q->mac, sizeof(q->mac), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	find_bundle(q, ask);
	vpdn_question_complete(q, c);
}

static bool is_mac(const char *s)
{
	for (size_t i = 0; i < 17; i++)
		if (i % 3 == 2 ? s[i] != ':' : !isxdigit((unsigned char)s[i]))
			return false;
	return !s[17];
}

const char *vpdn_question_set(struct vpdn_question *q, const char *word, const char *value)
{
	const struct {
		const char *word;
		char *to;
		size_t size;
	} words[] = {
		{ "user", q->user, sizeof(q->user) }, { "dnis", q->dnis, sizeof(q->dnis) }, { "clid", q->clid, sizeof(q->clid) },
		{ "line", q->interface, sizeof(q->interface) }, { "mac", q->mac, sizeof(q->mac) },
		{ "circuit-id", q->circuit_id, sizeof(q->circuit_id) }, { "remote-id", q->remote_id, sizeof(q->remote_id) },
		{ "service", q->service, sizeof(q->service) },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(word, words[i].word))
			continue;
		if (strlcpy(words[i].to, value, words[i].size) >= words[i].size)
			return "is too long";
		return words[i].to == q->mac && !is_mac(value) ? "is no Ethernet address, such as 02:00:5e:00:53:01" : NULL;
	}
	return "is not known";
}
