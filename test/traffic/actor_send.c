#define _GNU_SOURCE
#include "actor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

_Thread_local char outbox[MOST_BYTES];

static const struct flag {
	const char *name;
	int flag;
} flag_names[] = {
	{ "peek", MSG_PEEK },	  { "trunc", MSG_TRUNC },	{ "oob", MSG_OOB },
	{ "waitall", MSG_WAITALL }, { "dontwait", MSG_DONTWAIT }, { "more", MSG_MORE },
	{ "errqueue", MSG_ERRQUEUE }, { "zerocopy", MSG_ZEROCOPY }, { "fastopen", MSG_FASTOPEN },
};

int flags_of(const char *names)
{
	int flags = 0;

	for (unsigned i = 0; i < sizeof(flag_names) / sizeof(flag_names[0]); i++) {
		if (strstr(names, flag_names[i].name))
			flags |= flag_names[i].flag;
	}
	return flags;
}

static ssize_t by_writev(struct message *m)
{
	struct iovec parts[3] = {
		{ outbox, m->length / 3 },
		{ outbox, m->length / 3 },
		{ outbox, m->length - 2 * (m->length / 3) },
	};

	/* of no bytes, it never gets as far as the socket */
	m->messages = m->length > 0;
	return writev(m->fd, parts, 3);
}

static void fill_header(struct msghdr *header, struct iovec *part, struct message *m)
{
	*part = (struct iovec){ outbox, m->length };
	*header = (struct msghdr){ .msg_iov = part, .msg_iovlen = 1 };
	if (m->to) {
		header->msg_name = (void *)&m->to->storage;
		header->msg_namelen = m->to->length;
	}
}

static ssize_t by_sendmsg(struct message *m)
{
	struct msghdr header;
	struct iovec part;

	fill_header(&header, &part, m);
	return sendmsg(m->fd, &header, m->flags | MSG_NOSIGNAL);
}

static ssize_t by_sendmmsg(struct message *m)
{
	struct mmsghdr headers[BATCH];
	struct iovec parts[BATCH];
	ssize_t bytes = 0;
	int sent;

	for (int i = 0; i < BATCH; i++)
		fill_header(&headers[i].msg_hdr, &parts[i], m);
	sent = sendmmsg(m->fd, headers, BATCH, m->flags | MSG_NOSIGNAL);
	if (sent < 0)
		return -1;
	for (int i = 0; i < sent; i++)
		bytes += headers[i].msg_len;
	m->messages = sent;
	return bytes;
}

static ssize_t by_sendfile(struct message *m)
{
	static int file = -1;
	off_t start = 0;

	if (file < 0) {
		file = memfd_create("payload", MFD_CLOEXEC);
		if (file < 0 || ftruncate(file, MOST_BYTES) < 0)
			return -1;
	}
	return sendfile(m->fd, file, &start, m->length);
}

/* Into a pipe by write or vmsplice, perhaps through a second pipe by tee, and from there into the socket. */
static ssize_t through_pipe(struct message *m, bool map, bool tees)
{
	struct iovec part = { outbox, m->length < 65536 ? m->length : 65536 };
	ssize_t filled, spliced, bytes = 0;
	int ends[2], copy[2] = { -1, -1 };

	if (pipe2(ends, O_CLOEXEC) < 0 || (tees && pipe2(copy, O_CLOEXEC) < 0))
		return -1;
	filled = map ? vmsplice(ends[1], &part, 1, 0) : write(ends[1], outbox, part.iov_len);
	if (tees && filled > 0)
		filled = tee(ends[0], copy[1], filled, 0);
	while (filled > 0) {
		spliced = splice(tees ? copy[0] : ends[0], NULL, m->fd, NULL, filled, m->flags & MSG_MORE ? SPLICE_F_MORE : 0);
		if (spliced <= 0) {
			bytes = bytes ? bytes : spliced;
			break;
		}
		bytes += spliced;
		filled -= spliced;
	}
	for (int i = 0; i < 2; i++) {
		int error = errno;

		close(ends[i]);
		if (tees)
			close(copy[i]);
		errno = error;
	}
	return bytes;
}

ssize_t send_by(const char *name, struct message *m)
{
	m->messages = 1;
	if (strcmp(name, "write") == 0)
		return write(m->fd, outbox, m->length);
	if (strcmp(name, "writev") == 0)
		return by_writev(m);
	if (strcmp(name, "send") == 0)
		return send(m->fd, outbox, m->length, m->flags | MSG_NOSIGNAL);
	if (strcmp(name, "sendto") == 0)
		return sendto(m->fd, outbox, m->length, m->flags | MSG_NOSIGNAL,
			      m->to ? (const struct sockaddr *)&m->to->storage : NULL, m->to ? m->to->length : 0);
	if (strcmp(name, "sendmsg") == 0)
		return by_sendmsg(m);
	if (strcmp(name, "sendmmsg") == 0)
		return by_sendmmsg(m);
	if (strcmp(name, "sendfile") == 0)
		return by_sendfile(m);
	if (strcmp(name, "splice") == 0)
		return through_pipe(m, false, false);
	if (strcmp(name, "vmsplice") == 0)
		return through_pipe(m, true, false);
	if (strcmp(name, "tee") == 0)
		return through_pipe(m, false, true);
	if (strcmp(name, "ring") == 0)
		return ring_send(m);
	errno = EINVAL;
	return -1;
}
