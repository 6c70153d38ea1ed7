#define _GNU_SOURCE
#include "actor.h"

#include <errno.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int open_socket(const char *kind)
{
	int family = strchr(kind, '6') ? AF_INET6 : AF_INET;

	if (strncmp(kind, "mptcp", 5) == 0)
		return socket(family, SOCK_STREAM, IPPROTO_MPTCP);
	return socket(family, strncmp(kind, "udp", 3) == 0 ? SOCK_DGRAM : SOCK_STREAM, 0);
}

static int with_address(const char *text, int fd, int (*call)(int, const struct sockaddr *, socklen_t))
{
	struct address address;

	if (!parse_address(text, &address)) {
		errno = EINVAL;
		return -1;
	}
	return call(fd, (struct sockaddr *)&address.storage, address.length);
}

/* Forgets the peer; of a TCP socket, with a reset. */
static int disconnect(int fd)
{
	struct sockaddr nobody = { .sa_family = AF_UNSPEC };

	return connect(fd, &nobody, sizeof(nobody));
}

static int accept_from(int fd, struct answer *answer)
{
	struct address peer = { .length = sizeof(peer.storage) };
	int accepted = accept(fd, (struct sockaddr *)&peer.storage, &peer.length);

	if (accepted >= 0)
		format_address(&peer, answer->address, sizeof(answer->address));
	return accepted;
}

static int name_of(int fd, struct answer *answer)
{
	struct address own = { .length = sizeof(own.storage) };

	if (getsockname(fd, (struct sockaddr *)&own.storage, &own.length) < 0)
		return -1;
	format_address(&own, answer->address, sizeof(answer->address));
	return 0;
}

/* Bytes that the peer has not acknowledged; waits for them when asked to. */
static int unacknowledged(int fd, long wait_ms)
{
	struct timespec pause = { 0, 1000000 };
	int bytes = 0;

	for (long ms = 0; ms <= wait_ms; ms++) {
		if (ioctl(fd, SIOCOUTQ, &bytes) < 0)
			return -1;
		if (bytes == 0)
			break;
		nanosleep(&pause, NULL);
	}
	return bytes;
}

static int await(int fd, const char *what, int ms)
{
	struct pollfd waiting = { .fd = fd };

	waiting.events = strcmp(what, "out") == 0 ? POLLOUT : strcmp(what, "in") == 0 ? POLLIN : 0;
	return poll(&waiting, 1, ms) > 0 ? waiting.revents : 0;
}

static int error_of(int fd)
{
	int error = 0;
	socklen_t length = sizeof(error);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error) {
		errno = error;
		return -1;
	}
	return 0;
}

/* One number of the kernel's about a connection. */
static long info_of(int fd, const char *what)
{
	struct tcp_info info = { 0 };
	socklen_t length = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) < 0)
		return -1;
	if (strcmp(what, "retransmits") == 0)
		return info.tcpi_total_retrans;
	if (strcmp(what, "acked") == 0)
		return info.tcpi_bytes_acked;
	if (strcmp(what, "received") == 0)
		return info.tcpi_bytes_received;
	if (strcmp(what, "sent") == 0)
		return info.tcpi_bytes_sent - info.tcpi_bytes_retrans;
	/* in a row and in vain */
	if (strcmp(what, "tries") == 0)
		return info.tcpi_retransmits + info.tcpi_probes + info.tcpi_backoff;
	if (strcmp(what, "syn_data") == 0)
		return !!(info.tcpi_options & TCPI_OPT_SYN_DATA);
	return info.tcpi_state;
}

static int shut(int fd, const char *side)
{
	return shutdown(fd, strcmp(side, "w") == 0 ? SHUT_WR : strcmp(side, "r") == 0 ? SHUT_RD : SHUT_RDWR);
}

bool act_on_socket(const struct words *words, struct answer *answer)
{
	const char *what = word(words, 0);
	int fd = number_of(words, 1);
	long value;

	if (strcmp(what, "socket") == 0)
		value = open_socket(word(words, 1));
	else if (strcmp(what, "bind") == 0)
		value = with_address(word(words, 2), fd, bind);
	else if (strcmp(what, "connect") == 0)
		value = with_address(word(words, 2), fd, connect);
	else if (strcmp(what, "disconnect") == 0)
		value = disconnect(fd);
	else if (strcmp(what, "listen") == 0)
		value = listen(fd, words->count > 2 ? number_of(words, 2) : 1024);
	else if (strcmp(what, "accept") == 0)
		value = accept_from(fd, answer);
	else if (strcmp(what, "name") == 0)
		value = name_of(fd, answer);
	else if (strcmp(what, "shutdown") == 0)
		value = shut(fd, word(words, 2));
	else if (strcmp(what, "close") == 0)
		value = close(fd);
	else if (strcmp(what, "unacknowledged") == 0)
		value = unacknowledged(fd, number_of(words, 2));
	else if (strcmp(what, "await") == 0)
		value = await(fd, word(words, 2), number_of(words, 3));
	else if (strcmp(what, "error") == 0)
		value = error_of(fd);
	else if (strcmp(what, "info") == 0)
		value = info_of(fd, word(words, 2));
	else
		return false;
	answer->value = value;
	answer->error = value < 0 ? errno : 0;
	return true;
}
