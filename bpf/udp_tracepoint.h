/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * UDP where there are no kprobes. The tracepoints (6.3) say how many bytes a call moved, in the caller's context, but
 * not to whom; for that, a connected socket has its peer, and for the others two hooks of the control group, which
 * only UDP runs, see the address before. Both run for one call after the other in one task, so the task is the key.
 */
#ifndef NPMON_UDP_TRACEPOINT_H
#define NPMON_UDP_TRACEPOINT_H

#include "dns.h"

struct peer {
	__u32 address[4];
	__u16 port;
	__u16 valid; /* seen in the call that the task is in */
	__u32 pad;
};

/* One for each task that sends and receives without connecting; it stays, for that costs less than making it anew. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct peer);
} peers SEC(".maps");

static __always_inline struct peer *peer_of_task(void)
{
	__u64 task = bpf_get_current_task();
	struct peer *peer = bpf_map_lookup_elem(&peers, &task);
	struct peer fresh = {};

	if (peer)
		return peer;
	bpf_map_update_elem(&peers, &task, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&peers, &task);
}

static __always_inline int remember_ipv4(struct bpf_sock_addr *ctx)
{
	struct peer *peer = peer_of_task();

	if (peer) {
		map_ipv4(peer->address, ctx->user_ip4);
		peer->port = bpf_ntohs(ctx->user_port);
		peer->valid = 1;
	}
	return 1; /* let the call go on */
}

static __always_inline int remember_ipv6(struct bpf_sock_addr *ctx)
{
	struct peer *peer = peer_of_task();

	if (peer) {
		peer->address[0] = ctx->user_ip6[0];
		peer->address[1] = ctx->user_ip6[1];
		peer->address[2] = ctx->user_ip6[2];
		peer->address[3] = ctx->user_ip6[3];
		peer->port = bpf_ntohs(ctx->user_port);
		peer->valid = 1;
	}
	return 1;
}

SEC("cgroup/sendmsg4")
int npmon_send4(struct bpf_sock_addr *ctx)
{
	return remember_ipv4(ctx);
}

SEC("cgroup/sendmsg6")
int npmon_send6(struct bpf_sock_addr *ctx)
{
	return remember_ipv6(ctx);
}

SEC("cgroup/recvmsg4")
int npmon_receive4(struct bpf_sock_addr *ctx)
{
	return remember_ipv4(ctx);
}

SEC("cgroup/recvmsg6")
int npmon_receive6(struct bpf_sock_addr *ctx)
{
	return remember_ipv6(ctx);
}

/* The peer of the call: the one that a hook saw, or that the socket is connected to. */
static __always_inline void fill_peer(struct udp_key *key, const struct peer *seen, const struct sock_common *common,
				      int ipv6)
{
	if (seen) {
		for (int i = 0; i < 4; i++)
			key->remote_address[i] = seen->address[i];
		key->remote_port = seen->port;
		return;
	}
	if (common->skc_state != TCP_ESTABLISHED)
		return;
	key->remote_port = bpf_ntohs(common->skc_dport);
	if (ipv6) {
		for (int i = 0; i < 4; i++)
			key->remote_address[i] = common->skc_v6_daddr.in6_u.u6_addr32[i];
	} else {
		map_ipv4(key->remote_address, common->skc_daddr);
	}
}

/* `reads_dns` is known when this is compiled. */
static __always_inline int on_call(struct sock *sk, enum datagram_way way, int length, int counts, int reads_dns)
{
	struct sock_common *common = &sk->__sk_common;
	__u16 family = common->skc_family;
	__u64 task = bpf_get_current_task();
	struct peer *seen = bpf_map_lookup_elem(&peers, &task);
	struct udp_key key = {};
	int ipv6 = family == AF_INET6;

	if (seen && !seen->valid)
		seen = NULL;
	/* Used up, also by a call that failed or only looked. */
	if (seen)
		seen->valid = 0;
	if (length < 0 || !counts)
		return 0;
	key.pid = bpf_get_current_pid_tgid() >> 32;
	key.netns = common->skc_net.net->ns.inum;
	key.local_port = common->skc_num;
	if (ipv6) {
		for (int i = 0; i < 4; i++)
			key.local_address[i] = common->skc_v6_rcv_saddr.in6_u.u6_addr32[i];
	} else {
		map_ipv4(key.local_address, common->skc_rcv_saddr);
	}
	fill_peer(&key, seen, common, ipv6);
	unify_wildcard(&key);
	count_call(&key, way, length, 1,
		   udp_direction(BPF_CORE_READ_BITFIELD(sk, sk_userlocks) & SOCK_BINDPORT_LOCK, way));
	if (reads_dns)
		on_datagram(&key, sk, length);
	return 0;
}

/* TCP makes these calls too; for it, this first line is all that runs. */
static __always_inline int is_udp(struct sock *sk)
{
	__u16 family = sk->__sk_common.skc_family;

	return sk->sk_protocol == IPPROTO_UDP && (family == AF_INET || family == AF_INET6);
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(npmon_send_length, struct sock *sk, int length, int flags)
{
	return is_udp(sk) ? on_call(sk, DATAGRAM_SENT, length, 1, 0) : 0;
}

static __always_inline int on_received(struct sock *sk, int length, int flags, int reads_dns)
{
	if (!is_udp(sk))
		return 0;
	return on_call(sk, DATAGRAM_RECEIVED, length, !(flags & (MSG_PEEK | MSG_ERRQUEUE)), reads_dns);
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(npmon_receive_length, struct sock *sk, int length, int flags)
{
	return on_received(sk, length, flags, 0);
}

/* Instead of the one above. */
SEC("tp_btf/sock_recv_length")
int BPF_PROG(npmon_receive_dns, struct sock *sk, int length, int flags)
{
	return on_received(sk, length, flags, 1);
}

#endif
