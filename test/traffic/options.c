#include "traffic.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ADDR = 256, BY, CONNECTIONS, EXIT_FAST, FAMILY, FIRST_CLOSE, HALF_CLOSE, HOLD, PARALLEL, PORT, RECEIVE, SEED, SEND, SOURCES, TO, WORKERS };

static const struct option long_options[] = {
	{ "addr", required_argument, NULL, ADDR },
	{ "by", required_argument, NULL, BY },
	{ "connections", required_argument, NULL, CONNECTIONS },
	{ "exit-fast", no_argument, NULL, EXIT_FAST },
	{ "family", required_argument, NULL, FAMILY },
	{ "first-close", required_argument, NULL, FIRST_CLOSE },
	{ "half-close", no_argument, NULL, HALF_CLOSE },
	{ "hold", required_argument, NULL, HOLD },
	{ "parallel", required_argument, NULL, PARALLEL },
	{ "port", required_argument, NULL, PORT },
	{ "receive-bytes", required_argument, NULL, RECEIVE },
	{ "seed", required_argument, NULL, SEED },
	{ "send-bytes", required_argument, NULL, SEND },
	{ "sources", required_argument, NULL, SOURCES },
	{ "to", required_argument, NULL, TO },
	{ "workers", required_argument, NULL, WORKERS },
	{ NULL, 0, NULL, 0 },
};

static bool number(const char *text, uint64_t max, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	return errno == 0 && end != text && *end == '\0' && text[0] != '-' && *value <= max;
}

static bool count(const char *text, uint64_t max, unsigned *value)
{
	uint64_t wide;

	if (!number(text, max, &wide))
		return false;
	*value = wide;
	return true;
}

static bool byte_range(const char *text, struct range *range)
{
	const char *dash = strchr(text, '-');
	char low[32];

	if (!dash) {
		if (!number(text, INT64_MAX, &range->min))
			return false;
		range->max = range->min;
		return true;
	}
	if ((size_t)(dash - text) >= sizeof(low))
		return false;
	memcpy(low, text, dash - text);
	low[dash - text] = '\0';
	return number(low, INT64_MAX, &range->min) && number(dash + 1, INT64_MAX, &range->max) && range->min <= range->max;
}

static bool close_order(const char *text, enum close_order *order)
{
	static const char *const names[] = { "client", "server", "alternate" };

	for (unsigned i = 0; i < 3; i++) {
		if (strcmp(text, names[i]) == 0) {
			*order = i;
			return true;
		}
	}
	return false;
}

static bool take(struct options *o, int option, const char *text)
{
	unsigned value;

	switch (option) {
	case ADDR:
		o->addr = text;
		return true;
	case BY:
		o->by_server = strcmp(text, "server") == 0;
		return o->by_server || strcmp(text, "client") == 0;
	case CONNECTIONS:
		return count(text, 10000000, &o->connections);
	case EXIT_FAST:
		o->exit_fast = true;
		return true;
	case FAMILY:
		o->family = strcmp(text, "6") == 0 ? AF_INET6 : AF_INET;
		return strcmp(text, "4") == 0 || strcmp(text, "6") == 0;
	case FIRST_CLOSE:
		return close_order(text, &o->first_close);
	case HALF_CLOSE:
		o->half_close = true;
		return true;
	case HOLD:
		return count(text, 3600000, &o->hold_ms);
	case PARALLEL:
		return count(text, 4096, &o->parallel) && o->parallel > 0;
	case PORT:
		if (!count(text, 65535, &value))
			return false;
		o->port = value;
		return true;
	case RECEIVE:
		return byte_range(text, &o->receive_bytes);
	case SEED:
		return number(text, UINT64_MAX, &o->seed);
	case SEND:
		return byte_range(text, &o->send_bytes);
	case SOURCES:
		return count(text, 250, &o->sources);
	case TO:
		o->has_to = parse_address(text, &o->to);
		return o->has_to;
	case WORKERS:
		return count(text, 256, &o->workers);
	default:
		return false;
	}
}

bool parse_options(int argc, char **argv, struct options *options)
{
	int option, index = 0;

	*options = (struct options){ .family = AF_INET, .connections = 1, .parallel = 1 };
	while ((option = getopt_long(argc, argv, "", long_options, &index)) != -1) {
		if (option == '?')
			return false;
		if (!take(options, option, optarg)) {
			fprintf(stderr, "traffic: --%s cannot be %s\n", long_options[index].name, optarg);
			return false;
		}
	}
	return optind == argc;
}
