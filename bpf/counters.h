/* SPDX-License-Identifier: GPL-2.0-only */
/* From the kernel's own counters in tcp_sock to a record. */
#ifndef NPMON_COUNTERS_H
#define NPMON_COUNTERS_H

#include "sockets.h"

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
static __always_inline __u64 sent_by_sequence(struct tcp_sock *tp, __u8 direction)
{
	__u8 tcp_state = tp->inet_conn.icsk_inet.sk.__sk_common.skc_state;
	__u32 next = tp->snd_nxt;
	__u32 flight = next - tp->snd_una;
	__u64 reach, flags;

	/* Acknowledged last: an acknowledgement in between makes this too much, which does no harm, and never too little. */
	barrier();
	reach = tp->bytes_acked + flight;
	flags = direction == DIRECTION_OUTGOING;
	if ((tcp_state == TCP_FIN_WAIT1 || tcp_state == TCP_FIN_WAIT2 || tcp_state == TCP_CLOSING ||
	     tcp_state == TCP_LAST_ACK) &&
	    next == tp->write_seq)
		flags++;
	return reach > flags ? reach - flags : 0;
}

static __always_inline int is_locked(struct sock *sk)
{
	if (sk->sk_lock.owned)
		return 1;
	/* Not where spinlocks can sleep (PREEMPT_RT). */
	if (!bpf_core_field_exists(sk->sk_lock.slock.rlock.raw_lock.locked))
		return 0;
	return sk->sk_lock.slock.rlock.raw_lock.locked;
}

/*
 * `unsettled`: what was received up to the last pass, when somebody else may be changing the counters now; the last
 * byte of a socket in use is then left for the next pass. NULL for who holds its lock.
 */
static __always_inline void read_counters(struct counters *c, struct tcp_sock *tp, __u8 direction,
					  const __u64 *unsettled)
{
	__u64 by_sequence;

	/* bytes_received moves by the sequence number, so the peer's FIN adds one byte that nobody sent. The flag follows
	 * a moment later, under the same lock: when nobody holds that, the flag is there for every FIN counted above. */
	__u64 received = tp->bytes_received;

	barrier();
	if (unsettled && is_locked(&tp->inet_conn.icsk_inet.sk))
		received -= received > *unsettled;
	else if (tp->inet_conn.icsk_inet.sk.__sk_common.skc_flags & (1ul << SOCK_DONE))
		received -= received > 0;
	c->received = received;
	/* bytes_sent also counts segments that this host failed to send, because its queue was full or a route was
	 * missing, once for each try (__tcp_transmit_skb() counts before it hands over); sequence numbers do not move then. */
	c->sent = tp->bytes_sent - tp->bytes_retrans;
	barrier();
	by_sequence = sent_by_sequence(tp, direction);
	if (c->sent > by_sequence)
		c->sent = by_sequence;
	c->segs_out = tp->segs_out;
	c->segs_in = tp->segs_in;
	c->retransmits = tp->total_retrans;
}

static __always_inline __u64 counters_sum(const struct counters *c)
{
	return c->sent + c->received + c->segs_out + c->segs_in + c->retransmits;
}

static __always_inline void set_base(struct socket_state *state, const struct counters *c)
{
	state->base_sent = c->sent;
	state->base_received = c->received;
	state->base_segs_out = c->segs_out;
	state->base_segs_in = c->segs_in;
	state->base_retransmits = c->retransmits;
	state->emitted_sent = c->sent;
	state->emitted_received = c->received;
}

static __always_inline __u16 record_flags(const struct socket_state *state)
{
	return (state->established ? RECORD_ESTABLISHED : 0) | (state->preexisting ? RECORD_PREEXISTING : 0) |
	       (state->inherited ? RECORD_INHERITED : 0);
}

static __always_inline void fill_counters(struct flow_record *record, const struct socket_state *state,
					  const struct counters *c, struct tcp_sock *tp)
{
	record->bytes_sent = c->sent - state->base_sent;
	record->bytes_received = c->received - state->base_received;
	record->packets_sent = c->segs_out - state->base_segs_out;
	record->packets_received = c->segs_in - state->base_segs_in;
	record->retransmits = c->retransmits - state->base_retransmits;
	record->rtt_us = tp->srtt_us >> 3;
	record->rtt_var_us = tp->mdev_us >> 2;
}

static __always_inline void fill_identity(struct flow_record *record, const struct socket_state *state,
					  struct tcp_sock *tp)
{
	struct inet_sock *inet = &tp->inet_conn.icsk_inet;
	struct sock_common *common = &inet->sk.__sk_common;

	record->direction = state->direction;
	record->family = common->skc_family;
	record->protocol = IPPROTO_TCP;
	if (common->skc_family == AF_INET) {
		*(__u32 *)record->local_address = common->skc_rcv_saddr;
		*(__u32 *)record->remote_address = common->skc_daddr;
	} else {
		for (int i = 0; i < 4; i++) {
			((__u32 *)record->local_address)[i] = common->skc_v6_rcv_saddr.in6_u.u6_addr32[i];
			((__u32 *)record->remote_address)[i] = common->skc_v6_daddr.in6_u.u6_addr32[i];
		}
	}
	/* Not skc_num: a socket that closes has given its port back before the tracepoint runs. */
	record->local_port = bpf_ntohs(inet->inet_sport);
	record->remote_port = bpf_ntohs(common->skc_dport);
	record->netns = common->skc_net.net->ns.inum;
	record->start_ticks = state->start_ticks;
	record->pid = state->pid;
	record->pad2 = 0;
}

#endif
