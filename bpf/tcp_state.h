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

static __always_inline struct socket_state *start_listener(struct sock *sk)
{
	struct socket_state *state = create_state(sk);

	if (!state)
		return NULL;
	state->kind = KIND_LISTENER;
	claim_for_current(&state->own);
	return state;
}

static __always_inline struct socket_state *start_outgoing(struct sock *sk)
{
	struct socket_state *state = create_state(sk);

	if (!state)
		return NULL;
	/* A socket can be disconnected and connected again: nothing of the last time may stay. */
	__builtin_memset(state, 0, sizeof(*state));
	state->kind = KIND_FLOW;
	state->own.direction = DIRECTION_OUTGOING;
	claim_for_current(&state->own);
	return state;
}

static __always_inline struct socket_state *start_incoming(struct sock *sk)
{
	/* Usually a copy of the listener's, made by the kernel when it cloned the socket: it keeps pid and start. */
	struct socket_state *state = create_state(sk);
	struct flow_state *flow;

	if (!state)
		return NULL;
	state->slot = SLOT_NONE;
	flow = &state->own;
	flow->direction = DIRECTION_INCOMING;
	flow->established = 0;
	flow->preexisting = 0;
	flow->identity_due = 1;
	flow->inherited = 1;
	flow->accepted_ns = bpf_ktime_get_ns();
	__sync_fetch_and_add(&control.unclaimed, 1);
	state->kind = KIND_FLOW;
	return state;
}

static __always_inline void lose(const struct flow_state *flow, const struct counters *c)
{
	__u64 bytes = (c->sent - flow->emitted_sent) + (c->received - flow->emitted_received);

	__sync_fetch_and_add(&control.lost_no_room, 1);
	__sync_fetch_and_add(&control.lost_bytes, bytes);
}

static __always_inline void finish(struct sock *sk, struct socket_state *state)
{
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);
	struct tracked_socket *place = NULL;
	struct flow_state *flow = &state->own;
	struct flow_record *record;
	struct counters c;
	__u16 flags;
	__u32 slot;

	if (!tp)
		return;
	slot = __sync_lock_test_and_set(&state->slot, SLOT_CLOSED);
	if (slot == SLOT_CLOSED)
		return;
	if (slot != SLOT_NONE)
		place = bpf_map_lookup_elem(&tracked, &slot);
	if (place) {
		flow = &place->flow;
		/* From here on the pass leaves this socket alone, and what it has just read of it does not count. */
		place->sock = 0;
	} else if (flow->established) {
		__sync_fetch_and_add(&control.waiting, -1);
	}
	flags = record_flags(flow) | RECORD_IDENTITY | RECORD_CLOSED;
	end_inheritance(flow);
	read_counters(LOAD_TYPED, &c, tp, flow->direction, NULL);
	record = bpf_ringbuf_reserve(&closed, sizeof(*record), 0);
	if (!record) {
		lose(flow, &c);
		if (place)
			place->vanished = 1;
		return;
	}
	fill_counters(LOAD_TYPED, record, flow, &c, tp);
	fill_identity(LOAD_TYPED, record, flow, tp);
	record->slot = slot;
	record->flags = flags;
	record->error = sk->sk_err;
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
}

/*
 * This end closes a connection that npmon never knew, because it was in no process when the others were adopted. One
 * that was closing by then already is no loss: its process had done with it before npmon began.
 */
static __always_inline struct socket_state *close_unseen(struct sock *sk, int oldstate)
{
	struct socket_state *state;

	if (oldstate != TCP_ESTABLISHED && oldstate != TCP_CLOSE_WAIT)
		return NULL;
	__sync_fetch_and_add(&control.lost_begin, 1);
	/* So that it is counted once. */
	state = create_state(sk);
	if (state)
		state->kind = KIND_ENDED;
	return state;
}

static __always_inline struct socket_state *close_socket(struct sock *sk, struct socket_state *state, int oldstate)
{
	if (!state)
		return close_unseen(sk, oldstate);
	if (state->kind == KIND_FLOW) {
		struct flow_state *flow = flow_of(state);

		claim_for_acceptor((__u64)sk, flow);
		if (flow->inherited && is_used_by_current(sk))
			claim_for_current(flow);
		finish(sk, state);
	}
	/* Not deleted: the tracepoint runs before the socket says TCP_CLOSE, and without storage the pass over open files
	 * would take it for one older than npmon. */
	state->kind = KIND_ENDED;
	return state;
}

/* Returns the socket's storage when there is any afterwards. */
static __always_inline struct socket_state *change_state(struct sock *sk, struct socket_state *state, int oldstate,
							  int newstate)
{
	struct flow_state *flow;

	switch (newstate) {
	case TCP_SYN_SENT:
		return start_outgoing(sk);
	case TCP_LISTEN:
		return start_listener(sk);
	case TCP_CLOSE:
		return oldstate == TCP_CLOSE ? state : close_socket(sk, state, oldstate);
	}
	if (oldstate == TCP_SYN_RECV && (!state || state->kind != KIND_FLOW))
		state = start_incoming(sk);
	if (!state)
		return newstate == TCP_FIN_WAIT1 || newstate == TCP_LAST_ACK ? close_unseen(sk, oldstate) : NULL;
	flow = flow_of(state);
	/* All four states imply it; with TCP Fast Open the accepting end may leave SYN_RECV for FIN_WAIT1. */
	if (state->kind == KIND_FLOW && !flow->established) {
		flow->established = 1;
		track(sk, state);
		flow = flow_of(state);
	}
	if (flow->inherited)
		claim_for_acceptor((__u64)sk, flow);
	if (flow->inherited && is_used_by_current(sk))
		claim_for_current(flow);
	return state;
}

static __always_inline int on_state(struct sock *sk, int oldstate, int newstate)
{
	struct socket_state *state;

	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	switch (newstate) {
	case TCP_SYN_SENT:
	case TCP_LISTEN:
	case TCP_CLOSE:
	case TCP_ESTABLISHED:
	case TCP_FIN_WAIT1:
	case TCP_CLOSE_WAIT:
	case TCP_LAST_ACK:
		break;
	default:
		return 0;
	}
	state = state_of(sk, 0);
	if (state && state->tcp_state == newstate)
		return 0;
	state = change_state(sk, state, oldstate, newstate);
	if (state)
		state->tcp_state = newstate;
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
	return on_state(sk, oldstate, newstate);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(npmon_state_again, struct sock *sk, int oldstate, int newstate)
{
	return on_state(sk, oldstate, newstate);
}

#endif
