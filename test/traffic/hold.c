#include "traffic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Says `ready N` when all connections are open, then obeys the lines of stdin: `send BYTES` sends as much on each
 * connection and answers `sent TOTAL`. The end of stdin closes them all.
 */
int run_hold(const struct options *options)
{
	struct header header = { .client_will_send = UNTIL_END };
	struct totals totals = { 0 };
	int *sockets = calloc(options->connections, sizeof(*sockets));
	unsigned open = 0;
	char line[64];

	if (!sockets)
		die("calloc");
	for (unsigned i = 0; i < options->connections; i++) {
		int fd = connect_to(options, i);

		totals.connections++;
		if (fd < 0 || send(fd, &header, sizeof(header), MSG_NOSIGNAL) != sizeof(header)) {
			totals.failed++;
			if (!totals.first_error && fd < 0)
				totals.first_error = -fd;
			if (fd >= 0)
				close(fd);
			continue;
		}
		totals.bytes_sent += sizeof(header);
		sockets[open++] = fd;
	}
	printf("ready %u\n", open);
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		uint64_t before = totals.bytes_sent;

		if (strncmp(line, "send ", 5) != 0) {
			fprintf(stderr, "traffic: cannot obey %s", line);
			return 2;
		}
		for (unsigned i = 0; i < open; i++) {
			if (send_some(sockets[i], strtoull(line + 5, NULL, 10), &totals) < 0)
				totals.failed++;
		}
		printf("sent %llu\n", (unsigned long long)(totals.bytes_sent - before));
		fflush(stdout);
	}
	for (unsigned i = 0; i < open; i++)
		close(sockets[i]);
	print_totals(&totals);
	return totals.failed ? 1 : 0;
}
