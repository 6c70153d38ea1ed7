#include "traffic.h"

#include <errno.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* Connections that nobody accepts; prints how each kind of failure was met. */
int run_refused(const struct options *options)
{
	unsigned connected = 0, refused = 0, timed_out = 0, unreachable = 0, other = 0;

	for (unsigned i = 0; i < options->connections; i++) {
		int fd = connect_to(options, i);

		if (fd >= 0) {
			connected++;
			close(fd);
		} else if (fd == -ECONNREFUSED) {
			refused++;
		} else if (fd == -ETIMEDOUT) {
			timed_out++;
		} else if (fd == -EHOSTUNREACH || fd == -ENETUNREACH) {
			unreachable++;
		} else {
			other++;
		}
	}
	printf("{\"pid\":%d,\"connections\":%u,\"connected\":%u,\"refused\":%u,\"timed_out\":%u,\"unreachable\":%u,"
	       "\"other\":%u}\n",
	       getpid(), options->connections, connected, refused, timed_out, unreachable, other);
	return 0;
}

/* A reset throws away what was not yet acknowledged; without that, both ends can agree on the bytes. */
static void wait_until_acknowledged(int fd)
{
	struct timespec pause = { 0, 1000000 };
	int unacknowledged;

	for (unsigned ms = 0; ms < 5000; ms++) {
		if (ioctl(fd, SIOCOUTQ, &unacknowledged) < 0 || unacknowledged == 0)
			return;
		nanosleep(&pause, NULL);
	}
}

/* By the client: one byte before the end of what it announced. By the server: after everything was moved. */
static int break_off(const struct options *options, unsigned index, struct totals *totals)
{
	struct header header = {
		.client_will_send = options->send_bytes.min + (options->by_server ? 0 : 1),
		.server_should_send = options->receive_bytes.min,
		.flags = options->by_server ? FLAG_SERVER_RESETS : 0,
	};
	struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	int fd = connect_to(options, index);
	int error;

	if (fd < 0)
		return fd;
	error = exchange(fd, &header, options->send_bytes.min, totals);
	if (!error && options->by_server) {
		error = wait_for_end(fd, totals);
		if (error == -ECONNRESET)
			totals->resets++, error = 0;
	} else if (!error) {
		wait_until_acknowledged(fd);
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		totals->resets++;
	}
	close(fd);
	return error;
}

int run_reset(const struct options *options)
{
	struct totals totals = { 0 };

	for (unsigned i = 0; i < options->connections; i++) {
		int error = break_off(options, i, &totals);

		totals.connections++;
		if (error) {
			totals.failed++;
			if (!totals.first_error)
				totals.first_error = -error;
		}
	}
	print_totals(&totals);
	return totals.failed ? 1 : 0;
}
