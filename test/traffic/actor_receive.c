#define _GNU_SOURCE
#include "actor.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

_Thread_local char inbox_of_actor[MOST_BYTES];

static ssize_t by_readv(struct message *m)
{
	struct iovec parts[2] = { { inbox_of_actor, m->length / 2 }, { inbox_of_actor, m->length - m->length / 2 } };

	return readv(m->fd, parts, 2);
}

static ssize_t by_recvfrom(struct message *m)
{
	m->from->length = sizeof(m->from->storage);
	return recvfrom(m->fd, inbox_of_actor, m->length, m->flags, (struct sockaddr *)&m->from->storage,
			&m->from->length);
}

static ssize_t by_recvmsg(struct message *m, bool asks)
{
	struct iovec part = { inbox_of_actor, m->length };
	struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };
	char control[512];
	ssize_t bytes;

	header.msg_control = control;
	header.msg_controllen = sizeof(control);
	if (asks) {
		header.msg_name = &m->from->storage;
		header.msg_namelen = sizeof(m->from->storage);
	}
	bytes = recvmsg(m->fd, &header, m->flags);
	m->from->length = asks && bytes >= 0 ? header.msg_namelen : 0;
	return bytes;
}

/* All messages of one call come from one sender in these tests. */
static ssize_t by_recvmmsg(struct message *m)
{
	struct mmsghdr headers[BATCH];
	struct iovec parts[BATCH];
	ssize_t bytes = 0;
	int received;

	for (int i = 0; i < BATCH; i++) {
		parts[i] = (struct iovec){ inbox_of_actor, m->length };
		headers[i].msg_hdr = (struct msghdr){
			.msg_iov = &parts[i],
			.msg_iovlen = 1,
			.msg_name = &m->from->storage,
			.msg_namelen = sizeof(m->from->storage),
		};
	}
	received = recvmmsg(m->fd, headers, BATCH, m->flags | MSG_WAITFORONE, NULL);
	if (received < 0)
		return -1;
	for (int i = 0; i < received; i++)
		bytes += headers[i].msg_len;
	m->from->length = headers[0].msg_hdr.msg_namelen;
	m->messages = received;
	return bytes;
}

static ssize_t by_splice(struct message *m)
{
	size_t left, length = m->length < 65536 ? m->length : 65536;
	ssize_t bytes;
	int ends[2], error;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	bytes = splice(m->fd, NULL, ends[1], NULL, length, 0);
	error = errno;
	for (left = bytes > 0 ? bytes : 0; left > 0;)
		left -= read(ends[0], inbox_of_actor, left);
	close(ends[0]);
	close(ends[1]);
	errno = error;
	return bytes;
}

ssize_t receive_by(const char *name, struct message *m)
{
	m->messages = 1;
	m->from->length = 0;
	if (strcmp(name, "read") == 0)
		return read(m->fd, inbox_of_actor, m->length);
	if (strcmp(name, "readv") == 0)
		return by_readv(m);
	if (strcmp(name, "recv") == 0)
		return recv(m->fd, inbox_of_actor, m->length, m->flags);
	if (strcmp(name, "recvfrom") == 0)
		return by_recvfrom(m);
	if (strcmp(name, "recvmsg") == 0)
		return by_recvmsg(m, true);
	if (strcmp(name, "recvmsg_nameless") == 0)
		return by_recvmsg(m, false);
	if (strcmp(name, "recvmmsg") == 0)
		return by_recvmmsg(m);
	if (strcmp(name, "splice") == 0)
		return by_splice(m);
	if (strcmp(name, "ring") == 0)
		return ring_receive(m);
	errno = EINVAL;
	return -1;
}
