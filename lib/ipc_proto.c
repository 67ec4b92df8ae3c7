/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ipc_proto.c - the tables that are made from the lists in ipc_proto.h: names and
 * kinds of TLVs, names, senders, required TLVs and fds of messages.
 */
#include "ipc.h"

/* Maps TLV names to their numbers: REQUIRED(A, B) is VPDN_TLV_A, VPDN_TLV_B. */
#define R1(a)		VPDN_TLV_##a
#define R2(a, ...)	VPDN_TLV_##a, R1(__VA_ARGS__)
#define R3(a, ...)	VPDN_TLV_##a, R2(__VA_ARGS__)
#define R4(a, ...)	VPDN_TLV_##a, R3(__VA_ARGS__)
#define R5(a, ...)	VPDN_TLV_##a, R4(__VA_ARGS__)
#define R6(a, ...)	VPDN_TLV_##a, R5(__VA_ARGS__)
#define R7(a, ...)	VPDN_TLV_##a, R6(__VA_ARGS__)
#define R8(a, ...)	VPDN_TLV_##a, R7(__VA_ARGS__)
#define R9(a, ...)	VPDN_TLV_##a, R8(__VA_ARGS__)
#define R10(a, ...)	VPDN_TLV_##a, R9(__VA_ARGS__)
#define R11(a, ...)	VPDN_TLV_##a, R10(__VA_ARGS__)
#define PICK(a, b, c, d, e, f, g, h, i, j, k, name, ...)	name
#define REQUIRED(...)	PICK(__VA_ARGS__, R11, R10, R9, R8, R7, R6, R5, R4, R3, R2, R1)(__VA_ARGS__)

/* Messages that cannot do without descriptors. */
#define MIN_FDS(t)	(2 * ((t) == VPDN_MSG_SUBSCRIBER_CHANNEL) + \
			 ((t) == VPDN_MSG_CALL_START || \
			 (t) == VPDN_MSG_L2TP_CALL_READY || (t) == VPDN_MSG_L2TP_DIAL_CONNECTED || \
			 (t) == VPDN_MSG_L2TP_DIAL_ASK || (t) == VPDN_MSG_DIAL_CONNECTED || (t) == VPDN_MSG_BEARER_UP))
/* The channel may bring the call's connection along. */
#define MAX_FDS(t)	(MIN_FDS(t) + ((t) == VPDN_MSG_SUBSCRIBER_CHANNEL))

#define MSG_ROW(msg, number, who, what, ...)				\
	{ .type = number, .sender = VPDN_IPC_##who,			\
	  .min_fds = MIN_FDS(number), .max_fds = MAX_FDS(number),	\
	  .name = #msg, .text = what,					\
	  .required = { __VA_OPT__(REQUIRED(__VA_ARGS__),) 0 } },

static const struct vpdn_ipc_msg_def messages[] = { VPDN_IPC_MESSAGES(MSG_ROW) };

#define TLV_ROW(tlv, number, how, what)	{ .type = number, .kind = VPDN_IPC_##how, .name = #tlv, .text = what },

static const struct vpdn_ipc_tlv_def tlvs[] = { VPDN_IPC_TLVS(TLV_ROW) };

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

_Static_assert(COUNT(tlvs) <= VPDN_IPC_MAX_TLV_TYPES, "raise VPDN_IPC_MAX_TLV_TYPES");

const struct vpdn_ipc_msg_def *vpdn_ipc_msg_row(size_t i)
{
	return i < COUNT(messages) ? &messages[i] : NULL;
}

const struct vpdn_ipc_tlv_def *vpdn_ipc_tlv_row(size_t i)
{
	return i < COUNT(tlvs) ? &tlvs[i] : NULL;
}

const struct vpdn_ipc_msg_def *vpdn_ipc_msg_lookup(uint16_t type)
{
	size_t i;

	for (i = 0; i < COUNT(messages); i++)
		if (messages[i].type == type)
			return &messages[i];
	return NULL;
}

const struct vpdn_ipc_tlv_def *vpdn_ipc_tlv_lookup(uint16_t type)
{
	size_t i;

	type &= (uint16_t)~VPDN_IPC_TLV_OPTIONAL;
	for (i = 0; i < COUNT(tlvs); i++)
		if (tlvs[i].type == type)
			return &tlvs[i];
	return NULL;
}

size_t vpdn_ipc_tlv_index(const struct vpdn_ipc_tlv_def *def)
{
	return (size_t)(def - tlvs);
}

const char *vpdn_ipc_msg_name(uint16_t type)
{
	const struct vpdn_ipc_msg_def *def = vpdn_ipc_msg_lookup(type);

	return def ? def->name : "message?";
}

const char *vpdn_ipc_tlv_name(uint16_t type)
{
	const struct vpdn_ipc_tlv_def *def = vpdn_ipc_tlv_lookup(type);

	return def ? def->name : "TLV?";
}

const char *vpdn_ipc_counter_name(uint16_t counter)
{
#define COUNTER_CASE(name, number, ...)	case VPDN_COUNTER_##name: return #name;
	switch ((enum vpdn_ipc_counter)counter) {
	VPDN_IPC_COUNTERS(COUNTER_CASE)
	}
	return NULL;
}
