#define _GNU_SOURCE
#include "traffic.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define CHUNK (256 * 1024)
#define MAX_EVENTS 256
/* Turns at one socket before the others have theirs. */
#define MAX_TURNS 16
/* Descriptors a process needs besides its connections. */
#define SPARE_DESCRIPTORS 64
/* After being told to stop: this long without anything to do means that nothing is on its way. Longer while
 * connections are open, whose last bytes may be late on a busy machine. */
#define QUIET_MS 100
#define QUIET_OPEN_MS 500

struct connection {
	int fd;
	bool sending; /* waits for room to send */
	struct header header;
	unsigned header_got;
	uint64_t received, sent; /* payload only */
};

struct worker {
	int epoll, listener;
	bool listening;
	unsigned open, most_open;
	struct worker_totals *totals;
	char *buffer;
};

enum verdict { GO_ON, DONE, BROKEN };

static void watch_listener(struct worker *worker, bool on)
{
	/* EXCLUSIVE: one new connection wakes one of the processes that share the listener */
	struct epoll_event event = { .events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = worker };

	if (on == worker->listening)
		return;
	worker->listening = on;
	epoll_ctl(worker->epoll, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, worker->listener, &event);
}

static void accept_all(struct worker *worker)
{
	for (unsigned turn = 0; turn < MAX_EVENTS; turn++) {
		struct epoll_event event = { .events = EPOLLIN };
		struct connection *connection;
		int fd;

		if (worker->open >= worker->most_open) {
			watch_listener(worker, false);
			return;
		}
		fd = accept4(worker->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			return; /* none left, taken by another process, or gone again */
		connection = calloc(1, sizeof(*connection));
		if (!connection)
			die("calloc");
		connection->fd = fd;
		event.data.ptr = connection;
		if (epoll_ctl(worker->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
			die("epoll_ctl");
		worker->open++;
		worker->totals->accepted++;
	}
}

static bool has_header(const struct connection *connection)
{
	return connection->header_got == sizeof(connection->header);
}

static bool has_received(const struct connection *connection)
{
	return has_header(connection) && connection->header.client_will_send != UNTIL_END &&
	       connection->received >= connection->header.client_will_send;
}

static bool has_sent(const struct connection *connection)
{
	return has_header(connection) && connection->sent == connection->header.server_should_send;
}

static void take_in(struct connection *connection, const char *bytes, size_t length)
{
	size_t wanted = sizeof(connection->header) - connection->header_got;

	if (wanted > length)
		wanted = length;
	memcpy((char *)&connection->header + connection->header_got, bytes, wanted);
	connection->header_got += wanted;
	connection->received += length - wanted;
}

static enum verdict receive(struct worker *worker, struct connection *connection, bool *ended)
{
	for (unsigned turn = 0; turn < MAX_TURNS; turn++) {
		ssize_t n = recv(connection->fd, worker->buffer, CHUNK, 0);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? GO_ON : BROKEN;
		if (n == 0) {
			*ended = true;
			return GO_ON;
		}
		worker->totals->bytes_received += n;
		take_in(connection, worker->buffer, n);
	}
	return GO_ON;
}

static enum verdict transmit(struct worker *worker, struct connection *connection)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = connection };
	bool full = false;

	for (unsigned turn = 0; turn < MAX_TURNS && has_header(connection) && !has_sent(connection) && !full; turn++) {
		uint64_t left = connection->header.server_should_send - connection->sent;
		ssize_t n = send(connection->fd, worker->buffer, left < CHUNK ? left : CHUNK, MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return BROKEN;
		full = n < 0;
		if (n > 0)
			connection->sent += n, worker->totals->bytes_sent += n;
	}
	bool sending = has_header(connection) && !has_sent(connection);

	if (sending != connection->sending) {
		connection->sending = sending;
		event.events |= sending ? EPOLLOUT : 0;
		epoll_ctl(worker->epoll, EPOLL_CTL_MOD, connection->fd, &event);
	}
	return GO_ON;
}

static void end(struct worker *worker, struct connection *connection)
{
	struct linger reset = { .l_onoff = 1, .l_linger = 0 };

	if (has_header(connection) && (connection->header.flags & FLAG_SERVER_RESETS))
		setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	/* Whoever looks at this process's files may hold this one for a moment, and an epoll forgets it only with the last. */
	epoll_ctl(worker->epoll, EPOLL_CTL_DEL, connection->fd, NULL);
	close(connection->fd);
	free(connection);
	worker->open--;
	if (worker->open < worker->most_open)
		watch_listener(worker, true);
}

static void advance(struct worker *worker, struct connection *connection)
{
	bool ended = false;
	enum verdict verdict = receive(worker, connection, &ended);

	if (verdict == GO_ON)
		verdict = transmit(worker, connection);
	if (verdict == BROKEN) {
		worker->totals->resets++;
		end(worker, connection);
		return;
	}
	bool complete = has_received(connection) && has_sent(connection);
	bool first = connection->header.flags & (FLAG_SERVER_CLOSES_FIRST | FLAG_SERVER_RESETS);

	if (complete && (first || ended)) {
		end(worker, connection);
	} else if (ended && !(has_received(connection) && (connection->header.flags & FLAG_HALF_CLOSE))) {
		if (!has_header(connection) || connection->header.client_will_send != UNTIL_END)
			worker->totals->incomplete++;
		end(worker, connection);
	} else if (ended && connection->sending) {
		/* half closed: the end of the stream stays readable, so wait for room to send only */
		struct epoll_event event = { .events = EPOLLOUT, .data.ptr = connection };

		epoll_ctl(worker->epoll, EPOLL_CTL_MOD, connection->fd, &event);
	}
}

void serve(int listener, int stop_fd, struct worker_totals *totals)
{
	struct worker worker = {
		.epoll = epoll_create1(EPOLL_CLOEXEC),
		.listener = listener,
		.most_open = descriptor_limit() - SPARE_DESCRIPTORS,
		.totals = totals,
		.buffer = calloc(1, CHUNK),
	};
	struct epoll_event events[MAX_EVENTS], stop = { .events = EPOLLIN, .data.ptr = NULL };
	bool stopping = false;

	if (worker.epoll < 0 || !worker.buffer || epoll_ctl(worker.epoll, EPOLL_CTL_ADD, stop_fd, &stop) < 0)
		die("epoll");
	totals->pid = getpid();
	watch_listener(&worker, true);
	for (;;) {
		int quiet_ms = worker.open ? QUIET_OPEN_MS : QUIET_MS;
		int ready = epoll_wait(worker.epoll, events, MAX_EVENTS, stopping ? quiet_ms : -1);

		if (ready == 0)
			return;
		for (int i = 0; i < ready; i++) {
			if (events[i].data.ptr == &worker)
				accept_all(&worker);
			else if (events[i].data.ptr)
				advance(&worker, events[i].data.ptr);
			else
				stopping = true, epoll_ctl(worker.epoll, EPOLL_CTL_DEL, stop_fd, NULL);
		}
	}
}
