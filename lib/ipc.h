/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ipc.h - building, parsing, sending and receiving the messages of ipc_proto.h.
 *
 * All processes of vpdn use this and nothing else for what they say to each
 * other.  There is no event loop and no queue in it: the caller watches its fd,
 * calls vpdn_ipc_recv() when it is readable, and decides what to do on -EAGAIN.
 * Sockets are non-blocking, CLOEXEC, SOCK_SEQPACKET; one datagram is one message.
 *
 * Both structs hold a whole message (32 KiB): they are meant for the stack or for
 * one static place in a program, and need no allocation.
 *
 *	struct vpdn_ipc_builder b;
 *	vpdn_ipc_begin(&b, VPDN_MSG_L2TP_CALL_CLEAR, 0, seq);
 *	vpdn_ipc_put_u32(&b, VPDN_TLV_CALL_REF, ref);
 *	vpdn_ipc_put_u16(&b, VPDN_TLV_RESULT, 1);
 *	vpdn_ipc_put_text(&b, VPDN_TLV_TEXT, "loss of carrier");
 *	rc = vpdn_ipc_send(fd, &b, NULL, 0);		one check for all of it
 */
#ifndef VPDN_IPC_H
#define VPDN_IPC_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "cursor.h"
#include "ipc_proto.h"
#include "proxy.h"

/* ---- tables (ipc_proto.c) ---- */

enum vpdn_ipc_kind {
	VPDN_IPC_u8, VPDN_IPC_u16, VPDN_IPC_u32, VPDN_IPC_u64,
	VPDN_IPC_text, VPDN_IPC_bytes, VPDN_IPC_secret, VPDN_IPC_ip4, VPDN_IPC_list,
};

enum vpdn_ipc_sender { VPDN_IPC_any, VPDN_IPC_client, VPDN_IPC_server };

#define VPDN_IPC_MAX_REQUIRED	12

#define VPDN_IPC_MAX_TLV_TYPES	128

struct vpdn_ipc_tlv_def {
	uint16_t type;
	enum vpdn_ipc_kind kind;
	const char *name;
	const char *text;
};

struct vpdn_ipc_msg_def {
	uint16_t type;
	enum vpdn_ipc_sender sender;
	uint8_t min_fds, max_fds;
	const char *name;
	const char *text;
	uint16_t required[VPDN_IPC_MAX_REQUIRED];	/* TLV types, 0 ends */
};

/* Rows; NULL when unknown (or i beyond the end).  The OPTIONAL bit is ignored. */
const struct vpdn_ipc_msg_def *vpdn_ipc_msg_lookup(uint16_t type);
const struct vpdn_ipc_msg_def *vpdn_ipc_msg_row(size_t i);
const struct vpdn_ipc_tlv_def *vpdn_ipc_tlv_lookup(uint16_t type);
const struct vpdn_ipc_tlv_def *vpdn_ipc_tlv_row(size_t i);
/* The number of a row, below VPDN_IPC_MAX_TLV_TYPES. */
size_t vpdn_ipc_tlv_index(const struct vpdn_ipc_tlv_def *def);
/* Names for logs, "message?" and "TLV?" when unknown. */
const char *vpdn_ipc_msg_name(uint16_t type);
const char *vpdn_ipc_tlv_name(uint16_t type);
/* A counter's name, NULL when it is not known. */
const char *vpdn_ipc_counter_name(uint16_t counter);

/* ---- building ---- */

struct vpdn_ipc_builder {
	struct vpdn_writer w;
	uint8_t buf[VPDN_IPC_MAX_LEN];
};

/* Starts a message.  `flags`: VPDN_IPC_F_*; `seq`: own number, or the request's in a reply. */
void vpdn_ipc_begin(struct vpdn_ipc_builder *b, uint16_t type, uint8_t flags, uint32_t seq);

/*
 * Append a TLV.  The kind must be the one of the TLV's row (a mistake fails the
 * message); the error is sticky and reported by vpdn_ipc_finish() or _send().
 */
bool vpdn_ipc_put_u8(struct vpdn_ipc_builder *b, uint16_t tlv, uint8_t v);
bool vpdn_ipc_put_u16(struct vpdn_ipc_builder *b, uint16_t tlv, uint16_t v);
bool vpdn_ipc_put_u32(struct vpdn_ipc_builder *b, uint16_t tlv, uint32_t v);
bool vpdn_ipc_put_u64(struct vpdn_ipc_builder *b, uint16_t tlv, uint64_t v);
bool vpdn_ipc_put_ip4(struct vpdn_ipc_builder *b, uint16_t tlv, struct in_addr v);
/* For bytes, secret, list and text; text must hold no NUL. */
bool vpdn_ipc_put_bytes(struct vpdn_ipc_builder *b, uint16_t tlv, const void *p, size_t len);
/* A NUL-terminated string for text, bytes, list or secret; NULL fails the message. */
bool vpdn_ipc_put_text(struct vpdn_ipc_builder *b, uint16_t tlv, const char *s);
/* printf into a text TLV; what is longer than 511 octets is cut. */
bool vpdn_ipc_put_textf(struct vpdn_ipc_builder *b, uint16_t tlv, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A TLV of any number and any kind, for TLVs that were received and travel on. */
bool vpdn_ipc_put_raw(struct vpdn_ipc_builder *b, uint16_t tlv, const void *p, size_t len);
/* One entry of the AVP list; flags: VPDN_IPC_AVP_M. */
#define VPDN_IPC_AVP_M	0x01
bool vpdn_ipc_put_avp(struct vpdn_ipc_builder *b, uint16_t vendor, uint16_t type, uint8_t flags,
		      const void *value, size_t len);
/* The PROXY_* TLVs of all that is present in *p. */
bool vpdn_ipc_put_proxy(struct vpdn_ipc_builder *b, const struct vpdn_proxy *p);
/* One entry of the COUNTER list. */
bool vpdn_ipc_put_counter(struct vpdn_ipc_builder *b, enum vpdn_ipc_counter counter, uint64_t value);
/* One entry of the SOURCE list. */
bool vpdn_ipc_put_source(struct vpdn_ipc_builder *b, struct in_addr addr, uint8_t prefix_len);

/* Writes the length into the header and checks that the TLVs the message needs are
 * there.  0; -EMSGSIZE: did not fit, or a TLV was put wrongly; -EINVAL: a TLV is missing. */
int vpdn_ipc_finish(struct vpdn_ipc_builder *b);

/* Overwrites what the builder holds (messages with secrets). */
void vpdn_ipc_builder_wipe(struct vpdn_ipc_builder *b);

/* ---- parsing ---- */

struct vpdn_ipc_msg {
	uint16_t type;
	uint8_t flags;
	uint32_t seq;
	const struct vpdn_ipc_msg_def *def;	/* NULL when the type is unknown */
	uint16_t bad_tlv;			/* after -EBADMSG: the TLV that is wrong or missing, or 0 */
	unsigned int nfds;			/* entries of fds[]; a taken one is -1 */
	int fds[VPDN_IPC_MAX_FDS];		/* owned by the message until taken */
	size_t len;				/* of the message in buf[] */
	uint8_t buf[VPDN_IPC_MAX_LEN];
};

/*
 * Checks and describes the `len` octets already in m->buf.
 * 0: fine.  -EPROTO: no header, other magic or version, length is not `len`: this
 * peer speaks something else.  -EOPNOTSUPP: the type is unknown; type and seq are
 * set, the rule is to answer ERROR.  -EBADMSG: damaged TLVs, an unknown TLV without
 * the OPTIONAL bit, a wrong size for its kind, a repeated TLV that is no list, or a
 * required TLV is missing (m->bad_tlv).  Every TLV of an accepted message has the
 * size that its kind wants, so that the getters fail only for absence.
 */
int vpdn_ipc_parse(struct vpdn_ipc_msg *m, size_t len);

/* First TLV of that type; true and the value in place. */
bool vpdn_ipc_get_bytes(const struct vpdn_ipc_msg *m, uint16_t tlv, const uint8_t **p, size_t *len);
bool vpdn_ipc_has(const struct vpdn_ipc_msg *m, uint16_t tlv);
/* Numbers; false and *v untouched when absent (set the default before). */
bool vpdn_ipc_get_u8(const struct vpdn_ipc_msg *m, uint16_t tlv, uint8_t *v);
bool vpdn_ipc_get_u16(const struct vpdn_ipc_msg *m, uint16_t tlv, uint16_t *v);
bool vpdn_ipc_get_u32(const struct vpdn_ipc_msg *m, uint16_t tlv, uint32_t *v);
bool vpdn_ipc_get_u64(const struct vpdn_ipc_msg *m, uint16_t tlv, uint64_t *v);
bool vpdn_ipc_get_ip4(const struct vpdn_ipc_msg *m, uint16_t tlv, struct in_addr *v);
/*
 * Copies a TLV to a NUL-terminated string.  True when it is there, fits and holds
 * no NUL; otherwise false and buf is "".  Only for names and texts.
 */
bool vpdn_ipc_get_text(const struct vpdn_ipc_msg *m, uint16_t tlv, char *buf, size_t size);

struct vpdn_ipc_iter {
	struct vpdn_reader r;
};
void vpdn_ipc_iter_init(struct vpdn_ipc_iter *it, const struct vpdn_ipc_msg *m);
/* Next TLV in order (OPTIONAL bit removed from *tlv); false at the end. */
bool vpdn_ipc_next(struct vpdn_ipc_iter *it, uint16_t *tlv, const uint8_t **p, size_t *len);
/* Next TLV of one type: for lists. */
bool vpdn_ipc_next_of(struct vpdn_ipc_iter *it, uint16_t tlv, const uint8_t **p, size_t *len);

/* Taking list entries apart; false when the entry is too short. */
bool vpdn_ipc_parse_avp(const uint8_t *p, size_t len, uint16_t *vendor, uint16_t *type, uint8_t *flags,
			const uint8_t **value, size_t *value_len);
bool vpdn_ipc_parse_counter(const uint8_t *p, size_t len, uint16_t *counter, uint64_t *value);
bool vpdn_ipc_parse_source(const uint8_t *p, size_t len, struct in_addr *addr, uint8_t *prefix_len);

/*
 * One line for debug logs: name, sequence number, TLVs by name.  Secrets and further
 * AVPs show their length only.  NUL-terminates, cuts, returns buf.
 */
char *vpdn_ipc_print(const struct vpdn_ipc_msg *m, char *buf, size_t size);

/* Collects the PROXY_* TLVs; *p is initialised first.  0 or -EMSGSIZE. */
int vpdn_ipc_get_proxy(const struct vpdn_ipc_msg *m, struct vpdn_proxy *p);

/* Hands fd number i over to the caller; -1 when there is none (any more). */
int vpdn_ipc_take_fd(struct vpdn_ipc_msg *m, unsigned int i);
/* Closes the fds that nobody took.  Safe to repeat; to be called after every vpdn_ipc_recv(). */
void vpdn_ipc_msg_close(struct vpdn_ipc_msg *m);
/* vpdn_ipc_msg_close() and overwriting of the contents. */
void vpdn_ipc_msg_wipe(struct vpdn_ipc_msg *m);

/* ---- sockets ---- */

/*
 * Finishes and sends the message, with up to VPDN_IPC_MAX_FDS fds, which stay the
 * caller's.  Never blocks, never raises SIGPIPE.  0; -EAGAIN: the peer's queue is
 * full; -EPIPE: the peer is gone; errors of vpdn_ipc_finish().
 */
int vpdn_ipc_send(int fd, struct vpdn_ipc_builder *b, const int *fds, unsigned int nfds);

/* Sends octets that vpdn_ipc_finish() made before (a queue of the caller's). */
int vpdn_ipc_send_octets(int fd, const void *p, size_t len, const int *fds, unsigned int nfds);

/* Sends ERROR as the reply to request `seq`.  `err`: positive errno value. */
int vpdn_ipc_send_error(int fd, uint32_t seq, int err, const char *text);

/*
 * Receives and parses one message.  1: *m is valid (and owns its fds).  0: the peer
 * closed.  -EAGAIN: nothing there.  -EMSGSIZE: the message or its fds were truncated;
 * errors of vpdn_ipc_parse(), whose rules for ERROR replies apply; other -errno: the
 * socket is broken.  -EBADMSG also when fds the message needs are missing.
 * Received fds are CLOEXEC; those that the message should not have, or that come with
 * a refused message, are closed here.  In every case m->nfds is set.
 */
int vpdn_ipc_recv(int fd, struct vpdn_ipc_msg *m);

/* Credentials of a connected peer (SO_PEERCRED); either pointer may be NULL.  0 or -errno. */
int vpdn_ipc_peer(int fd, pid_t *pid, uid_t *uid);

/*
 * A listening socket at `path`, mode 0600, non-blocking, CLOEXEC.  A stale socket file
 * (nobody listens) is replaced.  The fd, or -EADDRINUSE when somebody listens there,
 * -ENAMETOOLONG, or another -errno.  The directory must exist.
 */
int vpdn_ipc_listen(const char *path);

/* Accepts one connection, non-blocking and CLOEXEC.  The fd, -EAGAIN, or -errno. */
int vpdn_ipc_accept(int listen_fd);

#endif
