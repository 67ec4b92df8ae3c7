/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pppoe_hash.c - fills, thins out and searches a hash table of rp-pppoe's libevent, beside a plain count of what must be in it.
 *
 * Built and run by test_pppoe_hash.py with the tree's hash.c, and with calloc() wrapped, so that memory can run out. How long the
 * chains are shows in the number of comparisons. Says what is wrong and ends with 1, or with 0.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "hash.h"

#define ITEMS	30000
#define KEYS	(ITEMS / 3)
#define STEPS	200000

struct item {
	int key;
	bool in, seen;
	hash_bucket bucket;
};

static struct item items[ITEMS];
static int in_of_key[KEYS];
static hash_table table;
static unsigned long compared;
static bool memory_is_out;

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

void *__wrap_calloc(size_t n, size_t size)
{
	return memory_is_out ? NULL : __real_calloc(n, size);
}

static unsigned int compute(void *item)
{
	return (unsigned int)((struct item *)item)->key * 2654435761u;
}

static int compare(void *a, void *b)
{
	compared++;
	return ((struct item *)a)->key != ((struct item *)b)->key;
}

static void insert(struct item *item)
{
	hash_insert(&table, item);
	item->in = true;
	in_of_key[item->key]++;
}

static void take_out(struct item *item)
{
	hash_remove(&table, item);
	item->in = false;
	in_of_key[item->key]--;
}

static void fail(const char *when, const char *what)
{
	printf("%s: %s\n", when, what);
	exit(1);
}

/* All that is in is found, by its key and by going through the table, and nothing else. */
static void check(const char *when)
{
	size_t count = 0;
	void *cursor;

	for (int i = 0; i < ITEMS; i++)
		items[i].seen = false;
	for (int key = 0; key < KEYS; key++) {
		struct item wanted = { .key = key }, *item;
		int found = 0;

		for (item = hash_find(&table, &wanted); item; item = hash_find_next(&table, item)) {
			if (item->key != key || !item->in || item->seen)
				fail(when, "an item was found that must not be");
			item->seen = true;
			found++;
		}
		if (found != in_of_key[key])
			fail(when, "an item was not found");
	}
	for (struct item *item = hash_start(&table, &cursor); item; item = hash_next(&table, &cursor)) {
		if (!item->in || !item->seen)
			fail(when, "an item was passed by twice or wrongly");
		item->seen = false;
		count++;
	}
	if (count != hash_num_entries(&table))
		fail(when, "not all items were passed by");
	for (int i = 0; i < ITEMS; i++)
		if (items[i].seen)
			fail(when, "an item was not passed by");
}

int main(void)
{
	srand(2516);
	for (int i = 0; i < ITEMS; i++)
		items[i].key = i % KEYS;
	hash_init(&table, offsetof(struct item, bucket), compute, compare);
	check("empty");

	memory_is_out = true;
	for (int i = 0; i < 1000; i++)
		insert(&items[i]);
	check("without memory to grow");
	memory_is_out = false;
	for (int i = 1000; i < ITEMS; i++)
		insert(&items[i]);
	check("full");

	compared = 0;
	for (int key = 0; key < KEYS; key++) {
		struct item wanted = { .key = key };

		hash_find(&table, &wanted);
	}
	printf("%.2f comparisons a lookup among %d items\n", (double)compared / KEYS, ITEMS);
	if (compared > 8ul * KEYS)
		fail("full", "the chains are too long");

	for (int i = 0; i < STEPS; i++) {
		struct item *item = &items[rand() % ITEMS];

		if (item->in)
			take_out(item);
		else
			insert(item);
		if (i % (STEPS / 10) == 0)
			check("while items come and go");
	}
	for (int i = 0; i < ITEMS; i++)
		if (items[i].in)
			take_out(&items[i]);
	check("empty again");
	return 0;
}
