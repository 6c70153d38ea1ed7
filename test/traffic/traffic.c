#include "traffic.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct command {
	const char *name;
	int (*run)(const struct options *options);
	bool connects;
} commands[] = {
	{ "server", run_server, false }, { "client", run_client, true },   { "churn", run_churn, true },
	{ "hold", run_hold, true },	 { "refused", run_refused, true }, { "reset", run_reset, true },
};

static const char usage[] =
	"traffic server  --family 4|6 [--addr A] [--port P] [--workers N]\n"
	"traffic client  --to A:P [--connections N] [--parallel K] [--send-bytes N|MIN-MAX] [--receive-bytes N|MIN-MAX]\n"
	"                [--hold MS] [--seed S] [--first-close client|server|alternate] [--half-close] [--sources N]\n"
	"                [--exit-fast]\n"
	"traffic churn   --to A:P [--connections N] [--parallel K] [--sources N] [--first-close ...]\n"
	"traffic hold    --to A:P [--connections N] [--sources N]   (stdin: send BYTES)\n"
	"traffic refused --to A:P [--connections N]\n"
	"traffic reset   --to A:P [--connections N] [--send-bytes N] [--by client|server]\n"
	"traffic actor                                              (stdin: see actor.h)\n";

int main(int argc, char **argv)
{
	struct options options;

	signal(SIGPIPE, SIG_IGN);
	if (argc > 1 && strcmp(argv[1], "actor") == 0) {
		allow_all_descriptors();
		return run_actor(argv[2]);
	}
	for (unsigned i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		if (!parse_options(argc - 1, argv + 1, &options))
			break;
		if (commands[i].connects && !options.has_to) {
			fprintf(stderr, "traffic: --to is missing\n");
			break;
		}
		allow_all_descriptors();
		return commands[i].run(&options);
	}
	fputs(usage, stderr);
	return 2;
}
