/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz.h - how a fuzz harness is run.
 *
 * A harness defines LLVMFuzzerTestOneInput().  With -DVPDN_LIBFUZZER it is linked
 * with clang's -fsanitize=fuzzer.  Without, the main() below replays the files given
 * as arguments and then mutations of them, always the same ones, so that the unit
 * tests run it with gcc and its sanitizers.  VPDN_FUZZ_ITERATIONS sets the number of
 * mutations of all files together.
 *
 * check() is an assertion that stays in every build.
 */
#ifndef VPDN_FUZZ_H
#define VPDN_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define check(what)	do {								\
	if (!(what)) {									\
		fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #what);	\
		abort();								\
	}										\
} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#ifndef VPDN_LIBFUZZER

#define FUZZ_MAX_INPUT	4096u
#define FUZZ_MAX_FILES	256
#ifndef FUZZ_ITERATIONS
#define FUZZ_ITERATIONS	300000ul
#endif

struct fuzz_input {
	uint8_t data[FUZZ_MAX_INPUT];
	size_t len;
};

static uint64_t fuzz_random_state = 0x9e3779b97f4a7c15ull;

/* xorshift64*: deterministic, the same on every machine. */
static uint32_t fuzz_random(uint32_t below)
{
	fuzz_random_state ^= fuzz_random_state >> 12;
	fuzz_random_state ^= fuzz_random_state << 25;
	fuzz_random_state ^= fuzz_random_state >> 27;
	return (uint32_t)((fuzz_random_state * 0x2545f4914f6cdd1dull >> 32) % below);
}

/* One change that a decoder may dislike. */
static void fuzz_mutate(struct fuzz_input *in, const struct fuzz_input *other)
{
	static const uint8_t edges[] = { 0, 1, 2, 5, 6, 7, 0x3f, 0x7f, 0x80, 0xfe, 0xff };
	size_t at = in->len ? fuzz_random((uint32_t)in->len) : 0, n, from;

	switch (fuzz_random(14)) {
	default:	/* a bit */
		if (in->len)
			in->data[at] ^= (uint8_t)(1u << fuzz_random(8));
		break;
	case 1:		/* an octet */
		if (in->len)
			in->data[at] = (uint8_t)fuzz_random(256);
		break;
	case 2:		/* an octet of the kind that limits are made of */
		if (in->len)
			in->data[at] = edges[fuzz_random(sizeof(edges))];
		break;
	case 3:
	case 4:		/* one more or one less */
		if (in->len)
			in->data[at] += fuzz_random(2) ? 1 : 0xff;
		break;
	case 5:		/* cut the end */
		in->len = at;
		break;
	case 6:		/* take some out */
		n = fuzz_random(16);
		if (n > in->len - at)
			n = in->len - at;
		memmove(in->data + at, in->data + at + n, in->len - at - n);
		in->len -= n;
		break;
	case 7:		/* put some in */
		n = 1 + fuzz_random(16);
		if (in->len + n > FUZZ_MAX_INPUT)
			break;
		memmove(in->data + at + n, in->data + at, in->len - at);
		memset(in->data + at, (int)fuzz_random(256), n);
		in->len += n;
		break;
	case 8:		/* put a piece of another input in */
		if (!other->len)
			break;
		from = fuzz_random((uint32_t)other->len);
		n = 1 + fuzz_random((uint32_t)(other->len - from));
		if (in->len + n > FUZZ_MAX_INPUT)
			break;
		memmove(in->data + at + n, in->data + at, in->len - at);
		memcpy(in->data + at, other->data + from, n);
		in->len += n;
		break;
	}
}

/* From a heap copy of the exact size: the sanitizer sees one octet too many. */
static void fuzz_run(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	check(copy);
	if (len)
		memcpy(copy, data, len);
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

static int fuzz_load(const char *path, struct fuzz_input *in)
{
	FILE *f = fopen(path, "rbe");

	if (!f) {
		perror(path);
		return -1;
	}
	in->len = fread(in->data, 1, sizeof(in->data), f);
	fclose(f);
	return 0;
}

int main(int argc, char **argv)
{
	const char *setting = getenv("VPDN_FUZZ_ITERATIONS");
	unsigned long iterations = setting ? strtoul(setting, NULL, 10) : FUZZ_ITERATIONS, i;
	struct fuzz_input *inputs = calloc(FUZZ_MAX_FILES, sizeof(*inputs));
	static struct fuzz_input work;
	size_t n = 0, len;
	int arg;

	check(inputs);
	for (arg = 1; arg < argc && n < FUZZ_MAX_FILES; arg++)
		if (fuzz_load(argv[arg], &inputs[n++]) < 0)
			return 2;
	if (!n)
		n = 1;	/* no files: mutations of nothing */
	for (i = 0; i < n; i++)
		for (len = 0; len <= inputs[i].len; len++)
			fuzz_run(inputs[i].data, len);
	for (i = 0; i < iterations; i++) {
		/* Small steps away from a good input, now and then long walks. */
		if (i % 8 == 0 || !fuzz_random(4))
			work = inputs[fuzz_random((uint32_t)n)];
		fuzz_mutate(&work, &inputs[fuzz_random((uint32_t)n)]);
		fuzz_run(work.data, work.len);
	}
	printf("%zu inputs, %lu mutations: all well\n", n, iterations);
	free(inputs);
	return 0;
}

#endif
#endif
