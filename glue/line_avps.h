/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * line_avps.h - which AVPs about the access line an LNS is sent: the words of `send-avps`
 * in vpdn.conf and what each of them stands for. The parser and l2tp_peer.c use it.
 */
#ifndef VPDN_LINE_AVPS_H
#define VPDN_LINE_AVPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A word's bit; 0: it is none of them. */
uint32_t vpdn_line_avps_bit(const char *word);
/* The i-th word and its bit; NULL beyond the last. */
const char *vpdn_line_avps_word(size_t i, uint32_t *bit);
/* Is this TLV of a SUBSCRIBER_ASK for an AVP whose bit is in the set? */
bool vpdn_line_avps_has(uint32_t set, uint16_t tlv, const uint8_t *value, size_t len);

#endif
