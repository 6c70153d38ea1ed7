/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * UDP where there are no kprobes. The tracepoints (6.3) say how many bytes a call moved, in the caller's context, but
 * not to whom; for that, a connected socket has its peer, and for the others two hooks of the control group, which
 * only UDP runs, see the address before. Both run for one call after the other in one task, so the task is the key.
 */
#ifndef NPMON_UDP_TRACEPOINT_H
#define NPMON_UDP_TRACEPOINT_H

#include "udp.h"

struct peer {
	__u32 address[4];
	__u16 port;
	__u16 pad[3];
};

/* What the hook saw in the call that the task is in. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct peer);
} peers SEC(".maps");

static __always_inline int remember_ipv4(struct bpf_sock_addr *ctx)
{
	__u64 task = bpf_get_current_task();
	struct peer peer = { .port = bpf_ntohs(ctx->user_port) };

	map_ipv4(peer.address, ctx->user_ip4);
	bpf_map_update_elem(&peers, &task, &peer, BPF_ANY);
	return 1; /* let the call go on */
}

static __always_inline int remember_ipv6(struct bpf_sock_addr *ctx)
{
	__u64 task = bpf_get_current_task();
	struct peer peer = { .port = bpf_ntohs(ctx->user_port) };

	peer.address[0] = ctx->user_ip6[0];
	peer.address[1] = ctx->user_ip6[1];
	peer.address[2] = ctx->user_ip6[2];
	peer.address[3] = ctx->user_ip6[3];
	bpf_map_update_elem(&peers, &task, &peer, BPF_ANY);
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

/* The peer of the call, when a hook saw one; it is forgotten with that. */
static __always_inline void take_peer(struct udp_key *key, __u64 task, const struct sock_common *common, int ipv6)
{
	struct peer *peer = bpf_map_lookup_elem(&peers, &task);

	if (peer) {
		for (int i = 0; i < 4; i++)
			key->remote_address[i] = peer->address[i];
		key->remote_port = peer->port;
		bpf_map_delete_elem(&peers, &task);
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

static __always_inline int on_call(struct sock *sk, enum datagram_way way, int length, int counts)
{
	struct sock_common *common = &sk->__sk_common;
	__u16 family = common->skc_family;
	__u64 task = bpf_get_current_task();
	struct udp_key key = {};
	int ipv6 = family == AF_INET6;

	if (length < 0 || !counts) {
		bpf_map_delete_elem(&peers, &task);
		return 0;
	}
	key.pid = bpf_get_current_pid_tgid() >> 32;
	key.netns = common->skc_net.net->ns.inum;
	key.local_port = common->skc_num;
	if (ipv6) {
		for (int i = 0; i < 4; i++)
			key.local_address[i] = common->skc_v6_rcv_saddr.in6_u.u6_addr32[i];
	} else {
		map_ipv4(key.local_address, common->skc_rcv_saddr);
	}
	take_peer(&key, task, common, ipv6);
	unify_wildcard(&key);
	count_call(&key, way, length, 1,
		   udp_direction(BPF_CORE_READ_BITFIELD(sk, sk_userlocks) & SOCK_BINDPORT_LOCK, way));
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
	return is_udp(sk) ? on_call(sk, DATAGRAM_SENT, length, 1) : 0;
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(npmon_receive_length, struct sock *sk, int length, int flags)
{
	return is_udp(sk) ? on_call(sk, DATAGRAM_RECEIVED, length, !(flags & (MSG_PEEK | MSG_ERRQUEUE))) : 0;
}

#endif
