/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.c - vpdn-dialer's entry; all the rest is a library, so that tests can link it. */
#include "dialer.h"

int main(int argc, char **argv)
{
	return vpdn_dialer_main(argc, argv);
}
