#include "actor.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_PEERS 4096

struct entry {
	struct address peer; /* length 0: not known */
	uint64_t bytes[2], datagrams[2];
};

static struct entry entries[MOST_PEERS], total;
static unsigned used;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct entry *entry_of(const struct address *peer)
{
	static unsigned last;

	if (last < used && memcmp(&entries[last].peer, peer, sizeof(*peer)) == 0)
		return &entries[last];
	for (last = 0; last < used; last++) {
		if (memcmp(&entries[last].peer, peer, sizeof(*peer)) == 0)
			return &entries[last];
	}
	if (used == MOST_PEERS) {
		fprintf(stderr, "traffic: more than %d peers\n", MOST_PEERS);
		exit(1);
	}
	entries[used].peer = *peer;
	return &entries[used++];
}

/* Without a peer, that of a connected socket; of one that has none, it is not known. */
void count_moved(int fd, enum way way, const struct address *peer, uint64_t bytes, uint64_t datagrams)
{
	struct address known = { 0 };
	struct entry *entry;

	if (peer && peer->length > 0)
		known = *peer;
	known.length = sizeof(known.storage);
	if ((!peer || peer->length == 0) &&
	    getpeername(fd, (struct sockaddr *)&known.storage, &known.length) < 0)
		known = (struct address){ 0 };
	else if (known.storage.ss_family == AF_INET6)
		known.length = sizeof(struct sockaddr_in6), ((struct sockaddr_in6 *)&known.storage)->sin6_flowinfo = 0;
	else
		known.length = sizeof(struct sockaddr_in);
	pthread_mutex_lock(&lock);
	entry = entry_of(&known);
	entry->bytes[way] += bytes;
	entry->datagrams[way] += datagrams;
	total.bytes[way] += bytes;
	total.datagrams[way] += datagrams;
	pthread_mutex_unlock(&lock);
}

void format_address(const struct address *address, char *text, size_t size)
{
	char host[INET6_ADDRSTRLEN] = "";

	text[0] = '\0';
	if (address->length == 0)
		return;
	if (address->storage.ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&address->storage;

		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
		/* IPv4 that arrived on a socket of IPv6 is IPv4 */
		if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
			snprintf(text, size, "%s:%d", host + strlen("::ffff:"), ntohs(in6->sin6_port));
		else
			snprintf(text, size, "[%s]:%d", host, ntohs(in6->sin6_port));
	} else {
		const struct sockaddr_in *in = (const struct sockaddr_in *)&address->storage;

		inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
		snprintf(text, size, "%s:%d", host, ntohs(in->sin_port));
	}
}

static void print_entry(const struct entry *entry)
{
	printf("\"bytes_sent\":%llu,\"bytes_received\":%llu,\"packets_sent\":%llu,\"packets_received\":%llu",
	       (unsigned long long)entry->bytes[SENT], (unsigned long long)entry->bytes[RECEIVED],
	       (unsigned long long)entry->datagrams[SENT], (unsigned long long)entry->datagrams[RECEIVED]);
}

void print_ledger(void)
{
	char text[64];

	printf("{\"pid\":%d,", getpid());
	print_entry(&total);
	printf(",\"peers\":[");
	for (unsigned i = 0; i < used; i++) {
		format_address(&entries[i].peer, text, sizeof(text));
		printf(text[0] ? "%s{\"peer\":\"%s\"," : "%s{\"peer\":null,", i ? "," : "", text);
		print_entry(&entries[i]);
		printf("}");
	}
	printf("]}\n");
}

/* Only the sums survive an exec. */
void save_ledger(char *text, size_t size)
{
	snprintf(text, size, "%llu %llu", (unsigned long long)total.bytes[SENT],
		 (unsigned long long)total.bytes[RECEIVED]);
}

void restore_ledger(const char *text)
{
	unsigned long long sent = 0, received = 0;

	sscanf(text, "%llu %llu", &sent, &received);
	total.bytes[SENT] = sent;
	total.bytes[RECEIVED] = received;
}

/* A fork starts with nothing moved. */
void forget_ledger(void)
{
	used = 0;
	total = (struct entry){ 0 };
	memset(entries, 0, sizeof(entries));
}
