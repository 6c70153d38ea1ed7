/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * UDP where there are kprobes. skb_consume_udp() runs once for each datagram that a process has received, with the
 * datagram, so the sender is always known. What was sent is counted by the tracepoint of udp_tracepoint.h where there
 * is one (6.3), else when udp_sendmsg() returns: by fexit and not by kretprobe, which is missed silently when more
 * calls sleep at once than it has room for.
 */
#ifndef NPMON_UDP_KPROBE_H
#define NPMON_UDP_KPROBE_H

#include "dns.h"

static __always_inline void read_local(struct udp_key *key, struct sock *sk, int ipv6)
{
	if (ipv6)
		BPF_CORE_READ_INTO(&key->local_address, sk, __sk_common.skc_v6_rcv_saddr);
	else
		map_ipv4(key->local_address, BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr));
	key->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	key->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	key->pid = bpf_get_current_pid_tgid() >> 32;
}

static __always_inline int is_bound(struct sock *sk)
{
	return BPF_CORE_READ_BITFIELD_PROBED(sk, sk_userlocks) & SOCK_BINDPORT_LOCK;
}

static __always_inline void read_sender(struct udp_key *key, struct sk_buff *skb)
{
	unsigned char *head = BPF_CORE_READ(skb, head);
	void *network = head + BPF_CORE_READ(skb, network_header);
	void *transport = head + BPF_CORE_READ(skb, transport_header);
	struct ipv4_header ipv4 = {};
	__be16 port = 0;

	bpf_probe_read_kernel(&ipv4, sizeof(ipv4), network);
	if (ipv4.version >> 4 == 4)
		map_ipv4(key->remote_address, ipv4.source);
	else
		bpf_probe_read_kernel(key->remote_address, sizeof(key->remote_address),
				      network + __builtin_offsetof(struct ipv6_header, source));
	bpf_probe_read_kernel(&port, sizeof(port), transport);
	key->remote_port = bpf_ntohs(port);
}

/* `length` is what the caller is told, negative for a datagram that is only peeked at. */
static __always_inline int on_consumed(struct sock *sk, struct sk_buff *skb, int length, int reads_dns)
{
	struct udp_key key = {};

	if (length < 0)
		return 0;
	read_local(&key, sk, BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET6);
	read_sender(&key, skb);
	unify_wildcard(&key);
	count_call(&key, DATAGRAM_RECEIVED, length, 1, udp_direction(is_bound(sk), DATAGRAM_RECEIVED));
	if (reads_dns)
		on_datagram(&key, sk, length);
	return 0;
}

SEC("kprobe/skb_consume_udp")
int BPF_KPROBE(npmon_consume_udp, struct sock *sk, struct sk_buff *skb, int length)
{
	return on_consumed(sk, skb, length, 0);
}

/* Instead of the one above. */
SEC("kprobe/skb_consume_udp")
int BPF_KPROBE(npmon_consume_dns, struct sock *sk, struct sk_buff *skb, int length)
{
	return on_consumed(sk, skb, length, 1);
}

/* The address that the caller gave, or that the socket is connected to. */
static __always_inline void read_receiver(struct udp_key *key, struct sock *sk, struct msghdr *msg, int ipv6)
{
	struct socket_address name = {};
	void *given = msg->msg_name;

	if (given) {
		bpf_probe_read_kernel(&name, sizeof(name), given);
		key->remote_port = bpf_ntohs(name.port);
		if (name.family == AF_INET6)
			__builtin_memcpy(key->remote_address, name.ipv6, sizeof(name.ipv6));
		else
			map_ipv4(key->remote_address, name.ipv4);
		return;
	}
	key->remote_port = bpf_ntohs(sk->__sk_common.skc_dport);
	if (ipv6)
		BPF_CORE_READ_INTO(&key->remote_address, sk, __sk_common.skc_v6_daddr);
	else
		map_ipv4(key->remote_address, sk->__sk_common.skc_daddr);
}

static __always_inline int on_sent(struct sock *sk, struct msghdr *msg, int result, int ipv6)
{
	struct udp_key key = {};

	if (result < 0)
		return 0;
	read_receiver(&key, sk, msg, ipv6);
	/* To IPv4 through an IPv6 socket: udpv6_sendmsg() has called udp_sendmsg(), which was counted. */
	if (ipv6 && is_mapped(key.remote_address))
		return 0;
	read_local(&key, sk, sk->__sk_common.skc_family == AF_INET6);
	unify_wildcard(&key);
	/* Before 6.5 sendfile and splice send a datagram page by page, all but the last one with MSG_MORE. */
	count_call(&key, DATAGRAM_SENT, result, !(msg->msg_flags & MSG_MORE),
		   udp_direction(is_bound(sk), DATAGRAM_SENT));
	return 0;
}

SEC("fexit/udp_sendmsg")
int BPF_PROG(npmon_sent4, struct sock *sk, struct msghdr *msg, unsigned long length, int result)
{
	return on_sent(sk, msg, result, 0);
}

SEC("fexit/udpv6_sendmsg")
int BPF_PROG(npmon_sent6, struct sock *sk, struct msghdr *msg, unsigned long length, int result)
{
	return on_sent(sk, msg, result, 1);
}

#endif
