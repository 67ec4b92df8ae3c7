/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ipc_client.c - connecting to vpdnd and to pppd templates, see ipc_client.h. */
#include "ipc_client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int vpdn_ipc_hello(const char *path, enum vpdn_ipc_role role, const char *name)
{
	struct vpdn_ipc_builder b;
	int fd, rc;

	fd = vpdn_ipc_connect(path ? path : VPDN_SOCKET_PATH);
	if (fd < 0)
		return fd;
	vpdn_ipc_begin(&b, VPDN_MSG_HELLO, 0, 0);
	vpdn_ipc_put_u8(&b, VPDN_TLV_VERSION, VPDN_IPC_VERSION);
	vpdn_ipc_put_u8(&b, VPDN_TLV_ROLE, (uint8_t)role);
	vpdn_ipc_put_text(&b, VPDN_TLV_NAME, name);
	rc = vpdn_ipc_send(fd, &b, NULL, 0);
	if (rc) {
		close(fd);
		return rc;
	}
	return fd;
}

int vpdn_ipc_hello_answer(const struct vpdn_ipc_msg *m)
{
	uint8_t version = 0;
	uint32_t err = 0;

	if (m->type == VPDN_MSG_HELLO_ACK) {
		vpdn_ipc_get_u8(m, VPDN_TLV_VERSION, &version);
		return version == VPDN_IPC_VERSION ? 0 : -EPROTO;
	}
	if (m->type == VPDN_MSG_ERROR && vpdn_ipc_get_u32(m, VPDN_TLV_ERRNO, &err) && err && err <= 4095)
		return -(int)err;
	return -EPROTO;
}

int vpdn_template_path(const char *dir, const char *name, char *buf, size_t size)
{
	int n;

	/* The name comes from a configuration file; it must stay within the directory. */
	if (!name || !*name || *name == '.' || strchr(name, '/'))
		return -EINVAL;
	n = snprintf(buf, size, "%s/%s.sock", dir ? dir : VPDN_TEMPLATE_DIR, name);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

int vpdn_template_connect(const char *dir, const char *name)
{
	char path[108];
	int rc = vpdn_template_path(dir, name, path, sizeof(path));

	return rc ? rc : vpdn_ipc_connect(path);
}

unsigned int vpdn_ipc_backoff_ms(unsigned int attempt)
{
	if (!attempt)
		return 0;
	return attempt > 6 ? 5000 : 100u << (attempt - 1);
}
