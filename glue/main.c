/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.c - vpdnd's entry; all the rest is a library, so that tests can link it. */
#include "vpdnd.h"

int main(int argc, char **argv)
{
	return vpdnd_main(argc, argv);
}
