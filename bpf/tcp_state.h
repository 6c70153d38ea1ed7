/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A TCP socket's life, from its state changes: owner, start and direction at its birth, final counters at its end.
 * Nothing here runs per packet, per byte or per system call.
 */
#ifndef NPMON_TCP_STATE_H
#define NPMON_TCP_STATE_H

#include "counters.h"
#include "owner.h"

static __always_inline void start_listener(struct sock *sk)
{
	struct socket_state *state = create_state(sk);

	if (!state)
		return;
	state->kind = KIND_LISTENER;
	claim_for_current(state);
}

static __always_inline void start_outgoing(struct sock *sk)
{
	struct socket_state *state = create_state(sk);

	if (!state)
		return;
	/* A socket can be disconnected and connected again: nothing of the last time may stay. */
	__builtin_memset(state, 0, sizeof(*state));
	state->kind = KIND_FLOW;
	state->direction = DIRECTION_OUTGOING;
	claim_for_current(state);
}

static __always_inline struct socket_state *start_incoming(struct sock *sk)
{
	/* Usually a copy of the listener's, made by the kernel when it cloned the socket: it keeps pid and start. */
	struct socket_state *state = create_state(sk);

	if (!state)
		return NULL;
	state->direction = DIRECTION_INCOMING;
	state->slot = SLOT_NONE;
	state->established = 0;
	state->preexisting = 0;
	state->identity_due = 1;
	state->inherited = 1;
	state->accepted_ns = bpf_ktime_get_ns();
	__sync_fetch_and_add(&control.unclaimed, 1);
	state->kind = KIND_FLOW;
	return state;
}

static __always_inline void lose(const struct socket_state *state, const struct counters *c)
{
	__u64 bytes = (c->sent - state->emitted_sent) + (c->received - state->emitted_received);

	__sync_fetch_and_add(&control.lost_connections, 1);
	__sync_fetch_and_add(&control.lost_bytes, bytes);
}

static __always_inline void finish(struct sock *sk, struct socket_state *state)
{
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);
	struct flow_record *record;
	struct counters c;
	__u16 flags;
	__u32 slot;

	if (!tp)
		return;
	flags = record_flags(state) | RECORD_IDENTITY | RECORD_CLOSED;
	end_inheritance(state);
	/* From here on the pass leaves this socket alone; if it got there first, we learn the slot it gave. */
	slot = __sync_lock_test_and_set(&state->slot, SLOT_CLOSED);
	if (slot == SLOT_CLOSED)
		return;
	read_counters(&c, tp, state->direction, NULL);
	record = bpf_ringbuf_reserve(&closed, sizeof(*record), 0);
	if (!record) {
		lose(state, &c);
		return;
	}
	fill_counters(record, state, &c, tp);
	fill_identity(record, state, tp);
	record->slot = slot;
	record->flags = flags;
	record->error = sk->sk_err;
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
}

static __always_inline void close_socket(struct sock *sk, int oldstate)
{
	struct socket_state *state = state_of(sk, 0);

	if (!state) {
		if (oldstate != TCP_LISTEN && oldstate != TCP_SYN_RECV && oldstate != TCP_SYN_SENT)
			__sync_fetch_and_add(&control.unseen, 1);
		return;
	}
	if (state->kind == KIND_FLOW) {
		claim_for_acceptor(sk, state);
		if (state->inherited && in_user_call(sk))
			claim_for_current(state);
		finish(sk, state);
	}
	/* Not deleted: the tracepoint runs before the socket says TCP_CLOSE, and without storage the pass over open files
	 * would take it for one older than npmon. */
	state->kind = KIND_ENDED;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(npmon_state, struct sock *sk, int oldstate, int newstate)
{
	struct socket_state *state;

	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	switch (newstate) {
	case TCP_SYN_SENT:
		start_outgoing(sk);
		return 0;
	case TCP_LISTEN:
		start_listener(sk);
		return 0;
	case TCP_CLOSE:
		if (oldstate != TCP_CLOSE)
			close_socket(sk, oldstate);
		return 0;
	case TCP_ESTABLISHED:
	case TCP_FIN_WAIT1:
	case TCP_CLOSE_WAIT:
	case TCP_LAST_ACK:
		break;
	default:
		return 0;
	}
	state = state_of(sk, 0);
	if (oldstate == TCP_SYN_RECV && (!state || state->kind != KIND_FLOW))
		state = start_incoming(sk);
	if (!state)
		return 0;
	/* All four states imply it; with TCP Fast Open the accepting end may leave SYN_RECV for FIN_WAIT1. */
	state->established = 1;
	if (state->inherited)
		claim_for_acceptor(sk, state);
	if (state->inherited && in_user_call(sk))
		claim_for_current(state);
	return 0;
}

#endif
