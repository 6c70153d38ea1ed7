#include "actor.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What only looks at data moves none. */
static bool is_counted(const struct message *m)
{
	return !(m->flags & (MSG_PEEK | MSG_ERRQUEUE));
}

static ssize_t move(enum way way, const char *name, struct message *m)
{
	ssize_t bytes;

	do {
		bytes = way == SENT ? send_by(name, m) : receive_by(name, m);
	} while (bytes < 0 && errno == EINTR);
	if (bytes >= 0 && is_counted(m))
		count_moved(m->fd, way, way == SENT ? m->to : m->from, bytes, m->messages);
	return bytes;
}

/*
 * WAY FD TOTAL LENGTH FLAGS ADDRESS: calls of LENGTH until TOTAL bytes were moved, the other end ended, or an error.
 * Where the socket does not wait, this does. A TOTAL of 0 is one call.
 */
static void move_all(enum way way, const struct words *words, struct answer *answer)
{
	struct address to, from = { 0 };
	struct message m = { .fd = number_of(words, 2), .flags = flags_of(word(words, 5)), .from = &from };
	long total = number_of(words, 3), length = number_of(words, 4);

	if (words->count > 6 && parse_address(word(words, 6), &to))
		m.to = &to;
	do {
		m.length = length;
		if (total > 0 && total - answer->value < length)
			m.length = total - answer->value;
		ssize_t bytes = move(way, word(words, 1), &m);

		if (bytes < 0 && errno == EAGAIN && total > 0) {
			struct pollfd waiting = { .fd = m.fd, .events = way == SENT ? POLLOUT : POLLIN };

			poll(&waiting, 1, -1);
			continue;
		}
		if (bytes < 0) {
			answer->error = errno;
			break;
		}
		answer->calls += m.messages;
		answer->value += bytes;
		if (bytes == 0)
			break;
	} while (answer->value < total);
	format_address(&from, answer->address, sizeof(answer->address));
}

/* WAY FD LENGTH COUNT ADDRESS: datagrams as fast as it goes; a full device is waited for by the call itself. */
static void volley(const struct words *words, struct answer *answer)
{
	struct address to;
	struct message m = { .fd = number_of(words, 2), .length = number_of(words, 3) };

	if (words->count > 5 && parse_address(word(words, 5), &to))
		m.to = &to;
	for (long i = number_of(words, 4); i > 0; i--) {
		ssize_t bytes = move(SENT, word(words, 1), &m);

		if (bytes < 0) {
			answer->error = errno;
			continue;
		}
		answer->calls += m.messages;
		answer->value += bytes;
	}
}

/* WAY FD LENGTH QUIET_MS: takes what comes until nothing comes for that long. */
static void soak(const struct words *words, struct answer *answer)
{
	struct address from = { 0 };
	struct message m = { .fd = number_of(words, 2), .length = number_of(words, 3), .from = &from };
	struct pollfd waiting = { .fd = m.fd, .events = POLLIN };

	while (poll(&waiting, 1, number_of(words, 4)) > 0) {
		ssize_t bytes = move(RECEIVED, word(words, 1), &m);

		if (bytes < 0) {
			answer->error = errno;
			return;
		}
		answer->calls += m.messages;
		answer->value += bytes;
	}
}

struct sender {
	pthread_t thread;
	struct message message;
	struct address to;
	long count;
};

static void *send_many(void *argument)
{
	struct sender *sender = argument;

	for (long i = 0; i < sender->count; i++)
		move(SENT, "sendto", &sender->message);
	return NULL;
}

/* FD LENGTH COUNT ADDRESS...: a thread for each address, all sending on one socket at once. */
static void crowd(const struct words *words, struct answer *answer)
{
	struct sender senders[MOST_WORDS];
	int used = 0;

	for (int i = 4; i < words->count; i++, used++) {
		struct sender *sender = &senders[used];

		*sender = (struct sender){ .count = number_of(words, 3) };
		parse_address(words->word[i], &sender->to);
		sender->message = (struct message){
			.fd = number_of(words, 1),
			.length = number_of(words, 2) + used,
			.to = &sender->to,
		};
		if (pthread_create(&sender->thread, NULL, send_many, sender) != 0)
			die("pthread_create");
	}
	for (int i = 0; i < used; i++)
		pthread_join(senders[i].thread, NULL);
	answer->value = used;
}

/* LENGTH COUNT ADDRESS: a socket for each datagram, closed as soon as it is sent. */
static void sparks(const struct words *words, struct answer *answer)
{
	struct address to;
	struct message m = { .length = number_of(words, 1), .to = &to };

	if (!parse_address(word(words, 3), &to))
		die("address");
	for (long i = number_of(words, 2); i > 0; i--) {
		m.fd = socket(to.storage.ss_family, SOCK_DGRAM, 0);
		if (m.fd >= 0 && move(SENT, "sendto", &m) >= 0)
			answer->calls++;
		close(m.fd);
	}
}

bool act_on_bytes(const struct words *words, struct answer *answer)
{
	const char *what = word(words, 0);

	if (strcmp(what, "send") == 0)
		move_all(SENT, words, answer);
	else if (strcmp(what, "receive") == 0)
		move_all(RECEIVED, words, answer);
	else if (strcmp(what, "volley") == 0)
		volley(words, answer);
	else if (strcmp(what, "soak") == 0)
		soak(words, answer);
	else if (strcmp(what, "crowd") == 0)
		crowd(words, answer);
	else if (strcmp(what, "sparks") == 0)
		sparks(words, answer);
	else
		return false;
	return true;
}
