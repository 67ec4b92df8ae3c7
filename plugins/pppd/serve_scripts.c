/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * serve_scripts.c - see serve_scripts.h; called by vpdn-serve.c and serve_call.c.
 *
 * Debian's /etc/ppp/ip-pre-up, ip-up and ip-down are shell scripts that do no more than
 * run-parts over a directory.  On a server that directory holds nothing that would do
 * anything, and still shell, basename and run-parts cost tens of times what the rest of
 * the call does.  A script is left out when it is byte for byte one that is known, there
 * is no NAME.local, no log it would write, and its directory has nothing that run-parts
 * would run, except ppp's own 0000usepeerdns, which does nothing without the option of
 * that name.  Any other script is run, as it stands at that moment.
 *
 * pppd takes the paths of ip-up and ip-down from variables: an empty one is no file.
 * That of ip-pre-up is in no variable of 2.4.9.  It is run between IPCP's up and the
 * notification that IP is up, where pppd forks for nothing else: that fork ends at once.
 */
#include "pppd_compat.h"

#include "serve_scripts.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sha2.h>
#include <sys/stat.h>

#define SCRIPT_MAX	8192
#define DIRECTORY	"/etc/ppp"
#define SCRIPT_LOG	"/var/log/ppp-ipupdown.log"
#define PPP_QUICK	"/var/run/ppp-quick"	/* pon(1)'s: ip-up would end pppd */
#define USEPEERDNS	"0000usepeerdns"

enum script { PRE_UP, UP, DOWN, DNS_UP, DNS_DOWN, SCRIPTS };

/* A file as it was when it was last looked at. */
struct seen {
	struct timespec mtime, ctime;
	ino_t inode;
	off_t size;
	bool known;
};

static struct {
	const char *name;
	const char *digests[2];		/* of Debian 12 (ppp 2.4.9), and 13 (2.5.2) when it is another */
	struct seen seen;
} scripts[SCRIPTS] = {
	[PRE_UP] = { .name = "ip-pre-up", .digests = {
		"4c94ffad8f1eed66bdccd9456f50a1f0aae54978cf6c1e84f439bcb46a32db57" } },
	[UP] = { .name = "ip-up", .digests = {
		"3a7c1bf309a3fa4ea4b324fccc5ca2c5d907ada04c6b3b7c35ef9893f0e0eab1" } },
	[DOWN] = { .name = "ip-down", .digests = {
		"57c4112f686ce228078d964555dec9ebf6f07f5dbf77daae01a7ba8e717cfb3f" } },
	[DNS_UP] = { .name = "ip-up.d/" USEPEERDNS, .digests = {
		"a0489d2bbf8d33b132754f9d391be7622c610e17380d88e5c891ab64dc73221a",
		"c6642e9baa8a2a489eb0ba1bdac1289aafa5e8e58aa5e46c078eece4eaa8cc4d" } },
	[DNS_DOWN] = { .name = "ip-down.d/" USEPEERDNS, .digests = {
		"a2f8eff7abd676b154d11b89522a5556263fdbc0cd43d3474a6122cf983ae492" } },
};

static bool skip_fork;
static void (*next_up)(fsm *), (*next_down)(fsm *);

static bool read_known(int number, const char *path)
{
	char digest[SHA256_DIGEST_STRING_LENGTH];
	uint8_t text[SCRIPT_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len;
	unsigned int i;

	if (fd < 0)
		return false;
	len = read(fd, text, sizeof(text));
	close(fd);
	if (len <= 0 || len == (ssize_t)sizeof(text))
		return false;
	SHA256Data(text, (size_t)len, digest);
	for (i = 0; i < sizeof(scripts[number].digests) / sizeof(scripts[number].digests[0]); i++)
		if (scripts[number].digests[i] && strcmp(digest, scripts[number].digests[i]) == 0)
			return true;
	return false;
}

/* True when the file is one that is known to do nothing of its own. */
static bool known(int number)
{
	struct seen *s = &scripts[number].seen;
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), DIRECTORY "/%s", scripts[number].name);
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	if (st.st_ino == s->inode && st.st_size == s->size && st.st_mtim.tv_sec == s->mtime.tv_sec &&
	    st.st_mtim.tv_nsec == s->mtime.tv_nsec && st.st_ctim.tv_sec == s->ctime.tv_sec &&
	    st.st_ctim.tv_nsec == s->ctime.tv_nsec)
		return s->known;
	*s = (struct seen){ .mtime = st.st_mtim, .ctime = st.st_ctim, .inode = st.st_ino, .size = st.st_size,
			    .known = read_known(number, path) };
	return s->known;
}

/* Names that run-parts(8) takes without options. */
static bool run_parts_takes(const char *name)
{
	return name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")] == '\0';
}

static bool directory_idle(const char *name, int dns)
{
	char path[PATH_MAX];
	struct dirent *e;
	bool idle = true;
	DIR *d;

	snprintf(path, sizeof(path), DIRECTORY "/%s.d", name);
	d = opendir(path);
	if (!d)
		return errno == ENOENT;
	while (idle && (e = readdir(d))) {
		if (dns && strcmp(e->d_name, USEPEERDNS) == 0)
			idle = !ipcp_wantoptions[0].req_dns1 && known(dns);
		else
			idle = !run_parts_takes(e->d_name);
	}
	closedir(d);
	return idle;
}

/* True when running the script would change nothing.  dns: its 0000usepeerdns, 0: it has none. */
static bool idle(int number, int dns)
{
	const char *name = scripts[number].name;
	char local[PATH_MAX];

	snprintf(local, sizeof(local), DIRECTORY "/%s.local", name);
	return known(number) && access(local, F_OK) < 0 && access(SCRIPT_LOG, F_OK) < 0 && directory_idle(name, dns);
}

static void ipcp_up(fsm *f)
{
	skip_fork = idle(PRE_UP, 0);
	if (strcmp(path_ipup, DIRECTORY "/ip-up") == 0 && access(PPP_QUICK, F_OK) < 0 && idle(UP, DNS_UP))
		path_ipup[0] = '\0';
	next_up(f);
	skip_fork = false;
}

static void ipcp_down(fsm *f)
{
	if (strcmp(path_ipdown, DIRECTORY "/ip-down") == 0 && idle(DOWN, DNS_DOWN))
		path_ipdown[0] = '\0';
	next_down(f);
}

static void ip_is_up(void *ctx, int arg)
{
	(void)ctx;
	(void)arg;
	skip_fork = false;
}

/* In the fork. */
static void forked(void *ctx, int arg)
{
	(void)ctx;
	(void)arg;
	if (skip_fork)
		_exit(0);
}

void vpdn_scripts_learn(void)
{
	int i;

	for (i = 0; i < SCRIPTS; i++)
		known(i);
}

void vpdn_scripts_watch(void)
{
	next_up = ipcp_fsm[0].callbacks->up;
	ipcp_fsm[0].callbacks->up = ipcp_up;
	next_down = ipcp_fsm[0].callbacks->down;
	ipcp_fsm[0].callbacks->down = ipcp_down;
	vpdn_ppp_on_ip_up(ip_is_up);
	vpdn_ppp_on_fork(forked);
}
