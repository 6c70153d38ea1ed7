/*
 * Calls on loopback sockets of one's own, as fast as they go; prints how many ns they took, set-up left out: those that
 * passed, and those of CPU that this process spent, in which nobody is who had the processor meanwhile.
 *
 * calls udp connected|unconnected COUNT: COUNT times a datagram of 64 bytes sent and received, by one thread.
 * calls tcp SIZE COUNT: COUNT times SIZE bytes written and read, by one thread.
 * calls stream SIZE COUNT: COUNT writes of SIZE bytes on the first processor, read by another process on the last.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DATAGRAM 64
#define MOST_BYTES (1 << 20)

static char buffer[MOST_BYTES];

static void check(int fine, const char *what)
{
	if (fine)
		return;
	perror(what);
	exit(1);
}

struct spent {
	long long wall_ns, cpu_ns;
};

static long long read_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static struct spent now_spent(void)
{
	return (struct spent){ read_ns(CLOCK_MONOTONIC), read_ns(CLOCK_PROCESS_CPUTIME_ID) };
}

static void print_since(struct spent begun)
{
	struct spent now = now_spent();

	printf("%lld %lld\n", now.wall_ns - begun.wall_ns, now.cpu_ns - begun.cpu_ns);
}

static int open_bound(int type, struct sockaddr_in *address)
{
	socklen_t size = sizeof(*address);
	int fd = socket(AF_INET, type, 0);

	*address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	check(fd >= 0 && bind(fd, (struct sockaddr *)address, size) == 0, "bind");
	check(getsockname(fd, (struct sockaddr *)address, &size) == 0, "getsockname");
	return fd;
}

static void udp(int connected, long count)
{
	struct sockaddr_in one, other, from;
	int sender = open_bound(SOCK_DGRAM, &one), receiver = open_bound(SOCK_DGRAM, &other);
	struct sockaddr *to = connected ? NULL : (struct sockaddr *)&other;
	struct spent begun;

	if (connected) {
		check(connect(sender, (struct sockaddr *)&other, sizeof(other)) == 0, "connect");
		check(connect(receiver, (struct sockaddr *)&one, sizeof(one)) == 0, "connect");
	}
	begun = now_spent();
	for (long i = 0; i < count; i++) {
		socklen_t size = sizeof(from);

		check(sendto(sender, buffer, DATAGRAM, 0, to, to ? sizeof(other) : 0) == DATAGRAM, "sendto");
		check(recvfrom(receiver, buffer, sizeof(buffer), 0, connected ? NULL : (struct sockaddr *)&from,
			       connected ? NULL : &size) == DATAGRAM,
		      "recvfrom");
	}
	print_since(begun);
}

static void open_pair(int *client, int *server)
{
	struct sockaddr_in address;
	int listener = open_bound(SOCK_STREAM, &address), one = 1;

	check(listen(listener, 1) == 0, "listen");
	*client = socket(AF_INET, SOCK_STREAM, 0);
	check(connect(*client, (struct sockaddr *)&address, sizeof(address)) == 0, "connect");
	*server = accept(listener, NULL, NULL);
	check(*server >= 0, "accept");
	setsockopt(*client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	close(listener);
}

static void write_all(int fd, size_t size)
{
	while (size > 0) {
		ssize_t sent = send(fd, buffer, size, 0);

		check(sent > 0, "send");
		size -= sent;
	}
}

static void tcp(size_t size, long count)
{
	struct spent begun;
	int client, server;

	open_pair(&client, &server);
	begun = now_spent();
	for (long i = 0; i < count; i++) {
		write_all(client, size);
		check(recv(server, buffer, size, MSG_WAITALL) == (ssize_t)size, "recv");
	}
	print_since(begun);
}

/* Whether the scheduler has two processes share one would decide more than any watcher does. */
static void stay_on(long processor)
{
	cpu_set_t only;

	CPU_ZERO(&only);
	CPU_SET(processor, &only);
	check(sched_setaffinity(0, sizeof(only), &only) == 0, "sched_setaffinity");
}

static void stream(size_t size, long count)
{
	struct spent begun;
	int client, server, status;
	pid_t reader;

	open_pair(&client, &server);
	stay_on(0);
	begun = now_spent();
	reader = fork();
	check(reader >= 0, "fork");
	if (reader == 0) {
		stay_on(sysconf(_SC_NPROCESSORS_ONLN) - 1);
		unsigned long long left = (unsigned long long)size * count;

		while (left > 0) {
			ssize_t got = recv(server, buffer, sizeof(buffer), 0);

			check(got > 0, "recv");
			left -= got;
		}
		_exit(0);
	}
	for (long i = 0; i < count; i++)
		write_all(client, size);
	check(waitpid(reader, &status, 0) == reader && status == 0, "reader");
	print_since(begun);
}

int main(int argc, char **argv)
{
	long count = argc == 4 ? atol(argv[3]) : 0;
	const char *what = argc == 4 ? argv[1] : "";
	size_t size = argc == 4 ? strtoul(argv[2], NULL, 10) : 0;

	if (strcmp(what, "udp") == 0)
		udp(strcmp(argv[2], "connected") == 0, count);
	else if (strcmp(what, "tcp") == 0 && size <= MOST_BYTES)
		tcp(size, count);
	else if (strcmp(what, "stream") == 0 && size <= MOST_BYTES)
		stream(size, count);
	else
		return 2;
	return 0;
}
