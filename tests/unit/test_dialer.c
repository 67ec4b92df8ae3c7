/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of vpdn-dialer's parts: the states of a bearer, words with numbers in them, and locks of ttys. */
#include "glue/dialer/bearer_fsm.h"
#include "glue/dialer/tty_lock.h"
#include "glue/dialer/words.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

/* Every state × event: what may come is in the table, and whatever comes, a bearer that hangs up is over in the end. */
static void bearers_end(void **state)
{
	static const bool allowed[VPDN_BEARER_STATE_COUNT][VPDN_BEARER_EV_COUNT] = {
		[VPDN_BEARER_DIALLING] = {
			[VPDN_BEARER_EV_CAME_UP] = true, [VPDN_BEARER_EV_FAILED] = true, [VPDN_BEARER_EV_CLEAR] = true,
			[VPDN_BEARER_EV_TIMER] = true,
		},
		[VPDN_BEARER_UP] = { [VPDN_BEARER_EV_LOST] = true, [VPDN_BEARER_EV_CLEAR] = true },
		[VPDN_BEARER_HANGING_UP] = {
			[VPDN_BEARER_EV_CLEAR] = true, [VPDN_BEARER_EV_HUNG_UP] = true, [VPDN_BEARER_EV_TIMER] = true,
		},
	};

	(void)state;
	for (int s = 0; s < VPDN_BEARER_STATE_COUNT; s++) {
		assert_string_not_equal(vpdn_bearer_state_name(s), "?");
		for (int e = 0; e < VPDN_BEARER_EV_COUNT; e++) {
			const struct vpdn_bearer_row *row = vpdn_bearer_row(s, e);

			assert_string_not_equal(vpdn_bearer_event_name(e), "?");
			assert_int_equal(allowed[s][e], row != NULL);
			if (!row)
				continue;
			/* What came up or was begun is hung up before it is over, and the last word is said once. */
			assert_int_equal(row->next == VPDN_BEARER_DONE, row->action == VPDN_BEARER_ACT_SAY_OVER);
			assert_int_equal(row->next == VPDN_BEARER_UP, row->action == VPDN_BEARER_ACT_SAY_UP);
			assert_int_equal(s != VPDN_BEARER_HANGING_UP && row->next == VPDN_BEARER_HANGING_UP,
					 row->action == VPDN_BEARER_ACT_HANG_UP);
		}
	}
}

static void numbers_that_may_be_dialled(void **state)
{
	static const struct {
		const char *number;
		bool modem, other;
	} numbers[] = {
		{ "6121", true, true }, { "+44-20.7946", true, true }, { "*#0,ABCD", true, true }, { "abcd", true, true }, { "-1", true, false },
		{ "isp@corp:1_2", false, true }, { "T1", false, true }, { "", false, false }, { "1 2", false, false }, { "1;2", false, false },
		{ "1\\c", false, false }, { "^M", false, false }, { "1\r", false, false }, { "$(x)", false, false }, { "../x", false, false },
		{ "1%n", false, false }, { "1\"", false, false }, { "\xb2", false, false }, { "1&F", false, false }, { "!", false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		assert_int_equal(vpdn_number_dialable(numbers[i].number, true), numbers[i].modem);
		assert_int_equal(vpdn_number_dialable(numbers[i].number, false), numbers[i].other);
	}
}

static void words_with_the_number_in_them(void **state)
{
	static const struct {
		const char *word, *expected;
	} words[] = {
		{ "ATDT%n", "ATDT6121" }, { "%n%n%n", "612161216121" }, { "%%n", "%n" }, { "100%", "100%" }, { "%x", "%x" }, { "", "" },
		{ "%", "%" }, { "%%", "%" }, { "%n", "6121" },
	};
	struct vpdn_words w = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++) {
		uint8_t *copy = exact(words[i].word, strlen(words[i].word));

		vpdn_words_add_with(&w, copy, strlen(words[i].word), "6121");
		free(copy);
		assert_false(w.bad);
		assert_int_equal(w.n, i + 1);
		assert_string_equal(w.v[i], words[i].expected);
		assert_null(w.v[i + 1]);
	}
	vpdn_words_add_with(&w, "a\0b", 3, "1");
	assert_true(w.bad);
	vpdn_words_add(&w, "too late");
	assert_int_equal(w.n, COUNT(words));
	vpdn_words_free(&w);
	vpdn_words_free(&w);
	assert_int_equal(w.n, 0);
}

/* ---- locks ---- */

static char dir[] = "/tmp/vpdn-lock-XXXXXX";
static char lock_path[64];

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(lock_path, sizeof(lock_path), "%s/LCK..ttyX_9", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	unlink(lock_path);
	return rmdir(dir);	/* fails when a file was left */
}

static void write_lock(const char *text)
{
	FILE *f = fopen(lock_path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static pid_t ended_process(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return pid;
}

/* As pppd makes them: ten columns and a newline, readable for everybody. */
static void a_lock_is_pppd_s(void **state)
{
	struct vpdn_tty_lock l;
	char expected[16], text[16] = "";
	struct stat st;
	pid_t holder;
	FILE *f;

	(void)state;
	umask(022);
	assert_int_equal(vpdn_tty_lock(&l, dir, "/dev/ttyX/9", &holder), 0);
	f = fopen(lock_path, "r");
	assert_non_null(f);
	assert_int_equal(fread(text, 1, sizeof(text), f), 11);
	fclose(f);
	snprintf(expected, sizeof(expected), "%10d\n", (int)getpid());
	assert_string_equal(text, expected);
	assert_int_equal(stat(lock_path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	vpdn_tty_unlock(&l);
	assert_int_equal(access(lock_path, F_OK), -1);
	vpdn_tty_unlock(&l);
}

static void a_living_process_keeps_its_lock(void **state)
{
	struct vpdn_tty_lock l;
	char text[32];
	pid_t holder;

	(void)state;
	snprintf(text, sizeof(text), "%10d\n", (int)getppid());
	write_lock(text);
	assert_int_equal(vpdn_tty_lock(&l, dir, "/dev/ttyX/9", &holder), -EBUSY);
	assert_int_equal(holder, getppid());
	vpdn_tty_unlock(&l);
	assert_int_equal(access(lock_path, F_OK), 0);
	unlink(lock_path);
}

static void stale_and_damaged_locks_are_taken_over(void **state)
{
	char gone[32], own[32];
	const char *texts[] = { gone, own, "", "garbage\n", "-1\n", "99999999999999999999\n" };
	struct vpdn_tty_lock l;
	pid_t holder;

	(void)state;
	snprintf(gone, sizeof(gone), "%d", (int)ended_process());
	snprintf(own, sizeof(own), "%d\n", (int)getpid());	/* of a former process with our number */
	for (size_t i = 0; i < COUNT(texts); i++) {
		write_lock(texts[i]);
		assert_int_equal(vpdn_tty_lock(&l, dir, "/dev/ttyX/9", &holder), 0);
		vpdn_tty_unlock(&l);
		assert_int_equal(access(lock_path, F_OK), -1);
	}
}

static void a_lock_that_cannot_be_made(void **state)
{
	struct vpdn_tty_lock l;
	char name[400];
	pid_t holder;

	(void)state;
	assert_int_equal(vpdn_tty_lock(&l, "/nonexistent", "/dev/ttyX9", &holder), -ENOENT);
	memset(name, 'x', sizeof(name));
	memcpy(name, "/dev/", 5);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(vpdn_tty_lock(&l, dir, name, &holder), -ENAMETOOLONG);
	assert_int_equal(symlink("/dev/null", lock_path), 0);	/* not followed */
	assert_int_equal(vpdn_tty_lock(&l, dir, "/dev/ttyX/9", &holder), -ELOOP);
	unlink(lock_path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bearers_end),
		cmocka_unit_test(numbers_that_may_be_dialled),
		cmocka_unit_test(words_with_the_number_in_them),
		cmocka_unit_test(a_lock_is_pppd_s),
		cmocka_unit_test(a_living_process_keeps_its_lock),
		cmocka_unit_test(stale_and_damaged_locks_are_taken_over),
		cmocka_unit_test(a_lock_that_cannot_be_made),
	};

	return cmocka_run_group_tests_name("dialer", tests, make_dir, remove_dir);
}
