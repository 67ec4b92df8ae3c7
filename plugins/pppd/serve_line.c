/* SPDX-License-Identifier: GPL-2.0-or-later */
/* serve_line.c - see serve_line.h. */
#include "serve_line.h"

#include <ctype.h>
#include <dlfcn.h>

#include "line.h"

#define PAIRS_MAX	32
#define NAME_MAX_LEN	32	/* of an attribute, in radius.so's dictionary */
/* radius.so ends pppd (2.5) or writes beyond its buffer (2.4) with a longer value. */
#define VALUE_SIZE	64
#define TEXT_SIZE	(3 * 1024)

/* One option: this attribute gets the value of this item. */
static struct {
	char attribute[NAME_MAX_LEN + 1];
	const struct vpdn_line_item *item;
} pairs[PAIRS_MAX];
static size_t n_pairs;

static int add_pair(char **argv);

static option_t options[] = {
	{ .name = "vpdn-radius-avpair", .type = o_special, .addr = (void *)add_pair,
	  .description = "RADIUS attribute with something known of the line: ATTRIBUTE=ITEM", .flags = OPT_PRIV },
	{ .name = NULL }
};

static int add_pair(char **argv)
{
	const char *value = strchr(*argv, '=');
	size_t len = value ? (size_t)(value - *argv) : 0, i;

	for (i = 0; i < len; i++)
		if (!isalnum((unsigned char)(*argv)[i]) && !strchr("-_.", (*argv)[i]))
			len = 0;
	if (!len || len > NAME_MAX_LEN || !vpdn_line_lookup(value + 1)) {
		vpdn_ppp_option_error("vpdn-radius-avpair: \"%s\" is not ATTRIBUTE=ITEM, such as Called-Station-Id=called-number (an attribute's name has 1 to %d characters)",
				      *argv, NAME_MAX_LEN);
		return 0;
	}
	if (n_pairs == PAIRS_MAX) {
		vpdn_ppp_option_error("vpdn-radius-avpair: more than %d of them", PAIRS_MAX);
		return 0;
	}
	memcpy(pairs[n_pairs].attribute, *argv, len);
	pairs[n_pairs++].item = vpdn_line_lookup(value + 1);
	return 1;
}

const char *vpdn_serve_line_check(void)
{
	if (n_pairs && !dlsym(RTLD_DEFAULT, "radius_pre_auth_hook"))
		return "vpdn-radius-avpair needs the plugin radius.so";
	return NULL;
}

void vpdn_serve_line_calling(const struct vpdn_ipc_msg *call, char *buf, size_t size)
{
	const struct vpdn_line_item *item = vpdn_line_lookup("calling-number");
	struct vpdn_line_value v;

	buf[0] = '\0';
	if (vpdn_line_get(call, item, &v))
		vpdn_line_text(&v, item, buf, size);
}

static void export_environment(const struct vpdn_ipc_msg *call)
{
	char name[VPDN_LINE_NAME_MAX], text[TEXT_SIZE];
	const struct vpdn_line_item *item;
	struct vpdn_line_value v;

	for (size_t i = 0; (item = vpdn_line_row(i)) != NULL; i++)
		if (vpdn_line_get(call, item, &v))
			vpdn_ppp_setenv(vpdn_line_env(item, name, sizeof(name)), vpdn_line_text(&v, item, text, sizeof(text)));
}

static void add_avpair(const char *attribute, const char *text)
{
	char word[NAME_MAX_LEN + VALUE_SIZE + sizeof("=\"\"")], *argv[] = { (char *)"avpair", word, NULL };

	snprintf(word, sizeof(word), "%.*s=\"%.*s\"", NAME_MAX_LEN, attribute, VALUE_SIZE - 1, text);
	if (!parse_args(2, argv))
		warn("vpdn: radius.so does not take the attribute %s", attribute);
}

static void export_radius(const struct vpdn_ipc_msg *call)
{
	struct vpdn_line_value v;
	char text[VALUE_SIZE];

	for (size_t i = 0; i < n_pairs; i++) {
		if (!vpdn_line_get(call, pairs[i].item, &v) || !v.len)
			continue;
		if (v.number > UINT32_MAX)	/* the largest that an attribute holds */
			v.number = UINT32_MAX;
		add_avpair(pairs[i].attribute, vpdn_line_text(&v, pairs[i].item, text, sizeof(text)));
	}
}

void vpdn_serve_line_export(const struct vpdn_ipc_msg *call)
{
	export_environment(call);
	export_radius(call);
}

void vpdn_serve_line_init(void)
{
	vpdn_ppp_add_options(options);
}
