#include "traffic.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

void die(const char *what)
{
	perror(what);
	exit(1);
}

static bool make_address(int family, const char *host, uint16_t port, struct address *address)
{
	memset(address, 0, sizeof(*address));
	if (family == AF_INET6) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address->storage;

		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		address->length = sizeof(*in6);
		return inet_pton(AF_INET6, host, &in6->sin6_addr) == 1;
	}
	struct sockaddr_in *in = (struct sockaddr_in *)&address->storage;

	in->sin_family = AF_INET;
	in->sin_port = htons(port);
	address->length = sizeof(*in);
	return inet_pton(AF_INET, host, &in->sin_addr) == 1;
}

bool parse_address(const char *text, struct address *address)
{
	const char *colon = strrchr(text, ':');
	char host[64], *end;
	size_t length;
	long port;

	if (!colon)
		return false;
	port = strtol(colon + 1, &end, 10);
	length = colon - text;
	if (end == colon + 1 || *end || port < 1 || port > 65535 || length < 2 || length >= sizeof(host))
		return false;
	memcpy(host, text, length);
	host[length] = '\0';
	if (host[0] != '[')
		return make_address(AF_INET, host, port, address);
	if (host[length - 1] != ']')
		return false;
	host[length - 1] = '\0';
	return make_address(AF_INET6, host + 1, port, address);
}

int listen_on(const struct options *options, uint16_t *port)
{
	const char *host = options->addr ? options->addr : options->family == AF_INET6 ? "::1" : "127.0.0.1";
	struct address address;
	int one = 1, zero = 0, fd;

	if (!make_address(options->family, host, options->port, &address)) {
		fprintf(stderr, "traffic: --addr cannot be %s\n", host);
		exit(2);
	}
	fd = socket(options->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	/* a server on :: takes IPv4 as well, which arrives v4-mapped */
	if (options->family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	if (bind(fd, (struct sockaddr *)&address.storage, address.length) < 0)
		die("bind");
	if (listen(fd, 65535) < 0)
		die("listen");
	if (getsockname(fd, (struct sockaddr *)&address.storage, &address.length) < 0)
		die("getsockname");
	/* the port is at the same place in both families */
	*port = ntohs(((struct sockaddr_in *)&address.storage)->sin_port);
	return fd;
}

/* One source address has some 28,000 ports, all of which may be in TIME_WAIT: the index spreads over several. */
static int bind_source(int fd, unsigned sources, unsigned index)
{
	struct sockaddr_in source = { .sin_family = AF_INET };
	int one = 1;

	source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + index % sources);
	/* leaves the port to connect(), which may share it between destinations */
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	return bind(fd, (struct sockaddr *)&source, sizeof(source));
}

int connect_to(const struct options *options, unsigned index)
{
	int family = options->to.storage.ss_family;
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (options->sources > 0 && family == AF_INET && bind_source(fd, options->sources, index) < 0)
		goto failed;
	if (connect(fd, (const struct sockaddr *)&options->to.storage, options->to.length) < 0)
		goto failed;
	return fd;
failed:;
	int error = errno;

	close(fd);
	return -error;
}

void allow_all_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		die("getrlimit");
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

unsigned descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		die("getrlimit");
	return limit.rlim_cur > 1000000 ? 1000000 : limit.rlim_cur;
}
