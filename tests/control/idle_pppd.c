/* SPDX-License-Identifier: GPL-2.0-or-later */
/* idle_pppd.c - a pppd that does nothing until it is ended, for calls of which only the control plane is looked at. */
#include <signal.h>
#include <unistd.h>

int main(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGTERM, SIG_DFL);
	for (;;)
		pause();
}
