/* SPDX-License-Identifier: GPL-2.0-only */
/* From the kernel's own counters in tcp_sock to a record. */
#ifndef NPMON_COUNTERS_H
#define NPMON_COUNTERS_H

#include "sockets.h"

/*
 * The pass has no more than the address of a socket, so it cannot load fields as the programs at the state tracepoint
 * do: from 6.2 the kernel takes a program's word for the type (bpf_rdonly_cast) and loads are as cheap, before that
 * every field is copied by a call. `way` is a constant wherever this is used.
 */
enum load_way {
	LOAD_TYPED,
	LOAD_COPIED,
};

#define LOAD(way, pointer, field)                                                                                      \
	({                                                                                                             \
		typeof((pointer)->field) loaded;                                                                       \
		if ((way) == LOAD_TYPED)                                                                               \
			loaded = (pointer)->field;                                                                     \
		else                                                                                                   \
			bpf_core_read((void *)&loaded, sizeof(loaded), &(pointer)->field);                              \
		loaded;                                                                                                \
	})

/* The struct sock inside a struct tcp_sock, for the path of a field. */
#define SK inet_conn.icsk_inet.sk

struct counters {
	__u64 sent;
	__u64 received;
	__u32 segs_out;
	__u32 segs_in;
	__u32 retransmits;
};

/*
 * Payload up to the highest sequence number that was ever sent: what is acknowledged and what is in flight, less the
 * SYN of the end that connected (the other one's counter starts behind it) and our FIN.
 */
static __always_inline __u64 sent_by_sequence(enum load_way way, struct tcp_sock *tp, __u8 direction)
{
	__u8 tcp_state = LOAD(way, tp, SK.__sk_common.skc_state);
	__u32 next = LOAD(way, tp, snd_nxt);
	__u32 flight = next - LOAD(way, tp, snd_una);
	__u64 reach, flags;

	/* Acknowledged last: an acknowledgement in between makes this too much, which does no harm, and never too little. */
	barrier();
	reach = LOAD(way, tp, bytes_acked) + flight;
	flags = direction == DIRECTION_OUTGOING;
	if ((tcp_state == TCP_FIN_WAIT1 || tcp_state == TCP_FIN_WAIT2 || tcp_state == TCP_CLOSING ||
	     tcp_state == TCP_LAST_ACK) &&
	    next == LOAD(way, tp, write_seq))
		flags++;
	return reach > flags ? reach - flags : 0;
}

static __always_inline int is_locked(enum load_way way, struct tcp_sock *tp)
{
	if (LOAD(way, tp, SK.sk_lock.owned))
		return 1;
	/* Not where spinlocks can sleep (PREEMPT_RT). */
	if (!bpf_core_field_exists(tp->SK.sk_lock.slock.rlock.raw_lock.locked))
		return 0;
	return LOAD(way, tp, SK.sk_lock.slock.rlock.raw_lock.locked);
}

/*
 * `unsettled`: what was received up to the last pass, when somebody else may be changing the counters now; the last
 * byte of a socket in use is then left for the next pass. NULL for who holds its lock.
 */
static __always_inline void read_counters(enum load_way way, struct counters *c, struct tcp_sock *tp, __u8 direction,
					  const __u64 *unsettled)
{
	__u64 by_sequence;

	/* bytes_received moves by the sequence number, so the peer's FIN adds one byte that nobody sent. The flag follows
	 * a moment later, under the same lock: when nobody holds that, the flag is there for every FIN counted above. */
	__u64 received = LOAD(way, tp, bytes_received);

	barrier();
	if (unsettled && is_locked(way, tp))
		received -= received > *unsettled;
	else if (LOAD(way, tp, SK.__sk_common.skc_flags) & (1ul << SOCK_DONE))
		received -= received > 0;
	c->received = received;
	/* bytes_sent also counts segments that this host failed to send, because its queue was full or a route was
	 * missing, once for each try (__tcp_transmit_skb() counts before it hands over); sequence numbers do not move then. */
	c->sent = LOAD(way, tp, bytes_sent) - LOAD(way, tp, bytes_retrans);
	barrier();
	by_sequence = sent_by_sequence(way, tp, direction);
	if (c->sent > by_sequence)
		c->sent = by_sequence;
	c->segs_out = LOAD(way, tp, segs_out);
	c->segs_in = LOAD(way, tp, segs_in);
	c->retransmits = LOAD(way, tp, total_retrans);
}

static __always_inline __u64 counters_sum(const struct counters *c)
{
	return c->sent + c->received + c->segs_out + c->segs_in + c->retransmits;
}

static __always_inline void set_base(struct flow_state *flow, const struct counters *c)
{
	flow->base_sent = c->sent;
	flow->base_received = c->received;
	flow->base_segs_out = c->segs_out;
	flow->base_segs_in = c->segs_in;
	flow->base_retransmits = c->retransmits;
	flow->emitted_sent = c->sent;
	flow->emitted_received = c->received;
}

static __always_inline __u16 record_flags(const struct flow_state *flow)
{
	return (flow->established ? RECORD_ESTABLISHED : 0) | (flow->preexisting ? RECORD_PREEXISTING : 0) |
	       (flow->inherited ? RECORD_INHERITED : 0);
}

static __always_inline void fill_counters(enum load_way way, struct flow_record *record, const struct flow_state *flow,
					  const struct counters *c, struct tcp_sock *tp)
{
	record->bytes_sent = c->sent - flow->base_sent;
	record->bytes_received = c->received - flow->base_received;
	record->packets_sent = c->segs_out - flow->base_segs_out;
	record->packets_received = c->segs_in - flow->base_segs_in;
	record->retransmits = c->retransmits - flow->base_retransmits;
	record->rtt_us = LOAD(way, tp, srtt_us) >> 3;
	record->rtt_var_us = LOAD(way, tp, mdev_us) >> 2;
}

static __always_inline void fill_identity(enum load_way way, struct flow_record *record, const struct flow_state *flow,
					  struct tcp_sock *tp)
{
	__u16 family = LOAD(way, tp, SK.__sk_common.skc_family);
	struct net *net = LOAD(way, tp, SK.__sk_common.skc_net.net);

	record->direction = flow->direction;
	record->family = family;
	record->protocol = IPPROTO_TCP;
	if (family == AF_INET) {
		*(__u32 *)record->local_address = LOAD(way, tp, SK.__sk_common.skc_rcv_saddr);
		*(__u32 *)record->remote_address = LOAD(way, tp, SK.__sk_common.skc_daddr);
	} else {
#pragma unroll
		for (int i = 0; i < 4; i++) {
			((__u32 *)record->local_address)[i] =
				LOAD(way, tp, SK.__sk_common.skc_v6_rcv_saddr.in6_u.u6_addr32[i]);
			((__u32 *)record->remote_address)[i] =
				LOAD(way, tp, SK.__sk_common.skc_v6_daddr.in6_u.u6_addr32[i]);
		}
	}
	/* Not skc_num: a socket that closes has given its port back before the tracepoint runs. */
	record->local_port = bpf_ntohs(LOAD(way, tp, inet_conn.icsk_inet.inet_sport));
	record->remote_port = bpf_ntohs(LOAD(way, tp, SK.__sk_common.skc_dport));
	record->netns = LOAD(way, net, ns.inum);
	record->start_ticks = flow->start_ticks;
	record->pid = flow->pid;
	record->pad2 = 0;
}

#endif
