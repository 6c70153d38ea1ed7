#define _GNU_SOURCE
#include "traffic.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define CHUNK 65536

static const char payload[CHUNK];
static _Thread_local char inbox[CHUNK];

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Sends the header and then payload, from byte `sent` of both together; -1 with errno as send(). */
static ssize_t send_from(int fd, const struct header *header, uint64_t sent, uint64_t to_send)
{
	struct iovec parts[2];
	struct msghdr message = { .msg_iov = parts };

	if (sent < sizeof(*header))
		parts[message.msg_iovlen++] = (struct iovec){ (char *)header + sent, sizeof(*header) - sent };
	uint64_t in_header = message.msg_iovlen ? parts[0].iov_len : 0;

	if (to_send - sent > in_header)
		parts[message.msg_iovlen++] = (struct iovec){ (char *)payload, least(CHUNK, to_send - sent - in_header) };
	return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

int exchange(int fd, const struct header *header, uint64_t payload_bytes, struct totals *totals)
{
	uint64_t sent = 0, to_send = sizeof(*header) + payload_bytes;
	uint64_t received = 0, to_receive = header->server_should_send;

	while (sent < to_send || received < to_receive) {
		struct pollfd waiting = { .fd = fd };

		if (sent < to_send) {
			ssize_t n = send_from(fd, header, sent, to_send);

			if (n < 0 && errno != EAGAIN && errno != EINTR)
				return -errno;
			if (n < 0)
				waiting.events |= POLLOUT;
			else
				sent += n, totals->bytes_sent += n;
			if (sent == to_send && (header->flags & FLAG_HALF_CLOSE))
				shutdown(fd, SHUT_WR);
		}
		if (received < to_receive) {
			ssize_t n = recv(fd, inbox, least(CHUNK, to_receive - received), MSG_DONTWAIT);

			if (n == 0)
				return -EPIPE; /* the server ended too early */
			if (n < 0 && errno != EAGAIN && errno != EINTR)
				return -errno;
			if (n < 0)
				waiting.events |= POLLIN;
			else
				received += n, totals->bytes_received += n;
		}
		/* wait only when nothing that is left to do can be done */
		bool can_send = sent < to_send && !(waiting.events & POLLOUT);
		bool can_receive = received < to_receive && !(waiting.events & POLLIN);

		if (waiting.events && !can_send && !can_receive)
			poll(&waiting, 1, -1);
	}
	return 0;
}

int send_some(int fd, uint64_t bytes, struct totals *totals)
{
	while (bytes > 0) {
		ssize_t n = send(fd, payload, least(CHUNK, bytes), MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		bytes -= n;
		totals->bytes_sent += n;
	}
	return 0;
}

int wait_for_end(int fd, struct totals *totals)
{
	for (;;) {
		ssize_t n = recv(fd, inbox, CHUNK, 0);

		if (n == 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			totals->bytes_received += n;
	}
}

void print_totals(const struct totals *totals)
{
	printf("{\"pid\":%d,\"connections\":%llu,\"bytes_sent\":%llu,\"bytes_received\":%llu,\"failed\":%llu,"
	       "\"resets\":%llu,\"first_error\":",
	       getpid(), (unsigned long long)totals->connections, (unsigned long long)totals->bytes_sent,
	       (unsigned long long)totals->bytes_received, (unsigned long long)totals->failed,
	       (unsigned long long)totals->resets);
	if (totals->first_error)
		printf("\"%s\"}\n", strerrorname_np(totals->first_error));
	else
		printf("null}\n");
	fflush(stdout);
}
