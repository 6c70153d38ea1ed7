/*
 * A process that does what it is told on stdin, one system call or one loop of them a line, and answers each line with
 * one of JSON. What it counts comes from the return values of those calls: by process, and by peer.
 */
#ifndef ACTOR_H
#define ACTOR_H

#include "traffic.h"

#include <stddef.h>
#include <sys/types.h>

#define MOST_WORDS 400
#define MOST_BYTES (1 << 20)
/* sendmmsg and recvmmsg: messages of one call. */
#define BATCH 3

/* One line, cut at its spaces. A word that is missing is the empty string. */
struct words {
	int count;
	char *word[MOST_WORDS];
};

/* What is said back: `value` is that of the call or a sum, `error` an errno. */
struct answer {
	long value;
	int error;
	uint64_t calls; /* of loops: how many calls moved something; of UDP: datagrams */
	char address[64];
};

enum way { SENT, RECEIVED };

struct message {
	int fd;
	size_t length;
	int flags;
	const struct address *to; /* or NULL */
	struct address *from;	  /* or NULL */
	unsigned messages;	  /* out: of sendmmsg and recvmmsg */
};

extern _Thread_local char outbox[MOST_BYTES], inbox_of_actor[MOST_BYTES];

/* actor.c */
const char *word(const struct words *words, int index);
long number_of(const struct words *words, int index);
void obey(struct words *words, struct answer *answer);

/* actor_ledger.c: what this process moved */
void count_moved(int fd, enum way way, const struct address *peer, uint64_t bytes, uint64_t datagrams);
void format_address(const struct address *address, char *text, size_t size);
void print_ledger(void);
void save_ledger(char *text, size_t size);
void restore_ledger(const char *text);
void forget_ledger(void);

/* actor_socket.c, actor_option.c, actor_process.c: false when the word is none of theirs */
bool act_on_socket(const struct words *words, struct answer *answer);
bool act_on_option(const struct words *words, struct answer *answer);
bool act_on_process(const struct words *words, struct answer *answer);
bool act_on_bytes(const struct words *words, struct answer *answer);
/* A line for one of the processes that were forked; prints its answer. */
bool relay(char *line);

/* actor_send.c, actor_receive.c: one call, bytes or -1 with errno, by its name */
ssize_t send_by(const char *name, struct message *message);
ssize_t receive_by(const char *name, struct message *message);
int flags_of(const char *names);

/* actor_ring.c: through io_uring; -errno of the operation or of the setup */
ssize_t ring_send(const struct message *message);
ssize_t ring_receive(const struct message *message);

#endif
