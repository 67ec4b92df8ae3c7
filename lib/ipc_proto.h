/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ipc_proto.h - the messages that vpdn's processes exchange: numbers, names and which TLVs each needs.
 *
 * One message is one datagram of a Unix SOCK_SEQPACKET socket: a 16-octet header, then TLVs, everything in network byte order.
 * This file is the one place where a message or a TLV is defined; ipc_proto.c makes its tables from the lists below, and
 * vpdn-ipc(7) describes them for people. ipc.h builds, parses, sends and receives.
 *
 *	 0              2      3       4        6          8             12            16
 *	 | magic 0x5650 | ver  | flags | type   | zero     | length      | sequence    | TLVs ...
 *	 TLV: | type (u16) | length of the value (u16) | value |
 *
 * length counts the whole message. A reply carries VPDN_IPC_F_REPLY and the sequence number of the request.
 * A receiver answers an unknown message type with ERROR; an unknown TLV is skipped when its type has VPDN_IPC_TLV_OPTIONAL
 * set and makes the message invalid otherwise.
 *
 * Two sockets speak this:
 *   /run/vpdn/vpdnd.sock       vpdnd; peers: xl2tpd's module, vpdn-lac.so, vpdn-dialout.so, vpdn-dialer, vpdnctl. HELLO comes first.
 *   /run/vpdn/ppp/NAME.sock    the pppd template NAME (vpdn-serve.so); one connection a call, no HELLO, CALL_START comes first.
 */
#ifndef VPDN_IPC_PROTO_H
#define VPDN_IPC_PROTO_H

#define VPDN_IPC_MAGIC		0x5650
#define VPDN_IPC_VERSION	1
#define VPDN_IPC_HEADER_LEN	16
#define VPDN_IPC_MAX_LEN	32768	/* of a whole message; checked before anything is allocated */
#define VPDN_IPC_MAX_FDS	3
#define VPDN_IPC_F_REPLY	0x01
#define VPDN_IPC_F_MORE		0x02	/* further messages of this reply follow */
#define VPDN_CALL_REF_ASKED	0x80000000u	/* in a CALL_REF that xl2tpd's module has chosen */
#define VPDN_IPC_TLV_OPTIONAL	0x8000	/* a receiver that does not know this TLV may skip it */

#define VPDN_SOCKET_PATH	"/run/vpdn/vpdnd.sock"
#define VPDN_TEMPLATE_DIR	"/run/vpdn/ppp"

/* Who a peer of vpdnd is (TLV ROLE). */
enum vpdn_ipc_role {
	VPDN_ROLE_CONTROL = 1,		/* vpdnctl */
	VPDN_ROLE_L2TP = 2,		/* xl2tpd's module */
	VPDN_ROLE_PPP = 3,		/* a pppd plugin: one connection a subscriber or dialled call */
	VPDN_ROLE_DIALER = 4,		/* vpdn-dialer: brings up the bearers of dial-out calls */
};

enum vpdn_access_kind { VPDN_ACCESS_PPPOE = 1, VPDN_ACCESS_TTY = 2, VPDN_ACCESS_L2TP = 3 };

enum vpdn_tunnel_state { VPDN_TUNNEL_OPENING = 1, VPDN_TUNNEL_ESTABLISHED = 2, VPDN_TUNNEL_CLOSING = 3, VPDN_TUNNEL_CLOSED = 4 };

/* Of a call as the LNS's module sees it. */
enum vpdn_call_state {
	VPDN_CALL_WAIT = 1,		/* ICRP sent, ICCN awaited */
	VPDN_CALL_CONNECTED = 2,	/* ICCN received, given to the pppd template */
	VPDN_CALL_PPP_UP = 3,		/* a network protocol is up */
	VPDN_CALL_CLOSING = 4,		/* CDN sent or PPP ending */
	VPDN_CALL_CLOSED = 5,
};

/* Where a call that was to be placed failed (TLV STAGE). */
enum vpdn_call_stage {
	VPDN_STAGE_TUNNEL = 1,		/* no tunnel to this peer: unreachable, refused, not authenticated */
	VPDN_STAGE_CALL = 2,		/* the peer refused or did not answer the call */
	VPDN_STAGE_CONNECTED = 3,	/* the call had been connected */
};

/* Who ended a call or tunnel (TLV BY). */
enum vpdn_ended_by { VPDN_BY_US = 1, VPDN_BY_PEER = 2, VPDN_BY_TIMEOUT = 3 };

/* What calls a group takes (TLV ACCEPTS), a bit each. */
enum vpdn_accepts { VPDN_ACCEPTS_DIALIN = 1, VPDN_ACCEPTS_DIALOUT = 2 };

/* How a dialer brings up a bearer (TLV DIALER_KIND). */
enum vpdn_dialer_kind {
	VPDN_DIALER_CHAT = 1,		/* a modem on one of a pool of ttys */
	VPDN_DIALER_PPPOE = 2,		/* a PPPoE client call into an access network */
	VPDN_DIALER_EXEC = 3,		/* a program on a pty */
};

/* Why an outgoing call did not come about or is over (TLV DIAL_FAILURE), in an LNS's terms. */
enum vpdn_dial_failure {
	VPDN_DIAL_BUSY = 1,
	VPDN_DIAL_NO_ANSWER = 2,
	VPDN_DIAL_NO_CARRIER = 3,
	VPDN_DIAL_NO_DIAL_TONE = 4,
	VPDN_DIAL_REFUSED = 5,		/* a LAC does not want it: no dialer for the number, not authorized, administrative */
	VPDN_DIAL_NO_RESOURCES = 6,	/* all dialers of all LACs are in use */
	VPDN_DIAL_UNREACHABLE = 7,	/* no tunnel to any LAC */
	VPDN_DIAL_TIMEOUT = 8,		/* no result in the time there was */
	VPDN_DIAL_CONFIG = 9,		/* no such group, or it cannot dial this number */
	VPDN_DIAL_LOST = 10,		/* the call had been up: the bearer or the tunnel was lost */
	VPDN_DIAL_CLEARED = 11,		/* ended by an administrator, here or there */
};

/*
 * Messages: X(NAME, number, sender, "what it says", TLVs it must have ...)
 * The sender is one of: any, client (of the socket), server. Up to one fd unless it says otherwise.
 */
#define VPDN_IPC_MESSAGES(X)																		\
	/* every connection to vpdnd */																	\
	X(HELLO,		1, client, "first message of a connection", VERSION, ROLE, NAME)									\
	X(HELLO_ACK,		2, server, "accepted", VERSION, NAME)													\
	X(ERROR,		3, any,    "the request with this sequence number failed", ERRNO, TEXT)									\
	/* pppd template: one connection a call, CALL_START carries the session's socket as its fd */									\
	X(CALL_START,		32, client, "a new call: run PPP on the socket that comes along", ACCESS)								\
	X(CALL_STARTED,		33, server, "a pppd has taken the call", PID)												\
	X(CALL_INFO,		34, server, "how proxy LCP and authentication were judged, for show", TEXT)								\
	X(CALL_UP,		35, server, "IPCP or IPV6CP is up, or the link has joined a multilink bundle (BUNDLE ...)", IFNAME)												\
	X(CALL_HANDED_OVER,	36, server, "vpdnd owns the session now; this connection is its life, and no more is said on it")					\
	X(CALL_ENDING,		37, server, "PPP is over; CDN or PADT may go out now", TEXT)										\
	X(CALL_ENDED,		38, server, "pppd leaves", STATUS, TEXT)												\
	X(CALL_CLOSE,		39, client, "end the call in good order (LCP Terminate-Request)", TEXT)									\
	X(CALL_CONNECTED,	40, client, "after CALL_START with CONNECT_LATER: what came with ICCN; its TLVs add to CALL_START's")					\
	/* vpdn-lac.so and vpdnd: one connection a subscriber */													\
	X(SUBSCRIBER_ASK,	48, client, "credentials are held: local, refused, or forwarded?", ACCESS, PID, HOLD_MS)						\
	X(SUBSCRIBER_LOCAL,	49, server, "not ours: authenticate here")												\
	X(SUBSCRIBER_REJECT,	50, server, "refuse (CHAP Failure, PAP Nak, Terminate)", TEXT)										\
	X(SUBSCRIBER_FORWARD,	51, server, "the LNS has taken the call: hand the channel over")									\
	X(SUBSCRIBER_CHANNEL,	52, client, "the session's socket or tty (fd 0), /dev/ppp attached to its channel (fd 1), and the call's own connection (fd 2) unless parked", PARKED)						\
	X(SUBSCRIBER_RELEASE,	53, server, "to a parked pppd: the session is over", TEXT)										\
	/* xl2tpd's module and vpdnd */																	\
	X(L2TP_CONFIG_BEGIN,	64, server, "the groups that accept tunnels follow; they replace the former ones at L2TP_CONFIG_END")					\
	X(L2TP_GROUP,		65, server, "one accept block of a group (ACCEPTS: one bit); PPP_TEMPLATE with dial-in", GROUP, ACCEPTS, LOCAL_NAME, TUNNEL_AUTH, IDLE_S, HELLO_S)				\
	X(L2TP_CONFIG_END,	66, server, "all groups were sent")													\
	X(L2TP_CALL_PLACE,	67, server, "ask the peer for an incoming call", CALL_REF, GROUP, PEER_IP, LOCAL_NAME, TUNNEL_AUTH, IDLE_S, HELLO_S, TIMEOUT_MS)	\
	X(L2TP_CALL_READY,	68, client, "ICRP came; the session's kernel socket comes along; ICCN waits for L2TP_CALL_CONNECT", CALL_REF, TUNNEL_ID, PEER_TUNNEL_ID, SESSION_ID, PEER_SESSION_ID) \
	X(L2TP_CALL_CONNECT,	69, server, "the bridge stands: send ICCN, or OCCN (TX_SPEED and FRAMING_TYPE of the bearer)", CALL_REF)					\
	X(L2TP_CALL_CLEAR,	70, server, "end the call (CDN)", CALL_REF, RESULT, TEXT)										\
	X(L2TP_CALL_CLEARED,	71, client, "the call is over or could not be placed; the last message about it", CALL_REF, STAGE, BY, TEXT)				\
	X(L2TP_TUNNEL_STATE,	72, client, "a tunnel changed, or is reported after (re)connecting", TUNNEL_ID, TUNNEL_STATE, PEER_IP, SESSIONS)			\
	X(L2TP_CALL_STATE,	73, client, "an LNS call changed, or is reported after (re)connecting", TUNNEL_ID, SESSION_ID, CALL_STATE)				\
	X(L2TP_SYNC_DONE,	74, client, "all tunnels and calls were reported")											\
	X(L2TP_TUNNEL_CLEAR,	75, server, "close a tunnel (StopCCN)", TUNNEL_ID, TEXT)										\
	X(L2TP_SESSION_CLEAR,	76, server, "end an LNS call in good order", TUNNEL_ID, SESSION_ID, TEXT)								\
	/* dial-out, at the LNS: L2TP_CALL_CLEAR and L2TP_CALL_CLEARED end these too */												\
	X(L2TP_DIAL_PLACE,	80, server, "ask the peer for an outgoing call (OCRQ)", CALL_REF, GROUP, PEER_IP, LOCAL_NAME, TUNNEL_AUTH, IDLE_S, HELLO_S, TIMEOUT_MS, CALLED_NUMBER) \
	X(L2TP_DIAL_ACCEPTED,	81, client, "OCRP came: the LAC dials", CALL_REF, TUNNEL_ID, PEER_TUNNEL_ID, SESSION_ID, PEER_SESSION_ID)					\
	X(L2TP_DIAL_CONNECTED,	82, client, "OCCN came: the session's kernel socket comes along", CALL_REF, TX_SPEED, FRAMING_TYPE)						\
	/* dial-out, at the LAC: CALL_REF is the module's, with VPDN_CALL_REF_ASKED set; L2TP_CALL_CONNECT, _CLEAR and _CLEARED as for placed calls */		\
	X(L2TP_DIAL_ASK,	83, client, "OCRQ came; the session's kernel socket comes along; OCRP waits for L2TP_DIAL_ACCEPT", CALL_REF, GROUP, TUNNEL_ID, PEER_TUNNEL_ID, SESSION_ID, PEER_SESSION_ID, CALLED_NUMBER) \
	X(L2TP_DIAL_ACCEPT,	84, server, "the number has a dialer: send OCRP", CALL_REF)											\
	X(L2TP_LINK_INFO,	85, any,    "send SLI (LNS), or SLI came (LAC)", CALL_REF, SEND_ACCM, RECV_ACCM)									\
	X(L2TP_WAN_ERRORS,	86, any,    "send WEN, or WEN came", CALL_REF, CALL_ERRORS)											\
	/* counters, when somebody wants to see them */															\
	X(L2TP_STATS_ASK,	87, server, "the counters of a tunnel, or with SESSION_ID of a session in it", TUNNEL_ID)						\
	X(L2TP_STATS,		88, client, "the reply", TUNNEL_ID)													\
	/* vpdn-dialout.so and vpdnd: one connection a call; its end is the call's */												\
	X(DIAL_ASK,		112, client, "an outgoing call is wanted", GROUP, CALLED_NUMBER, PID)											\
	X(DIAL_PROGRESS,	113, server, "what happens meanwhile: which LAC is asked, that it dials", TEXT)									\
	X(DIAL_CONNECTED,	114, server, "the call is up: the session's kernel socket comes along", TX_SPEED, FRAMING_TYPE, TEXT)						\
	X(DIAL_OVER,		115, server, "it did not come about, or is over; nothing follows", DIAL_FAILURE, TEXT)								\
	X(DIAL_UP,		116, client, "a network protocol is up", IFNAME)												\
	X(DIAL_LINK_INFO,	117, client, "PPP has negotiated an ACCM for the remote's asynchronous line: send SLI", SEND_ACCM, RECV_ACCM)						\
	/* vpdnd and vpdn-dialer */																	\
	X(BEARER_START,		120, server, "bring up a bearer; all that the dialer of vpdn.conf says comes along", CALL_REF, NAME, DIALER_KIND, CALLED_NUMBER, TIMEOUT_MS)	\
	X(BEARER_UP,		121, client, "the channel comes along (tty with N_PPP, or PPPoE socket)", CALL_REF, ACCESS, ACCESS_INTERFACE, TX_SPEED, FRAMING_TYPE)		\
	X(BEARER_ERRORS,	122, client, "a tty's error counters have changed", CALL_REF, CALL_ERRORS)										\
	X(BEARER_CLEAR,		123, server, "give up dialling, or hang up", CALL_REF, TEXT)											\
	X(BEARER_OVER,		124, client, "not up, lost, or hung up; its tty is free; the last message about it", CALL_REF, RESULT, TEXT)					\
	/* vpdnctl and vpdnd */																		\
	X(CTL_REQUEST,		96, client, "a command, a WORD for each word", WORD)											\
	X(CTL_REPLY,		97, server, "one JSON value; VPDN_IPC_F_MORE on all but the last message", JSON)

/*
 * TLVs: X(NAME, number, kind, "what it holds")
 * Kinds: u8 u16 u32 u64 (of exactly that size), text (UTF-8 or ASCII, no NUL, for people or names), bytes (anything),
 * secret (bytes that are wiped after use and never printed), ip4 (4 octets), list (may come several times; bytes each).
 */
#define VPDN_IPC_TLVS(X)										\
	X(VERSION,		1,  u8,    "protocol version of the sender")				\
	X(ROLE,			2,  u8,    "enum vpdn_ipc_role")					\
	X(NAME,			3,  text,  "who the sender is, for logs and show")			\
	X(PID,			4,  u32,   "process id")						\
	X(ERRNO,		5,  u32,   "errno value of a failure")					\
	X(TEXT,			6,  text,  "reason or explanation for people")				\
	X(STATUS,		7,  u32,   "pppd's exit status")					\
	X(WORD,			8,  list,  "one word of a command")					\
	X(JSON,			9,  text,  "one JSON value")						\
	/* the access line; they travel from pppoe-server or pppd to vpdnd */				\
	X(ACCESS,		16, u8,    "enum vpdn_access_kind")					\
	X(ACCESS_INTERFACE,	17, text,  "network interface or tty of the subscriber")		\
	X(PEER_MAC,		18, bytes, "6 octets: the subscriber's Ethernet address")		\
	X(PPPOE_SESSION,	19, u16,   "PPPoE session id")						\
	X(SERVICE_NAME,		20, bytes, "PPPoE Service-Name")					\
	X(AC_NAME,		21, bytes, "PPPoE AC-Name")						\
	X(CIRCUIT_ID,		22, bytes, "TR-101 Agent Circuit ID")					\
	X(REMOTE_ID,		23, bytes, "TR-101 Agent Remote ID")					\
	X(PPP_MAX_PAYLOAD,	24, u16,   "RFC 4638 PPP-Max-Payload, octets")				\
	X(CALLING_NUMBER,	25, bytes, "who calls: AVP 22")						\
	X(CALLED_NUMBER,	26, bytes, "DNIS: AVP 21")						\
	X(SUB_ADDRESS,		27, bytes, "AVP 23")							\
	X(TX_SPEED,		28, u32,   "bit/s: AVP 24")						\
	X(RX_SPEED,		29, u32,   "bit/s: AVP 38")						\
	X(FRAMING_TYPE,		30, u32,   "AVP 19: 1 synchronous, 2 asynchronous")			\
	X(BEARER_TYPE,		31, u32,   "AVP 18: 1 digital, 2 analogue")				\
	X(PHYSICAL_CHANNEL,	32, u32,   "AVP 25")							\
	X(CALL_SERIAL,		33, u32,   "AVP 15")							\
	X(NAS_PORT,		34, bytes, "port of the access server as text: Cisco's AVP 100")		\
	/* pppd */											\
	X(OPTION,		40, list,  "one word of pppd's options for this call, in order")	\
	X(IFNAME,		41, text,  "the ppp interface")						\
	X(USER,			42, bytes, "the peer's authenticated or claimed name")			\
	X(LOCAL_IP,		43, ip4,   "our address on the ppp interface")				\
	X(REMOTE_IP,		44, ip4,   "the subscriber's address")					\
	X(HOLD_MS,		45, u32,   "how long the plugin holds the credentials, ms")		\
	X(PARKED,		46, u8,    "1: the pppd stays until released or hung up; 0: it leaves")	\
	X(CONNECT_LATER,	47, u8,    "1: PPP begins when CALL_CONNECTED comes; 0, absent: at once")	\
	/* RFC 2661 4.4.5 proxy LCP and authentication, AVPs 26-33 */					\
	X(PROXY_INITIAL_RCVD,	48, bytes, "AVP 26: options of the first ConfReq received")		\
	X(PROXY_LAST_SENT,	49, bytes, "AVP 27")							\
	X(PROXY_LAST_RCVD,	50, bytes, "AVP 28")							\
	X(PROXY_AUTH_TYPE,	51, u16,   "AVP 29")							\
	X(PROXY_AUTH_NAME,	52, bytes, "AVP 30")							\
	X(PROXY_AUTH_CHALLENGE,	53, bytes, "AVP 31")							\
	X(PROXY_AUTH_ID,	54, u16,   "AVP 32")							\
	X(PROXY_AUTH_RESPONSE,	55, secret, "AVP 33")							\
	X(AVP,			56, list,  "a further AVP: vendor u16, type u16, flags u8 (1: M), value") \
	/* groups, tunnels, calls */									\
	X(GROUP,		64, text,  "name of the vpdn-group")					\
	X(CALL_REF,		65, u32,   "vpdnd's number of a call it has placed")			\
	X(TERMINATE_FROM,	66, list,  "accepted Host Name (AVP 7); none: any")			\
	X(SOURCE,		67, list,  "accepted source: address (4 octets), prefix length (u8); none: any") \
	X(LOCAL_NAME,		68, text,  "our Host Name (AVP 7)")					\
	X(PEER_NAME,		69, text,  "the peer's Host Name")					\
	X(TUNNEL_AUTH,		70, u8,    "1: tunnel authentication with SECRET; 0: none")		\
	X(SECRET,		71, secret, "tunnel password")						\
	X(HIDDEN,		94, u8,    "1: AVPs we send in the tunnel are hidden (RFC 2661 4.3)")	\
	X(PPP_TEMPLATE,		72, text,  "name of the pppd template for accepted calls")		\
	X(IDLE_S,		73, u32,   "seconds from the last session's end to StopCCN; 0: at once")	\
	X(HELLO_S,		74, u32,   "seconds of silence before HELLO")				\
	X(MAX_SESSIONS,		75, u32,   "sessions of this group at most; absent: no limit")		\
	X(POOL_LOCAL,		76, ip4,   "our address for the group's subscribers")			\
	X(POOL_FIRST,		77, ip4,   "first address of the group's pool")				\
	X(POOL_LAST,		78, ip4,   "last address of the group's pool")				\
	X(PEER_IP,		79, ip4,   "tunnel peer")						\
	X(PEER_PORT,		80, u16,   "UDP port, 1701 when absent")				\
	X(SOURCE_IP,		81, ip4,   "our address of the tunnel")					\
	X(TIMEOUT_MS,		82, u32,   "time for tunnel and call together, ms")			\
	X(TUNNEL_ID,		83, u16,   "our tunnel id")						\
	X(PEER_TUNNEL_ID,	84, u16,   "the peer's tunnel id")					\
	X(SESSION_ID,		85, u16,   "our session id")						\
	X(PEER_SESSION_ID,	86, u16,   "the peer's session id")					\
	X(TUNNEL_STATE,		87, u8,    "enum vpdn_tunnel_state")					\
	X(CALL_STATE,		88, u8,    "enum vpdn_call_state")					\
	X(SESSIONS,		89, u32,   "sessions in the tunnel")					\
	X(OUTGOING,		90, u8,    "1: we opened it; 0: the peer did")				\
	X(AGE_MS,		91, u64,   "since it was made, ms")					\
	X(ACCEPTS,		93, u8,    "enum vpdn_accepts bits")					\
	X(LCP_POLICY,		92, u8,    "negotiate a proxied LCP again: 1 always, 2 on mismatch, 3 never")	\
	/* why something ended */									\
	X(STAGE,		96, u8,    "enum vpdn_call_stage")					\
	X(BY,			97, u8,    "enum vpdn_ended_by")					\
	X(RESULT,		98, u16,   "result code of CDN or StopCCN (RFC 2661 4.4.2)")		\
	X(ERROR_CODE,		99, u16,   "general error code (RFC 2661 4.4.2)")			\
	X(Q931_CAUSE,		100, u16,  "Q.931 cause code (AVP 12)")					\
	X(DISC_CODE,		101, u16,  "RFC 3145 disconnect cause")					\
	X(DISC_PROTO,		102, u16,  "RFC 3145 control protocol number")				\
	X(DISC_DIRECTION,	103, u8,   "RFC 3145 direction: 0 global, 1 at the peer, 2 at us")		\
	/* multilink (RFC 1990); none of them without a bundle */					\
	X(BUNDLE,		104, text,  "pppd's key of the bundle: user and endpoint discriminator") \
	X(ENDPOINT_LOCAL,	105, text,  "our endpoint discriminator in pppd's notation")		\
	X(ENDPOINT_PEER,	106, text,  "the peer's")						\
	X(MRRU,			107, u16,   "what the bundle receives, octets")				\
	X(PEER_MRRU,		108, u16,   "what the peer receives, octets")				\
	X(BUNDLE_OWNER,		109, u8,    "1: this pppd keeps the bundle's interface, and stays until its last link is gone") \
	/* dial-out */											\
	X(MIN_BPS,		112, u32,   "AVP 16: lowest acceptable line speed, bit/s")		\
	X(MAX_BPS,		113, u32,   "AVP 17: highest acceptable line speed, bit/s")		\
	X(DIAL_FAILURE,		114, u8,    "enum vpdn_dial_failure")					\
	X(SEND_ACCM,		115, u32,   "AVP 35: Async-Control-Character-Map for frames to the line")	\
	X(RECV_ACCM,		116, u32,   "AVP 35: for frames from the line")				\
	X(CALL_ERRORS,		117, bytes, "AVP 34 without its reserved field: 6 counters of 4 octets")	\
	X(DIALER_KIND,		118, u8,    "enum vpdn_dialer_kind")					\
	X(DEVICE,		119, list,  "a tty of a chat dialer's pool, absolute path")		\
	X(BAUD,			120, u32,   "speed of the tty, bit/s; absent: as it is")		\
	X(SCRIPT,		121, list,  "a word of the chat script that dials, %n not yet replaced")	\
	X(HANGUP_SCRIPT,	122, list,  "a word of the chat script that hangs up; none: DTR only")	\
	X(COMMAND,		123, list,  "a word of an exec dialer's command, placeholders not yet replaced")	\
	X(RUN_AS,		124, text,  "user for an exec dialer's command")			\
	X(MTU,			125, u16,   "of an access network: above 1492 asks for RFC 4638, octets")	\
	X(WAIT_REPORT,		126, u8,    "1: an exec dialer's command says on fd 3 when the line is up, or why it is not") \
	X(COUNTER,		127, list,  "a counter: its number (u16) and value (u64)") \
	/* which tunnel a call that is placed may use; absent: no limit, and any that suits */	\
	X(TUNNEL_LIMIT,		128, u32,   "tunnels that we open for the group to this peer at most")	\
	X(GROUP_TUNNEL_LIMIT,	129, u32,   "tunnels that we open for the group at most")		\
	X(TUNNEL_SESSIONS,	130, u32,   "sessions in one tunnel at most")				\
	X(TUNNEL_OWN,		131, u8,    "1: only a tunnel that was opened for this group")	\
	X(TUNNEL_ASSIGNMENT,	132, text,  "Tunnel-Assignment-ID (RFC 2868 3.7): only a tunnel that was opened with the same; absent: with none") \
	X(REMOTE_NAME,		133, text,  "the Host Name (AVP 7) that the peer must have; absent: any")

/*
 * Counters (TLV COUNTER): X(name, number, of what, "what it counts"). A tunnel has those of its control channel (RFC 2661 5.8; each
 * message once, no ZLBs) and those of the data of all its sessions, a session those of its data. The peer is the tunnel's.
 */
#define VPDN_IPC_COUNTERS(X)										\
	X(control_sent,		1,  control, "messages sent")						\
	X(control_received,	2,  control, "messages received")					\
	X(control_retransmitted, 3, control, "messages sent again")					\
	X(control_duplicate,	4,  control, "messages received again")					\
	X(control_out_of_order,	5,  control, "messages received early, and kept")			\
	X(control_dropped,	6,  control, "messages received too early to be kept")			\
	X(zlb_sent,		7,  control, "acknowledgements sent without a message")			\
	X(zlb_received,		8,  control, "acknowledgements received without a message")		\
	X(peer_window,		9,  control, "the peer's receive window, in messages")			\
	X(congestion_window,	10, control, "messages that may be under way now")			\
	X(control_unacknowledged, 11, control, "messages not acknowledged yet, waiting ones included")	\
	X(tx_packets,		16, data, "packets to the peer")					\
	X(tx_octets,		17, data, "octets to the peer")						\
	X(tx_errors,		18, data, "packets that could not be sent")				\
	X(rx_packets,		19, data, "packets from the peer")					\
	X(rx_octets,		20, data, "octets from the peer")					\
	X(rx_errors,		21, data, "packets from the peer that were no good")			\
	X(rx_out_of_order,	22, data, "packets with an unexpected sequence number")			\
	X(rx_discarded,		23, data, "packets dropped because of their sequence number")

#define VPDN_IPC_ENUM_COUNTER(name, number, ...)	VPDN_COUNTER_##name = number,
enum vpdn_ipc_counter { VPDN_IPC_COUNTERS(VPDN_IPC_ENUM_COUNTER) };
#undef VPDN_IPC_ENUM_COUNTER

#define VPDN_IPC_ENUM_MSG(name, number, ...)	VPDN_MSG_##name = number,
enum vpdn_ipc_type { VPDN_IPC_MESSAGES(VPDN_IPC_ENUM_MSG) };
#undef VPDN_IPC_ENUM_MSG

#define VPDN_IPC_ENUM_TLV(name, number, ...)	VPDN_TLV_##name = number,
enum vpdn_ipc_tlv { VPDN_IPC_TLVS(VPDN_IPC_ENUM_TLV) };
#undef VPDN_IPC_ENUM_TLV

#endif
