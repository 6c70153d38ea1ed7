/*
 * Moves real TCP bytes and prints what the application itself counted, so that tests can hold npmon against it to
 * the byte. Every number comes from the return value of a system call. One JSON line on stdout at the end.
 *
 * A connection starts with the header below, sent by the client and counted like any other byte; then both sides
 * send what it announces, at the same time; then one of them closes first.
 */
#ifndef TRAFFIC_H
#define TRAFFIC_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* The server closes first; otherwise the client does, and the server waits for it. */
#define FLAG_SERVER_CLOSES_FIRST 1u
/* The client shuts down its sending side as soon as it has sent everything, and goes on receiving. */
#define FLAG_HALF_CLOSE 2u
/* The server ends the connection with a reset instead of an orderly close. */
#define FLAG_SERVER_RESETS 4u

/* The client sends for as long as it likes; the end of its stream is not a surprise. */
#define UNTIL_END UINT64_MAX

struct header {
	uint64_t client_will_send; /* bytes after this header */
	uint64_t server_should_send;
	uint32_t flags;
} __attribute__((packed));

struct address {
	struct sockaddr_storage storage;
	socklen_t length;
};

struct range {
	uint64_t min, max; /* both included */
};

enum close_order { CLIENT_CLOSES_FIRST, SERVER_CLOSES_FIRST, ALTERNATE };

struct options {
	struct address to;
	bool has_to;
	int family;
	const char *addr;
	uint16_t port;
	unsigned workers;
	unsigned connections;
	unsigned parallel;
	unsigned sources; /* spread over this many addresses from 127.0.0.1 on; 0: let the kernel choose */
	unsigned hold_ms;
	struct range send_bytes, receive_bytes;
	uint64_t seed;
	enum close_order first_close;
	bool half_close;
	bool exit_fast; /* leave closing to the end of the process */
	bool by_server; /* reset: the server resets */
};

struct totals {
	uint64_t connections, bytes_sent, bytes_received, failed, resets;
	int first_error; /* errno of the first failure, 0 when none */
};

/* options.c */
bool parse_options(int argc, char **argv, struct options *options);

/* socket.c */
bool parse_address(const char *text, struct address *address); /* 127.0.0.1:80 or [::1]:80 */
int listen_on(const struct options *options, uint16_t *port);
int connect_to(const struct options *options, unsigned index); /* descriptor, or -errno */
void allow_all_descriptors(void);
unsigned descriptor_limit(void);
_Noreturn void die(const char *what);

/* exchange.c: the client's side of one connection; adds to totals, returns 0 or -errno */
/* Sends the header and payload_bytes, whatever the header announces, and receives what it asks for. */
int exchange(int fd, const struct header *header, uint64_t payload_bytes, struct totals *totals);
int send_some(int fd, uint64_t bytes, struct totals *totals);
int wait_for_end(int fd, struct totals *totals);
void print_totals(const struct totals *totals);

/* serve.c: one process of the server, until stop_fd is readable */
struct worker_totals {
	int pid;
	uint64_t accepted, bytes_sent, bytes_received, resets, incomplete;
};
void serve(int listener, int stop_fd, struct worker_totals *totals);

/* the subcommands; return the exit code */
int run_server(const struct options *options);
int run_client(const struct options *options);
int run_churn(const struct options *options);
int run_hold(const struct options *options);
int run_refused(const struct options *options);
int run_reset(const struct options *options);

/* actor.c; `ledger` is what it had counted before it was executed again, or NULL */
int run_actor(const char *ledger);

#endif
