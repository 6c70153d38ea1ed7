#include "actor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <string.h>

static const struct option {
	const char *name;
	int level, option;
} options[] = {
	{ "reuseaddr", SOL_SOCKET, SO_REUSEADDR },
	{ "sndbuf", SOL_SOCKET, SO_SNDBUF },
	{ "rcvbuf", SOL_SOCKET, SO_RCVBUF },
	{ "zerocopy", SOL_SOCKET, SO_ZEROCOPY },
	{ "oobinline", SOL_SOCKET, SO_OOBINLINE },
	{ "nodelay", IPPROTO_TCP, TCP_NODELAY },
	{ "cork", IPPROTO_TCP, TCP_CORK },
	{ "fastopen", IPPROTO_TCP, TCP_FASTOPEN },
	{ "user_timeout", IPPROTO_TCP, TCP_USER_TIMEOUT },
	{ "syn_count", IPPROTO_TCP, TCP_SYNCNT },
	{ "recverr", IPPROTO_IP, IP_RECVERR },
	{ "v6only", IPPROTO_IPV6, IPV6_V6ONLY },
	{ "udp_segment", IPPROTO_UDP, UDP_SEGMENT },
	{ "udp_gro", IPPROTO_UDP, UDP_GRO },
};

/* Close with a reset. */
static int linger(int fd)
{
	struct linger reset = { .l_onoff = 1, .l_linger = 0 };

	return setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
}

/* Arriving packets of this socket, and of those accepted from it, vanish with this probability. */
static int lose(int fd, long percent)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_RANDOM),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, percent * (UINT32_MAX / 100), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	if (percent == 0)
		return setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &percent, sizeof(int));
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static int set_flag(int fd, long on)
{
	int flags = fcntl(fd, F_GETFL);

	return fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}

static int set_option(int fd, const char *name, int value)
{
	if (strcmp(name, "reset_on_close") == 0)
		return linger(fd);
	if (strcmp(name, "loss") == 0)
		return lose(fd, value);
	if (strcmp(name, "nonblock") == 0)
		return set_flag(fd, value);
	for (unsigned i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (strcmp(name, options[i].name) == 0)
			return setsockopt(fd, options[i].level, options[i].option, &value, sizeof(value));
	}
	errno = EINVAL;
	return -1;
}

bool act_on_option(const struct words *words, struct answer *answer)
{
	if (strcmp(word(words, 0), "option") != 0)
		return false;
	answer->value = set_option(number_of(words, 1), word(words, 2), number_of(words, 3));
	answer->error = answer->value < 0 ? errno : 0;
	return true;
}
