#include "traffic.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* One thread does one connection after the other, so as many are open at a time as there are threads. */
struct thread {
	pthread_t id;
	const struct options *options;
	atomic_uint *next;
	struct totals totals;
};

/* splitmix64: the same sizes for the same seed, whichever thread takes the connection. */
static uint64_t scramble(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static uint64_t pick(struct range range, uint64_t chance)
{
	return range.min + chance % (range.max - range.min + 1);
}

static bool server_closes_first(enum close_order order, unsigned index)
{
	return order == SERVER_CLOSES_FIRST || (order == ALTERNATE && index % 2);
}

static void pause_ms(unsigned ms)
{
	struct timespec left = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

static int converse(const struct options *options, unsigned index, struct totals *totals)
{
	uint64_t chance = scramble(options->seed + scramble(index));
	struct header header = {
		.client_will_send = pick(options->send_bytes, chance),
		.server_should_send = pick(options->receive_bytes, scramble(chance)),
		.flags = (server_closes_first(options->first_close, index) ? FLAG_SERVER_CLOSES_FIRST : 0) |
			 (options->half_close ? FLAG_HALF_CLOSE : 0),
	};
	int fd = connect_to(options, index);
	int error;

	if (fd < 0)
		return fd;
	error = exchange(fd, &header, header.client_will_send, totals);
	if (!error && options->hold_ms)
		pause_ms(options->hold_ms);
	if (!error && (header.flags & (FLAG_SERVER_CLOSES_FIRST | FLAG_HALF_CLOSE)))
		error = wait_for_end(fd, totals);
	if (!options->exit_fast)
		close(fd);
	return error;
}

static void *run_thread(void *argument)
{
	struct thread *thread = argument;
	unsigned index;

	while ((index = atomic_fetch_add(thread->next, 1)) < thread->options->connections) {
		int error = converse(thread->options, index, &thread->totals);

		thread->totals.connections++;
		if (error) {
			thread->totals.failed++;
			if (!thread->totals.first_error)
				thread->totals.first_error = -error;
		}
	}
	return NULL;
}

int run_client(const struct options *options)
{
	struct thread *threads = calloc(options->parallel, sizeof(*threads));
	struct totals totals = { 0 };
	atomic_uint next = 0;

	if (!threads)
		die("calloc");
	for (unsigned i = 0; i < options->parallel; i++) {
		threads[i].options = options;
		threads[i].next = &next;
		/* the first one is this thread: a client that does one thing at a time has no others */
		if (i > 0 && pthread_create(&threads[i].id, NULL, run_thread, &threads[i]) != 0)
			die("pthread_create");
	}
	run_thread(&threads[0]);
	for (unsigned i = 0; i < options->parallel; i++) {
		if (i > 0)
			pthread_join(threads[i].id, NULL);
		totals.connections += threads[i].totals.connections;
		totals.bytes_sent += threads[i].totals.bytes_sent;
		totals.bytes_received += threads[i].totals.bytes_received;
		totals.failed += threads[i].totals.failed;
		if (!totals.first_error)
			totals.first_error = threads[i].totals.first_error;
	}
	print_totals(&totals);
	if (options->exit_fast)
		_exit(totals.failed ? 1 : 0);
	free(threads);
	return totals.failed ? 1 : 0;
}

int run_churn(const struct options *options)
{
	struct options churn = *options;

	if (!churn.send_bytes.max)
		churn.send_bytes = (struct range){ 1, 64 };
	if (!churn.receive_bytes.max)
		churn.receive_bytes = (struct range){ 1, 64 };
	if (!churn.sources)
		churn.sources = 32;
	return run_client(&churn);
}
