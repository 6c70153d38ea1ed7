/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A TCP socket's life, from its state changes: owner, start and direction at its birth, final counters at its end.
 * Nothing here runs per packet, per byte or per system call.
 */
#ifndef NPMON_TCP_STATE_H
#define NPMON_TCP_STATE_H

#include "counters.h"
#include "owner.h"
#include "slots.h"

static __always_inline void start_listener(__u64 sock)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct listener listener = {
		.pid = task->tgid,
		.start_ticks = task->group_leader->start_boottime / TICK_NS,
	};

	bpf_map_update_elem(&listeners, &sock, &listener, BPF_ANY);
	announce(task, listener.pid, listener.start_ticks);
}

static __always_inline struct tracked_socket *start_outgoing(struct sock *sk, __u64 sock)
{
	const struct tracked_socket content = { .sock = sock, .flow.direction = DIRECTION_OUTGOING };
	struct tracked_socket *place = begin_tracking(sk, sock, &content);

	if (!place)
		return NULL;
	claim_for_current(&place->flow);
	return place;
}

/*
 * A socket that is being accepted is at first a copy of its listener's memory, and there an empty list still points to
 * where it was copied from. Only a guess, so it counts when it is the address of a listener.
 */
static __always_inline struct listener *listener_of(struct sock *sk)
{
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);
	__u64 copied_from;

	if (!tp || !bpf_core_field_exists(tp->tsq_node))
		return NULL;
	copied_from = (__u64)tp->tsq_node.next - bpf_core_field_offset(tp->tsq_node);
	return bpf_map_lookup_elem(&listeners, &copied_from);
}

static __always_inline struct tracked_socket *start_incoming(struct sock *sk, __u64 sock)
{
	struct tracked_socket content = { .sock = sock };
	struct listener *listener = listener_of(sk);
	struct tracked_socket *place;

	content.flow.direction = DIRECTION_INCOMING;
	content.flow.inherited = 1;
	if (listener) {
		content.flow.pid = listener->pid;
		content.flow.start_ticks = listener->start_ticks;
	}
	place = begin_tracking(sk, sock, &content);
	if (place)
		hint_unclaimed();
	return place;
}

static __always_inline void lose(const struct flow_state *flow, const struct counters *c)
{
	__u64 bytes = (c->sent - flow->emitted_sent) + (c->received - flow->emitted_received);

	__sync_fetch_and_add(&control.lost_no_room, 1);
	__sync_fetch_and_add(&control.lost_bytes, bytes);
}

static __always_inline void finish(struct sock *sk, __u64 sock, struct tracked_socket *place)
{
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);
	struct flow_state *flow = &place->flow;
	struct flow_record *record;
	struct counters c;
	__u16 flags;

	/* From here on the pass leaves this socket alone, and what it has just read of it does not count. */
	if (!tp || !end_tracking(place, sock))
		return;
	flags = record_flags(flow) | RECORD_IDENTITY | RECORD_CLOSED;
	/* Never handed to anybody, and nobody tried to connect. */
	if (!flow->established && flow->direction == DIRECTION_INCOMING) {
		place->vanished = 1;
		return;
	}
	read_counters(LOAD_TYPED, &c, tp, flow->direction, NULL);
	record = bpf_ringbuf_reserve(&closed, sizeof(*record), 0);
	if (!record) {
		lose(flow, &c);
		place->vanished = 1;
		return;
	}
	fill_counters(LOAD_TYPED, record, flow, &c, tp);
	fill_identity(LOAD_TYPED, record, flow, tp);
	record->slot = place->slot;
	record->flags = flags;
	record->error = sk->sk_err;
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
}

/*
 * This end closes a connection that npmon never knew, because it was in no process when the others were adopted. One
 * that was closing by then already is no loss: its process had done with it before npmon began.
 */
static __always_inline void close_unseen(__u64 sock, int oldstate)
{
	if (oldstate != TCP_ESTABLISHED && oldstate != TCP_CLOSE_WAIT)
		return;
	__sync_fetch_and_add(&control.lost_begin, 1);
	/* So that it is counted once. */
	link_slot(sock, SLOT_NONE);
}

static __always_inline void look_for_owner(struct sock *sk, struct flow_state *flow)
{
	if (flow->inherited && is_used_by_current(sk))
		claim_for_current(flow);
}

/* False when there was no memory for what begins here. */
static __always_inline int change_state(struct sock *sk, __u64 sock, int oldstate, int newstate)
{
	struct tracked_socket *place;
	int ended;

	if (newstate == TCP_LISTEN) {
		start_listener(sock);
		return 1;
	}
	if (oldstate == TCP_LISTEN && newstate == TCP_CLOSE) {
		bpf_map_delete_elem(&listeners, &sock);
		return 1;
	}
	place = find_tracked(sk, sock, &ended);
	if (place && place->tcp_state == newstate)
		return 1;
	if (newstate == TCP_SYN_SENT || oldstate == TCP_LISTEN) {
		if (place)
			end_unseen(place, sock);
		place = newstate == TCP_SYN_SENT ? start_outgoing(sk, sock) : start_incoming(sk, sock);
		if (!place)
			return 0;
	} else if (!place && oldstate == TCP_SYN_RECV && newstate != TCP_CLOSE) {
		place = start_incoming(sk, sock);
	}
	if (!place) {
		if (!ended && (newstate == TCP_FIN_WAIT1 || newstate == TCP_LAST_ACK || newstate == TCP_CLOSE))
			close_unseen(sock, oldstate);
		return 1;
	}
	place->tcp_state = newstate;
	switch (newstate) {
	case TCP_SYN_SENT:
	case TCP_SYN_RECV:
		return 1;
	case TCP_CLOSE:
		look_for_owner(sk, &place->flow);
		finish(sk, sock, place);
		return 1;
	}
	/* All four states imply it; with TCP Fast Open the accepting end may leave SYN_RECV for FIN_WAIT1. */
	if (!place->flow.established)
		establish(sk, place);
	look_for_owner(sk, &place->flow);
	return 1;
}

static __always_inline int matters(int oldstate, int newstate)
{
	switch (newstate) {
	/* The peer closes: nothing to see, unless the handshake ends with it. */
	case TCP_CLOSE_WAIT:
		return oldstate == TCP_SYN_RECV;
	case TCP_SYN_SENT:
	case TCP_SYN_RECV:
	case TCP_LISTEN:
	case TCP_CLOSE:
	case TCP_ESTABLISHED:
	case TCP_FIN_WAIT1:
	case TCP_LAST_ACK:
		return 1;
	}
	return 0;
}

/* Of a processor, in a system call and out of one. */
struct change {
	/* The last change that the first program has looked at and is done with. */
	__u64 sock;
	__u64 state;
	/* For a moment: an address that was written down is a number for the verifier. */
	__u64 address;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct change);
} changes SEC(".maps");

enum turn {
	TURN_FIRST,
	TURN_SECOND,
};

static __always_inline int on_state(struct sock *sk, int oldstate, int newstate, enum turn turn)
{
	__u32 context = in_user_call(sk);
	struct change *last;
	__u64 sock;

	if (sk->sk_protocol != IPPROTO_TCP || !matters(oldstate, newstate))
		return 0;
	last = bpf_map_lookup_elem(&changes, &context);
	if (!last)
		return 0;
	*(volatile __u64 *)&last->address = (__u64)sk;
	sock = *(volatile __u64 *)&last->address;
	if (turn == TURN_SECOND && last->sock == sock && last->state == newstate) {
		last->sock = 0;
		return 0;
	}
	last->sock = change_state(sk, sock, oldstate, newstate) && turn == TURN_FIRST ? sock : 0;
	last->state = newstate;
	return 0;
}

/*
 * Twice, because the kernel does not run a tracing program again on a processor where it is running: a change in
 * softirq context that interrupts one in a system call would be missed. The one that is not running sees it; which
 * of the two comes first does the work, the other finds it done. Softirqs do not interrupt each other, so two are enough.
 */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(npmon_state, struct sock *sk, int oldstate, int newstate)
{
	return on_state(sk, oldstate, newstate, TURN_FIRST);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(npmon_state_again, struct sock *sk, int oldstate, int newstate)
{
	return on_state(sk, oldstate, newstate, TURN_SECOND);
}

#endif
