/*
 * Load for the soak, cheap because no other program is needed for it. Everything counted is a return value.
 *
 * soak processes TO SECONDS RATE PIDS: RATE processes a second, each executing anew as `soak one` with a DD_SERVICE
 *   of `soak-PID-INDEX`, within a space of PIDS process numbers. Ends with "end STARTED FAILED".
 * soak one TO INDEX: one connection to a traffic server; "PID INDEX SENT RECEIVED".
 * soak echo: a UDP server that sends back what comes, "ready PORT"; until the end of stdin, then its totals.
 * soak sockets TO SECONDS RATE: RATE sockets a second, each for one datagram and its echo, then its totals.
 *   Totals are "PID BYTES_SENT BYTES_RECEIVED DATAGRAMS_SENT DATAGRAMS_RECEIVED".
 */
#define _GNU_SOURCE
#include "traffic.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST_RUNNING 16
#define SOURCES 64
#define REPLY_MS 5000
#define SECOND_NS 1000000000ull

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND_NS + now.tv_nsec;
}

static void sleep_until(uint64_t ns)
{
	struct timespec at = { ns / SECOND_NS, ns % SECOND_NS };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
		;
}

static void read_target(const char *text, struct address *to)
{
	if (parse_address(text, to))
		return;
	fprintf(stderr, "soak: %s is no address\n", text);
	exit(2);
}

/* Every third leaves the closing of its socket to the end of the process. */
static int run_one(const char *to, unsigned index)
{
	struct options options = { .sources = SOURCES };
	struct header header = { .client_will_send = 1 + index % 700, .server_should_send = index % 300 };
	struct totals totals = { 0 };
	int fd, error;

	read_target(to, &options.to);
	fd = connect_to(&options, index);
	error = fd < 0 ? fd : exchange(fd, &header, header.client_will_send, &totals);
	if (error) {
		fprintf(stderr, "soak: %s\n", strerror(-error));
		return 1;
	}
	/* one write: lines of several processes do not mix */
	dprintf(STDOUT_FILENO, "%d %u %llu %llu\n", getpid(), index, (unsigned long long)totals.bytes_sent,
		(unsigned long long)totals.bytes_received);
	if (index % 3)
		close(fd);
	return 0;
}

/* The next process gets the number after this one, if nobody has it: what else happens when all were used. */
static void return_to_pid(pid_t pid)
{
	int fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || dprintf(fd, "%d", pid) < 0)
		die("ns_last_pid");
	close(fd);
}

static void start_one(char *program, char *to, unsigned index)
{
	char service[64], text[16];
	char *arguments[] = { program, "one", to, text, NULL }, *variables[] = { service, NULL };
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid > 0)
		return;
	snprintf(service, sizeof(service), "DD_SERVICE=soak-%d-%u", getpid(), index);
	snprintf(text, sizeof(text), "%u", index);
	execve(program, arguments, variables);
	die(program);
}

static int run_processes(char *program, char *to, unsigned seconds, unsigned rate, unsigned pids)
{
	uint64_t begun = now_ns(), end = begun + seconds * SECOND_NS;
	unsigned started = 0, ended = 0, failed = 0;
	pid_t first = getpid();
	int status;

	while (now_ns() < end) {
		while (waitpid(-1, &status, started - ended < MOST_RUNNING ? WNOHANG : 0) > 0)
			ended++, failed += status != 0;
		if (started % pids == 0)
			return_to_pid(first);
		start_one(program, to, started++);
		sleep_until(begun + started * SECOND_NS / rate);
	}
	while (wait(&status) > 0)
		ended++, failed += status != 0;
	printf("end %u %u\n", started, failed);
	return 0;
}

struct moved {
	uint64_t sent, received, datagrams_sent, datagrams_received;
};

static void print_moved(const struct moved *m)
{
	printf("%d %llu %llu %llu %llu\n", getpid(), (unsigned long long)m->sent, (unsigned long long)m->received,
	       (unsigned long long)m->datagrams_sent, (unsigned long long)m->datagrams_received);
}

static void echo_all(int fd, struct moved *moved)
{
	static char buffer[65536];
	struct sockaddr_in from;
	ssize_t length;

	for (;;) {
		socklen_t size = sizeof(from);

		length = recvfrom(fd, buffer, sizeof(buffer), MSG_DONTWAIT, (struct sockaddr *)&from, &size);
		if (length < 0)
			return;
		moved->received += length, moved->datagrams_received++;
		length = sendto(fd, buffer, length, 0, (struct sockaddr *)&from, size);
		if (length < 0)
			die("sendto");
		moved->sent += length, moved->datagrams_sent++;
	}
}

static int run_echo(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	struct moved moved = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &size) < 0)
		die("echo");
	printf("ready %u\n", ntohs(address.sin_port));
	fflush(stdout);
	for (;;) {
		struct pollfd waiting[] = { { .fd = fd, .events = POLLIN }, { .fd = STDIN_FILENO, .events = POLLIN } };

		poll(waiting, 2, -1);
		echo_all(fd, &moved);
		if (waiting[1].revents)
			break;
	}
	print_moved(&moved);
	return 0;
}

/* By turns connected, and not connected so that a plain receive does not tell who sent. */
static void ping(const struct address *to, unsigned index, struct moved *moved)
{
	static char buffer[1500];
	const struct sockaddr *peer = (const struct sockaddr *)&to->storage;
	struct pollfd waiting = { .fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), .events = POLLIN };
	ssize_t sent, received;

	if (waiting.fd < 0 || (index % 2 && connect(waiting.fd, peer, to->length) < 0))
		die("socket");
	sent = sendto(waiting.fd, buffer, 1 + index % 1400, 0, index % 2 ? NULL : peer, index % 2 ? 0 : to->length);
	if (sent < 0 || poll(&waiting, 1, REPLY_MS) <= 0)
		die("no echo");
	received = recv(waiting.fd, buffer, sizeof(buffer), 0);
	if (received < 0)
		die("recv");
	close(waiting.fd);
	moved->sent += sent, moved->datagrams_sent++;
	moved->received += received, moved->datagrams_received++;
}

static int run_sockets(const char *target, unsigned seconds, unsigned rate)
{
	uint64_t begun = now_ns(), end = begun + seconds * SECOND_NS;
	struct moved moved = { 0 };
	struct address to;

	read_target(target, &to);
	for (unsigned index = 0; now_ns() < end; index++) {
		ping(&to, index, &moved);
		sleep_until(begun + (index + 1) * SECOND_NS / rate);
	}
	print_moved(&moved);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 6 && strcmp(argv[1], "processes") == 0)
		return run_processes(argv[0], argv[2], atoi(argv[3]), atoi(argv[4]), atoi(argv[5]));
	if (argc == 4 && strcmp(argv[1], "one") == 0)
		return run_one(argv[2], atoi(argv[3]));
	if (argc == 2 && strcmp(argv[1], "echo") == 0)
		return run_echo();
	if (argc == 5 && strcmp(argv[1], "sockets") == 0)
		return run_sockets(argv[2], atoi(argv[3]), atoi(argv[4]));
	fputs("soak: see the head of soak.c\n", stderr);
	return 2;
}
