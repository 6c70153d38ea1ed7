/*
 * Asks a DNS server over UDP and receives its answers by the system call that it is told.
 *
 * ask HOST PORT connected|unconnected CALL WORD...: a word is a name, whose address is asked for; "-", a datagram of
 * five bytes that another socket sends; or "/", at which everything that is still to come is received, as it is at the
 * end. Prints its pid and how many datagrams it received.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#define MOST 64
#define BYTES 4096

static char buffers[MOST][BYTES];
static struct sockaddr_storage from[MOST];

static void check(int fine, const char *what)
{
	if (fine)
		return;
	perror(what);
	exit(1);
}

static size_t write_question(unsigned char *query, unsigned short id, const char *name)
{
	unsigned char header[12] = { id >> 8, id, 1, 0, 0, 1 };
	size_t at = sizeof(header), length;

	memcpy(query, header, sizeof(header));
	for (;; name += length + 1) {
		length = strcspn(name, ".");
		query[at++] = length;
		memcpy(query + at, name, length);
		at += length;
		if (!name[length])
			break;
	}
	memcpy(query + at, "\0\0\1\0\1", 5);
	return at + 5;
}

static int receive_one(int fd, const char *call)
{
	struct iovec parts[2] = { { buffers[0], BYTES / 2 }, { buffers[0] + BYTES / 2, BYTES / 2 } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	socklen_t size = sizeof(from[0]);

	if (strcmp(call, "read") == 0)
		return read(fd, buffers[0], BYTES);
	if (strcmp(call, "readv") == 0)
		return readv(fd, parts, 2);
	if (strcmp(call, "recv") == 0)
		return recv(fd, buffers[0], BYTES, 0);
	if (strcmp(call, "recvfrom") == 0)
		return recvfrom(fd, buffers[0], BYTES, 0, (struct sockaddr *)&from[0], &size);
	if (strcmp(call, "recvmsg") == 0) {
		message.msg_name = &from[0];
		message.msg_namelen = size;
	} else if (strcmp(call, "recvmsg_nameless") != 0) {
		exit(2);
	}
	return recvmsg(fd, &message, 0);
}

/* All in one call, as many as were sent. */
static int receive_batch(int fd, int count)
{
	static struct mmsghdr headers[MOST];
	static struct iovec parts[MOST];

	for (int i = 0; i < count; i++) {
		parts[i] = (struct iovec){ buffers[i], BYTES };
		headers[i].msg_hdr = (struct msghdr){
			.msg_iov = &parts[i], .msg_iovlen = 1, .msg_name = &from[i], .msg_namelen = sizeof(from[i]),
		};
	}
	return recvmmsg(fd, headers, count, 0, NULL);
}

static int receive(int fd, const char *call, int count)
{
	if (strcmp(call, "recvmmsg") == 0) {
		check(receive_batch(fd, count) == count, "recvmmsg");
		return count;
	}
	for (int i = 0; i < count; i++)
		check(receive_one(fd, call) > 0, call);
	return count;
}

int main(int argc, char **argv)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0), noise = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in server = { .sin_family = AF_INET }, own = { .sin_family = AF_INET };
	struct timeval patience = { .tv_sec = 10 };
	int waiting = 0, received = 0, connected;
	unsigned char query[512];
	socklen_t size = sizeof(own);

	if (argc < 6)
		return 2;
	inet_pton(AF_INET, argv[1], &server.sin_addr);
	server.sin_port = htons(atoi(argv[2]));
	connected = strcmp(argv[3], "connected") == 0;
	inet_pton(AF_INET, "127.0.0.1", &own.sin_addr);
	check(bind(fd, (struct sockaddr *)&own, size) == 0, "bind");
	check(getsockname(fd, (struct sockaddr *)&own, &size) == 0, "getsockname");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connected)
		check(connect(fd, (struct sockaddr *)&server, sizeof(server)) == 0, "connect");
	for (int i = 5; i < argc; i++) {
		if (strcmp(argv[i], "/") == 0) {
			received += receive(fd, argv[4], waiting);
			waiting = 0;
			continue;
		}
		if (strcmp(argv[i], "-") == 0)
			sendto(noise, "noise", 5, 0, (struct sockaddr *)&own, sizeof(own));
		else
			sendto(fd, query, write_question(query, i * 257 + getpid(), argv[i]), 0,
			       connected ? NULL : (struct sockaddr *)&server, connected ? 0 : sizeof(server));
		waiting++;
	}
	received += receive(fd, argv[4], waiting);
	printf("%d %d\n", getpid(), received);
	return 0;
}
