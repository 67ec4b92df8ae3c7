/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tty.c - see tty.h. */
#include "tty.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <linux/serial.h>

#include "glue/log.h"

#define BAD_MS	60000

static struct vpdn_tty *find(struct vpdn_dialer_daemon *d, const char *path)
{
	struct vpdn_tty *t;

	LIST_FOREACH(t, &d->ttys, link)
		if (!strcmp(t->path, path))
			return t;
	return NULL;
}

/* By another name: our own lock would not keep us off it. */
static bool device_in_use(struct vpdn_dialer_daemon *d, const char *path)
{
	struct vpdn_tty *t;
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISCHR(st.st_mode))
		return false;
	LIST_FOREACH(t, &d->ttys, link)
		if (t->fd >= 0 && t->device == st.st_rdev)
			return true;
	return false;
}

static void forget(struct vpdn_tty *t)
{
	LIST_REMOVE(t, link);
	free(t);
}

static int set_up(struct vpdn_tty *t, uint32_t baud, const char **what)
{
	int ldisc = N_TTY;
	struct termios tio;
	struct stat st;
	int fd = t->fd;

	/* Whoever was killed with a call on it may have left N_PPP, and somebody else may have it open. */
	*what = "making it a terminal (TIOCSETD N_TTY)";
	if (ioctl(fd, TIOCSETD, &ldisc) < 0)
		return -errno;
	*what = "reading its settings";
	if (fstat(fd, &st) < 0 || tcgetattr(fd, &tio) < 0)
		return -errno;
	t->device = st.st_rdev;
	cfmakeraw(&tio);
	tio.c_iflag |= IGNBRK | IGNPAR;
	tio.c_cflag &= ~(tcflag_t)(CSTOPB | PARENB | CSIZE);
	tio.c_cflag |= CS8 | CREAD | CLOCAL | HUPCL | CRTSCTS;
	*what = "setting its speed";
	if (baud && cfsetspeed(&tio, baud) < 0)
		return -errno;
	*what = "setting it up";
	if (tcsetattr(fd, TCSANOW, &tio) < 0)
		return -errno;
	/* It was opened so that it did not wait for carrier; chat(8) wants to wait. */
	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK) < 0)
		return -errno;
	tcflush(fd, TCIOFLUSH);
	return 0;
}

/* 0, -EBUSY (*holder has it), or -errno with *what. */
static int open_tty(struct vpdn_tty *t, uint32_t baud, pid_t *holder, const char **what)
{
	int rc;

	*what = "locking it in " VPDN_LOCK_DIR;
	rc = vpdn_tty_lock(&t->lock, VPDN_LOCK_DIR, t->path, holder);
	if (rc)
		return rc;
	*what = "opening it";
	t->fd = open(t->path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	rc = t->fd < 0 ? -errno : set_up(t, baud, what);
	if (!rc)
		return 0;
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
	vpdn_tty_unlock(&t->lock);
	return rc;
}

/* What was seen while looking for a free tty. */
struct search {
	unsigned int busy, bad;
	char last[200];		/* why the last bad one is bad */
};

static struct vpdn_tty *try_tty(struct vpdn_dialer_daemon *d, const char *path, uint32_t baud, struct search *s)
{
	struct vpdn_tty *t = find(d, path);
	uint64_t now = vpdn_dialer_now_ms();
	const char *what = "";
	pid_t holder = 0;
	int rc;

	if ((t && t->fd >= 0) || device_in_use(d, path)) {
		s->busy++;
		return NULL;
	}
	if (t && now < t->bad_until_ms) {
		s->bad++;
		return NULL;
	}
	if (!t) {
		if (strlen(path) >= sizeof(t->path) || !(t = calloc(1, sizeof(*t))))
			return NULL;
		strcpy(t->path, path);
		t->fd = -1;
		LIST_INSERT_HEAD(&d->ttys, t, link);
	}
	rc = open_tty(t, baud, &holder, &what);
	if (!rc)
		return t;
	if (rc == -EBUSY && holder) {
		vpdn_log_debug("%s is locked by process %d", path, (int)holder);
		s->busy++;
		forget(t);
		return NULL;
	}
	s->bad++;
	snprintf(s->last, sizeof(s->last), "%s: %s: %s", path, what, strerror(-rc));
	vpdn_log_warn("%s; this tty is left out for %d s", s->last, BAD_MS / 1000);
	t->bad_until_ms = now + BAD_MS;
	return NULL;
}

struct vpdn_tty *vpdn_tty_take(struct vpdn_dialer_daemon *d, char *const *patterns, uint32_t baud, struct vpdn_outcome *why)
{
	struct vpdn_tty *t = NULL;
	struct search s = { 0 };
	glob_t g = { 0 };

	for (; *patterns && !t; patterns++) {
		if (!glob(*patterns, 0, NULL, &g))
			for (size_t i = 0; i < g.gl_pathc && !t; i++)
				t = try_tty(d, g.gl_pathv[i], baud, &s);
		globfree(&g);
	}
	if (t)
		return t;
	if (s.busy)
		vpdn_outcome_set(why, VPDN_CDN_NO_FACILITIES_TEMP, VPDN_Q931_NO_CIRCUIT, "no tty is free: %u in use, %u not working",
				 s.busy, s.bad);
	else if (s.bad)
		vpdn_outcome_set(why, VPDN_CDN_NO_FACILITIES, VPDN_Q931_NETWORK_OUT_OF_ORDER, "no tty works%s%s", *s.last ? "; " : "", s.last);
	else
		vpdn_outcome_set(why, VPDN_CDN_NO_FACILITIES, VPDN_Q931_NETWORK_OUT_OF_ORDER, "none of the dialer's ttys exists");
	return NULL;
}

void vpdn_tty_release(struct vpdn_tty *t)
{
	if (!t)
		return;
	tcflush(t->fd, TCIOFLUSH);
	close(t->fd);
	vpdn_tty_unlock(&t->lock);
	forget(t);
}

void vpdn_ttys_free(struct vpdn_dialer_daemon *d)
{
	struct vpdn_tty *t;

	while ((t = LIST_FIRST(&d->ttys)))
		forget(t);
}

void vpdn_tty_watch_carrier(struct vpdn_tty *t, bool watch)
{
	struct termios tio;

	if (tcgetattr(t->fd, &tio) < 0)
		return;
	if (watch)
		tio.c_cflag &= ~(tcflag_t)CLOCAL;
	else
		tio.c_cflag |= CLOCAL;
	tcsetattr(t->fd, TCSANOW, &tio);
}

uint32_t vpdn_tty_speed(const struct vpdn_tty *t)
{
	/* speed_t is a code, not a number. */
	static const struct {
		speed_t code;
		uint32_t bps;
	} speeds[] = {
		{ B1200, 1200 }, { B2400, 2400 }, { B4800, 4800 }, { B9600, 9600 }, { B19200, 19200 }, { B38400, 38400 },
		{ B57600, 57600 }, { B115200, 115200 }, { B230400, 230400 }, { B460800, 460800 }, { B921600, 921600 },
	};
	struct termios tio;

	if (tcgetattr(t->fd, &tio) < 0)
		return 0;
	for (size_t i = 0; i < sizeof(speeds) / sizeof(speeds[0]); i++)
		if (speeds[i].code == cfgetospeed(&tio))
			return speeds[i].bps;
	return 0;
}

bool vpdn_tty_drop_dtr(struct vpdn_tty *t)
{
	int dtr = TIOCM_DTR;

	return ioctl(t->fd, TIOCMBIC, &dtr) == 0;
}

bool vpdn_tty_errors(const struct vpdn_tty *t, uint32_t counters[6])
{
	struct serial_icounter_struct c;

	if (ioctl(t->fd, TIOCGICOUNT, &c) < 0)
		return false;
	counters[0] = counters[4] = counters[5] = 0;
	counters[1] = (uint32_t)c.frame;
	counters[2] = (uint32_t)c.overrun;
	counters[3] = (uint32_t)c.buf_overrun;
	return true;
}
