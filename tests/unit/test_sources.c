/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_sources.c - where a call goes when others than vpdn.conf are asked: the order of keys and sources, each verdict, answers
 * at once, later and never, sources that go and come back, and that what was begun is ended.
 *
 * A source here is a list of what it answers to which key; it counts what it is asked and what is taken back.
 */
#include "unit.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#include "glue/select.h"
#include "unit_config.h"

#define GROUP(name, keys)	"vpdn-group " name " { request-dialin { protocol = l2tp " keys " }\n" \
				"initiate-to \"192.0.2.2\" { }\n tunnel-authentication = false }\n"
#define NEVER	(-1)
#define USER	"alice@example.com"

/* One thing that a source knows. */
struct known {
	const char *key;		/* NULL: all */
	enum vpdn_verdict verdict;
	int after_ms;			/* 0: before ask() returns */
};

/* One scripted source, of each kind. */
struct script {
	bool once;
	const struct known *known;
	size_t n;
	int rc;				/* of ask() */
	enum vpdn_answer_age age;
	/* what came of it */
	unsigned int asked, cancelled, under_way;
	char keys[256];			/* "domain=example.com dnis=6 " */
	unsigned int timeout_ms;	/* of the last query */
	bool had_ask;
	char user_asked[64];
};

static struct vpdnd d;
static struct script http, radius;
static struct vpdn_config *forwards;	/* what a source answers */
static struct vpdn_choice choice;
static char group[VPDN_NAME_MAX + 1];
static unsigned int chosen;

/* ---- the scripted source ---- */

struct pending {
	struct script *script;
	struct event *timer;
	struct vpdn_answer answer;
	vpdn_answer_fn *fn;
	void *arg;
};

static void pending_free(struct pending *p)
{
	p->script->under_way--;
	if (p->timer)
		event_free(p->timer);
	free(p);
}

static void on_time(evutil_socket_t fd, short what, void *arg)
{
	struct pending p = *(struct pending *)arg;

	(void)fd, (void)what;
	pending_free(arg);
	p.fn(p.arg, &p.answer);
}

static struct vpdn_answer answer_of(const struct script *s, const struct known *k)
{
	struct vpdn_answer a = { .verdict = k ? k->verdict : VPDN_VERDICT_NOTHING, .age = s->age };

	if (a.verdict == VPDN_VERDICT_FORWARD) {
		a.config = forwards;
		a.group = TAILQ_FIRST(&forwards->groups);
	}
	snprintf(a.text, sizeof(a.text), "as written");
	return a;
}

static int ask(struct script *s, const struct vpdn_query *query, vpdn_answer_fn *fn, void *arg, void **handle)
{
	const struct known *k = NULL;
	struct vpdn_answer a;
	struct pending *p;
	size_t n = strlen(s->keys);

	s->asked++;
	snprintf(s->keys + n, sizeof(s->keys) - n, "%s=%s ", vpdn_key_kind_name(query->kind), query->key);
	s->timeout_ms = query->timeout_ms;
	s->had_ask = query->ask && vpdn_ipc_get_text(query->ask, VPDN_TLV_USER, s->user_asked, sizeof(s->user_asked));
	for (size_t i = 0; i < s->n && !k; i++)
		k = !s->known[i].key || !strcmp(s->known[i].key, query->key) ? &s->known[i] : NULL;
	if (s->rc)
		return s->rc;
	a = answer_of(s, k);
	if (!k || !k->after_ms) {
		fn(arg, &a);
		return 0;
	}
	p = calloc(1, sizeof(*p));
	assert_non_null(p);
	*p = (struct pending){ .script = s, .answer = a, .fn = fn, .arg = arg };
	s->under_way++;
	if (k->after_ms > 0) {
		p->timer = evtimer_new(d.base, on_time, p);
		evtimer_add(p->timer, &(struct timeval){ .tv_usec = k->after_ms * 1000 });
	}
	*handle = p;
	return 0;
}

static void cancel(void *handle)
{
	((struct pending *)handle)->script->cancelled++;
	pending_free(handle);
}

static void *start_http(struct vpdnd *of)
{
	assert_ptr_equal(of, &d);
	return &http;
}

static void *start_radius(struct vpdnd *of)
{
	assert_ptr_equal(of, &d);
	return &radius;
}

static void stop(void *state)
{
	assert_int_equal(((struct script *)state)->under_way, 0);
}

static int ask_it(void *state, const struct vpdn_query *query, vpdn_answer_fn *fn, void *arg, void **handle)
{
	return ask(state, query, fn, arg, handle);
}

static const struct vpdn_source_ops once_ops = { .name = "http", .start = start_http, .stop = stop, .ask = ask_it, .cancel = cancel };
static const struct vpdn_source_ops key_ops = {
	.name = "radius", .per_key = true, .start = start_radius, .stop = stop, .ask = ask_it, .cancel = cancel,
};
static const struct vpdn_source_ops *const ops[VPDN_SOURCE_KINDS] = { [VPDN_SOURCE_HTTP] = &once_ops, [VPDN_SOURCE_RADIUS] = &key_ops };

/* ---- a choice ---- */

static void on_chosen(void *arg, const struct vpdn_choice *c, struct vpdn_config *of)
{
	assert_ptr_equal(arg, &chosen);
	chosen++;
	choice = *c;
	*group = '\0';
	if (c->group) {
		assert_ptr_equal(vpdn_config_group(of, c->group->name), c->group);
		snprintf(group, sizeof(group), "%s", c->group->name);
	}
}

/* A vpdnd with this configuration, whose sources are asked in that order. */
static void begin(const char *text, const enum vpdn_source_kind *sources, size_t n, bool closed)
{
	memset(&d, 0, sizeof(d));
	d.base = event_base_new();
	d.config = config(text);
	memcpy(d.config->sources, sources, n * sizeof(*sources));
	d.config->n_sources = n;
	d.config->aaa_fail_closed = closed;
	forwards = config(GROUP("answered", "domain = x"));
	memset(&http, 0, sizeof(http));
	memset(&radius, 0, sizeof(radius));
	d.aaa = vpdn_aaa_new(&d, ops);
	assert_non_null(d.aaa);
}

#define BEGIN(text, closed, ...) \
	begin(text, (const enum vpdn_source_kind[]){ __VA_ARGS__ }, COUNT(((const enum vpdn_source_kind[]){ __VA_ARGS__ })), closed)
#define KNOWS(script, ...) do { \
	static const struct known list[] = { __VA_ARGS__ }; \
	(script).known = list; \
	(script).n = COUNT(list); \
} while (0)

static void end(void)
{
	vpdn_aaa_free(d.aaa);
	vpdn_config_put(d.config);
	vpdn_config_put(forwards);
	event_base_free(d.base);
	assert_int_equal(http.under_way, 0);
	assert_int_equal(radius.under_way, 0);
}

static struct vpdn_question about(const char *user, const char *dnis, const char *line)
{
	struct vpdn_question q = { 0 };

	snprintf(q.user, sizeof(q.user), "%s", user);
	snprintf(q.dnis, sizeof(q.dnis), "%s", dnis);
	snprintf(q.interface, sizeof(q.interface), "%s", line);
	vpdn_question_complete(&q, d.config);
	return q;
}

/* Chooses, and waits for it in the event loop; the trace is in `told`. */
static char *told;

static void choose_within(const struct vpdn_question *q, unsigned int ms, bool at_once)
{
	struct vpdn_trace t = { 0 };
	struct vpdn_select *s;

	chosen = 0;
	assert_int_equal(vpdn_select_start(&s, &(struct vpdn_select_by){ .aaa = d.aaa, .config = d.config, .q = q, .trace = &t, .timeout_ms = ms },
					   on_chosen, &chosen), 0);
	assert_int_equal(chosen, at_once);
	assert_int_equal(!s, at_once);
	while (!chosen && event_base_loop(d.base, EVLOOP_ONCE) == 0)
		;
	assert_int_equal(chosen, 1);
	assert_null(s);
	free(told);
	told = t.text ? strndup(t.text, t.len) : strdup("");
	vpdn_trace_free(&t);
}

static void chooses(const struct vpdn_question *q, bool at_once, enum vpdn_verdict verdict, const char *name)
{
	choose_within(q, 5000, at_once);
	assert_int_equal(choice.verdict, verdict);
	assert_string_equal(group, name);
}

static void tells(const char *text)
{
	if (!strstr(told, text))
		fail_msg("\"%s\" is not in: %s", text, told);
}

/* ---- order ---- */

static void each_key_then_each_source(void **state)
{
	struct vpdn_question q;

	(void)state;
	BEGIN("search-order = { dnis, domain }\n" GROUP("a", "domain = example.com"), false, VPDN_SOURCE_LOCAL, VPDN_SOURCE_RADIUS);
	KNOWS(radius, { "6", VPDN_VERDICT_FORWARD, 5 });
	/* Nobody has the number; then vpdn.conf has the domain before the other is asked about it. */
	q = about(USER, "7", "eth1");
	chooses(&q, true, VPDN_VERDICT_FORWARD, "a");
	assert_string_equal(radius.keys, "dnis=7 ");
	tells("dnis: \"7\": no vpdn-group has it\nsource radius, dnis \"7\": knows nothing of it (as written)\n"
	      "domain \"example.com\": vpdn-group a has domain \"example.com\"\n");
	assert_string_equal(choice.by, "domain \"example.com\"");
	/* The number comes before the domain, whoever has it. */
	q = about(USER, "6", "");
	chooses(&q, false, VPDN_VERDICT_FORWARD, "answered");
	assert_string_equal(choice.by, "radius, dnis \"6\"");
	tells("source radius, dnis \"6\": forward (as written)\n");
	/* What is not known is not asked about. */
	*radius.keys = '\0';
	q = about("bob@b.example", "", "eth1");
	chooses(&q, true, VPDN_VERDICT_LOCAL, "");
	assert_string_equal(radius.keys, "domain=b.example ");
	tells("dnis: there is no called number\n");
	assert_string_equal(choice.why, "no vpdn-group has this line, called number or domain");
	end();
}

static void a_source_before_local(void **state)
{
	struct vpdn_question q;

	(void)state;
	BEGIN(GROUP("a", "domain = example.com"), false, VPDN_SOURCE_RADIUS, VPDN_SOURCE_LOCAL);
	KNOWS(radius, { "example.com", VPDN_VERDICT_FORWARD, 0 });
	q = about(USER, "", "");
	chooses(&q, true, VPDN_VERDICT_FORWARD, "answered");
	end();
}

static void one_question_covers_all_keys(void **state)
{
	struct vpdn_question q;

	(void)state;
	BEGIN(GROUP("a", "domain = example.com"), false, VPDN_SOURCE_LOCAL, VPDN_SOURCE_HTTP);
	KNOWS(http, { "example.com", VPDN_VERDICT_NOTHING, 5 });
	/* At the first key, by the name of the best, and never again. */
	q = about("bob@example.net", "6", "eth1");
	chooses(&q, true, VPDN_VERDICT_LOCAL, "");
	assert_string_equal(http.keys, "domain=example.net ");
	tells("line: interface \"eth1\": no vpdn-group has it\nsource http: knows nothing of it (as written)\ndnis: \"6\": no");
	/* Even when the first key is not known, and none is. */
	*http.keys = '\0';
	q = about("bob", "", "");
	chooses(&q, true, VPDN_VERDICT_LOCAL, "");
	assert_string_equal(http.keys, "domain=bob ");
	tells("line: nothing is known of it\nsource http: knows");
	/* What comes later still counts. */
	q = about(USER, "", "");
	chooses(&q, false, VPDN_VERDICT_FORWARD, "a");
	end();
}

static void the_default_group_comes_last(void **state)
{
	struct vpdn_question q;

	(void)state;
	BEGIN(GROUP("rest", "default = true"), false, VPDN_SOURCE_LOCAL, VPDN_SOURCE_RADIUS);
	KNOWS(radius, { "local.example", VPDN_VERDICT_LOCAL, 5 });
	q = about("bob@b.example", "", "");
	chooses(&q, true, VPDN_VERDICT_FORWARD, "rest");
	/* A source that says local has decided. */
	q = about("bob@local.example", "", "");
	chooses(&q, false, VPDN_VERDICT_LOCAL, "");
	assert_string_equal(choice.why, "source radius, domain \"local.example\" says so: as written");
	end();
}

static void a_source_may_refuse(void **state)
{
	struct vpdn_question q;

	(void)state;
	BEGIN(GROUP("rest", "default = true"), false, VPDN_SOURCE_RADIUS);
	KNOWS(radius, { NULL, VPDN_VERDICT_REJECT, 5 });
	q = about("b\"ob@\x7f.x", "", "");
	chooses(&q, false, VPDN_VERDICT_REJECT, "");
	assert_string_equal(choice.why, "source radius, domain \"\\x7f.x\" says so: as written");
	end();
}

/* ---- unavailable ---- */

static void open_or_closed(void **state)
{
	struct vpdn_question q;

	(void)state;
	for (int closed = 0; closed < 2; closed++) {
		BEGIN(GROUP("a", "domain = example.com"), closed, VPDN_SOURCE_RADIUS, VPDN_SOURCE_LOCAL);
		KNOWS(radius, { NULL, VPDN_VERDICT_UNAVAILABLE, 5 });
		q = about(USER, "", "");
		chooses(&q, false, closed ? VPDN_VERDICT_REJECT : VPDN_VERDICT_FORWARD, closed ? "" : "a");
		tells(closed ? "unavailable (as written): refused, as aaa-failure = closed" :
			       "unavailable (as written): the others decide, as aaa-failure = open");
		if (closed)
			assert_string_equal(choice.why, "source radius is unavailable");
		/* What it cannot even be asked is the same. */
		radius.rc = -ENOBUFS;
		chooses(&q, true, closed ? VPDN_VERDICT_REJECT : VPDN_VERDICT_FORWARD, closed ? "" : "a");
		tells("No buffer space");
		end();
	}
}

static void none_waits_longer_than_the_call(void **state)
{
	uint64_t before = vpdnd_now_ms();
	struct vpdn_question q;

	(void)state;
	BEGIN(GROUP("a", "domain = example.com"), false, VPDN_SOURCE_HTTP, VPDN_SOURCE_RADIUS, VPDN_SOURCE_LOCAL);
	KNOWS(http, { NULL, VPDN_VERDICT_FORWARD, NEVER });
	KNOWS(radius, { NULL, VPDN_VERDICT_FORWARD, NEVER });
	q = about(USER, "6", "");
	choose_within(&q, 300, false);
	assert_true(vpdnd_now_ms() - before >= 300);
	assert_in_range(http.timeout_ms, 1, 300);
	assert_int_equal(http.cancelled, 1);
	assert_int_equal(radius.asked, 0);
	tells("source http: unavailable (no answer within ");
	tells("source radius, dnis \"6\": unavailable (no time left to ask it)");
	assert_string_equal(group, "a");
	end();
}

static void given_up(void **state)
{
	struct vpdn_trace t = { 0 };
	struct vpdn_question q;
	struct vpdn_select *s;

	(void)state;
	BEGIN("", false, VPDN_SOURCE_RADIUS);
	KNOWS(radius, { NULL, VPDN_VERDICT_REJECT, 5 });
	q = about(USER, "", "");
	chosen = 0;
	assert_int_equal(vpdn_select_start(&s, &(struct vpdn_select_by){ .aaa = d.aaa, .config = d.config, .q = &q, .trace = &t,
					   .timeout_ms = 5000 }, on_chosen, &chosen), 0);
	assert_non_null(s);
	vpdn_select_cancel(&s);
	assert_null(s);
	vpdn_select_cancel(&s);
	assert_int_equal(radius.cancelled, 1);
	event_base_loop(d.base, EVLOOP_NONBLOCK);
	assert_int_equal(chosen, 0);
	vpdn_trace_free(&t);
	end();
}

static void a_reload_does_not_disturb_it(void **state)
{
	struct vpdn_trace t = { 0 };
	struct vpdn_question q;
	struct vpdn_select *s;

	(void)state;
	BEGIN(GROUP("a", "domain = example.com"), false, VPDN_SOURCE_RADIUS, VPDN_SOURCE_LOCAL);
	KNOWS(radius, { NULL, VPDN_VERDICT_NOTHING, 5 });
	q = about(USER, "", "");
	chosen = 0;
	assert_int_equal(vpdn_select_start(&s, &(struct vpdn_select_by){ .aaa = d.aaa, .config = d.config, .q = &q, .trace = &t,
					   .timeout_ms = 5000 }, on_chosen, &chosen), 0);
	vpdn_config_put(d.config);
	d.config = config("");
	vpdn_aaa_reload(d.aaa);
	event_base_dispatch(d.base);
	assert_int_equal(chosen, 1);
	assert_string_equal(group, "a");
	vpdn_trace_free(&t);
	end();
}

static void a_source_sees_the_message_of_each_question(void **state)
{
	static struct vpdn_ipc_builder b;
	struct vpdn_trace t = { 0 };
	struct vpdn_question q;
	struct vpdn_select *s;
	uint8_t *octets;

	(void)state;
	BEGIN("", false, VPDN_SOURCE_RADIUS);
	q = about(USER, "6", "");
	vpdn_ipc_begin(&b, VPDN_MSG_SUBSCRIBER_ASK, 0, 1);
	vpdn_ipc_put_u8(&b, VPDN_TLV_ACCESS, VPDN_ACCESS_PPPOE);
	vpdn_ipc_put_u32(&b, VPDN_TLV_PID, 1);
	vpdn_ipc_put_u32(&b, VPDN_TLV_HOLD_MS, 30000);
	vpdn_ipc_put_text(&b, VPDN_TLV_USER, USER);
	assert_int_equal(vpdn_ipc_finish(&b), 0);
	octets = exact(b.w.buf, b.w.len);
	KNOWS(radius, { "6", VPDN_VERDICT_NOTHING, 5 }, { "example.com", VPDN_VERDICT_REJECT, 5 });
	chosen = 0;
	assert_int_equal(vpdn_select_start(&s, &(struct vpdn_select_by){ .aaa = d.aaa, .config = d.config, .q = &q, .trace = &t,
					   .ask = octets, .ask_len = b.w.len, .timeout_ms = 5000 }, on_chosen, &chosen), 0);
	assert_true(radius.had_ask);
	*radius.user_asked = '\0';
	event_base_dispatch(d.base);
	assert_int_equal(chosen, 1);
	assert_string_equal(radius.user_asked, USER);
	assert_string_equal(radius.keys, "dnis=6 domain=example.com ");
	free(octets);
	vpdn_trace_free(&t);
	end();
}

/* ---- show aaa ---- */

static const char *source_text(size_t i, const char *key)
{
	static json_t *o;

	json_decref(o);
	o = vpdn_aaa_show(d.aaa);
	return json_string_value(json_object_get(json_array_get(json_object_get(o, "sources"), i), key));
}

static long long source_number(size_t i, const char *key)
{
	json_t *o = vpdn_aaa_show(d.aaa);
	long long v = (long long)json_integer_value(json_object_get(json_array_get(json_object_get(o, "sources"), i), key));

	json_decref(o);
	return v;
}

static void up_and_down(void **state)
{
	struct vpdn_question q;

	(void)state;
	BEGIN("", false, VPDN_SOURCE_HTTP);
	q = about(USER, "", "");
	assert_string_equal(source_text(0, "name"), "http");
	assert_string_equal(source_text(0, "state"), "not asked yet");
	chooses(&q, true, VPDN_VERDICT_LOCAL, "");
	assert_string_equal(source_text(0, "state"), "up");
	KNOWS(http, { NULL, VPDN_VERDICT_UNAVAILABLE, 0 });
	chooses(&q, true, VPDN_VERDICT_LOCAL, "");
	assert_string_equal(source_text(0, "state"), "down");
	/* What was kept of earlier answers says nothing of it now. */
	KNOWS(http, { NULL, VPDN_VERDICT_FORWARD, 0 });
	http.age = VPDN_ANSWER_CACHED;
	chooses(&q, true, VPDN_VERDICT_FORWARD, "answered");
	assert_string_equal(source_text(0, "state"), "down");
	http.age = VPDN_ANSWER_FRESH;
	chooses(&q, true, VPDN_VERDICT_FORWARD, "answered");
	assert_string_equal(source_text(0, "state"), "up");
	/* It was asked and did not answer, though an old answer did for this call. */
	http.age = VPDN_ANSWER_STALE;
	chooses(&q, true, VPDN_VERDICT_FORWARD, "answered");
	assert_string_equal(source_text(0, "state"), "down");
	assert_int_equal(source_number(0, "asked"), 5);
	assert_int_equal(source_number(0, "forward"), 3);
	assert_int_equal(source_number(0, "unavailable"), 1);
	assert_int_equal(source_number(0, "nothing"), 1);
	assert_int_equal(source_number(1, "asked"), 0);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_key_then_each_source),
		cmocka_unit_test(a_source_before_local),
		cmocka_unit_test(one_question_covers_all_keys),
		cmocka_unit_test(the_default_group_comes_last),
		cmocka_unit_test(a_source_may_refuse),
		cmocka_unit_test(open_or_closed),
		cmocka_unit_test(none_waits_longer_than_the_call),
		cmocka_unit_test(given_up),
		cmocka_unit_test(a_reload_does_not_disturb_it),
		cmocka_unit_test(a_source_sees_the_message_of_each_question),
		cmocka_unit_test(up_and_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
