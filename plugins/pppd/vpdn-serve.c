/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpdn-serve.c - the pppd template: a pppd that reads one options file, and then serves
 * calls from a Unix socket with a forked child for each.
 *
 *	pppd nodetach plugin vpdn-serve.so vpdn-template NAME file /etc/ppp/vpdn/NAME
 *
 * Loading it changes nothing; the option vpdn-template does.  pppd then calls our
 * channel's process_extra_options when it has its options and plugins, and nothing yet
 * that belongs to one session: no database, pid file, signal handler or start time.
 * There it becomes the template (serve_template.c).  What returns from that point is
 * a child with a call (serve_call.c), and stock pppd does all the rest.
 *
 * Visible to other plugins are vpdn_serve_api (serve_api.h) and rc_mksid().
 */
#include "pppd_compat.h"

#include <inttypes.h>
#include <sys/random.h>
#include <time.h>

#include "conn_watch.h"
#include "ipc_client.h"
#include "serve_api.h"
#include "serve_call.h"
#include "serve_cause.h"
#include "serve_line.h"
#include "serve_scripts.h"
#include "serve_template.h"

VPDN_PLUGIN_VERSION;

VPDN_EXPORT extern const struct vpdn_serve_api vpdn_serve_api;
const struct vpdn_serve_api vpdn_serve_api = {
	.version = VPDN_SERVE_API_VERSION,
	.call = vpdn_call_message,
	.forget_credentials = vpdn_call_forget_credentials,
	.info = vpdn_call_info,
	.set_cause = vpdn_cause_set,
	.hand_over = vpdn_call_hand_over,
};

#define DEFAULT_MAX_CALLS	10000

static struct vpdn_template_config config = { .max_calls = DEFAULT_MAX_CALLS };
static char *template_name, *template_dir;	/* pppd frees a former value: no literals */
static int max_calls = DEFAULT_MAX_CALLS;

static int set_template(char **argv);

static option_t options[] = {
	{ .name = "vpdn-template", .type = o_special, .addr = (void *)set_template,
	  .description = "Serve calls as the template of this name", .flags = OPT_PRIV },
	{ .name = "vpdn-template-dir", .type = o_string, .addr = &template_dir,
	  .description = "Directory of the template's socket", .flags = OPT_PRIV },
	{ .name = "vpdn-max-calls", .type = o_int, .addr = &max_calls,
	  .description = "Calls after which the template starts itself anew (0: never)",
	  .flags = OPT_PRIV | OPT_LLIMIT, .lower_limit = 0 },
	{ .name = NULL }
};

/* What would give a child to init, or end or repeat a session behind the template's back. */
static void check_template_options(void)
{
	static const char hint[] = "is not for a pppd template (vpdn-template): its children serve one call each";

	if (updetach)
		vpdn_ppp_option_error("updetach %s", hint);
	else if (!nodetach)
		vpdn_ppp_option_error("a pppd template (vpdn-template) needs the option nodetach");
	else if (demand)
		vpdn_ppp_option_error("demand %s", hint);
	else if (persist)
		vpdn_ppp_option_error("persist %s", hint);
	else if (vpdn_serve_line_check())
		vpdn_ppp_option_error("%s", vpdn_serve_line_check());
	else
		return;
	exit(EXIT_OPTION_ERROR);
}

static void become_template(void)
{
	static struct vpdn_ipc_msg call;
	int conn;

	check_template_options();
	config.name = template_name;
	config.dir = template_dir;
	config.max_calls = (unsigned int)max_calls;
	/* pppd logs to syslog and to stdout; with a journal behind both, every line would come twice. */
	if (log_default && getenv("JOURNAL_STREAM"))
		log_to_fd = -1;

	vpdn_scripts_learn();
	conn = vpdn_template_serve(&config, &call);
	vpdn_call_begin(&call, conn);
}

static struct channel template_channel = {
	.options = options,
	.process_extra_options = become_template,
	.check_options = vpdn_call_check_options,
	.connect = vpdn_call_connect,
	.disconnect = vpdn_call_disconnect,
	.establish_ppp = vpdn_call_establish,
	.disestablish_ppp = vpdn_ppp_disestablish,
	.close = vpdn_conn_close,
};

static int set_template(char **argv)
{
	char path[512];

	if (vpdn_template_path(NULL, *argv, path, sizeof(path)) < 0) {
		vpdn_ppp_option_error("vpdn-template: \"%s\" is no name for a template: letters, digits and the like, no \"/\"",
				      *argv);
		return 0;
	}
	free(template_name);
	template_name = strdup(*argv);
	if (!template_name)
		novm("vpdn-template");
	the_channel = &template_channel;
	vpdn_ppp_set_modem(0);
	return 1;
}

/*
 * radius.so's own gives the same Acct-Session-Id to all sessions that a process, or
 * two with the same low bits, begin within a second.  This one is found in its place
 * when vpdn-serve.so was loaded before radius.so.  31 characters at most.
 */
VPDN_EXPORT char *rc_mksid(void);
VPDN_EXPORT char *rc_mksid(void)
{
	static char id[32];
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		random = (uint64_t)getpid();
	snprintf(id, sizeof(id), "%08" PRIX32 "%016" PRIX64, (uint32_t)time(NULL), random);
	return id;
}

void plugin_init(void)
{
	vpdn_ppp_add_options(options);
	vpdn_serve_line_init();
}
