/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slow_resolver.c - preloaded into vpdnd: looking up a name that begins with "slow" takes 20 seconds, as a name server that is gone does. */
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");

	if (node && !strncmp(node, "slow", 4))
		sleep(20);
	return real(node, service, hints, result);
}
