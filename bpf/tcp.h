/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TCP from the kernel's own counters. Nothing here runs per packet, per byte or per system call; a connection costs
 * its state changes, a tick costs one walk over the open ones.
 */
#ifndef NPMON_TCP_H
#define NPMON_TCP_H

#include "counters.h"
#include "owner.h"
#include "slots.h"

static __always_inline struct socket_state *state_of(struct sock *sk, __u64 flags)
{
	return bpf_sk_storage_get(&sockets, sk, NULL, flags);
}

static __always_inline struct socket_state *create_state(struct sock *sk)
{
	struct socket_state *state = state_of(sk, BPF_SK_STORAGE_GET_F_CREATE);

	if (!state)
		__sync_fetch_and_add(&control.lost_connections, 1);
	return state;
}

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

static __always_inline __u16 record_flags(const struct socket_state *state)
{
	return (state->established ? RECORD_ESTABLISHED : 0) | (state->preexisting ? RECORD_PREEXISTING : 0) |
	       (state->inherited ? RECORD_INHERITED : 0);
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
	bpf_sk_storage_delete(&sockets, sk);
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

/*
 * Which end began an established connection that is older than npmon. The kernel counts the acknowledged SYN of the
 * end that connected in bytes_acked and not that of the end that accepted (its counter starts behind the SYN), so
 * what is acknowledged or in flight exceeds what was sent by exactly one, or not at all. Only before our own FIN.
 */
static __always_inline __u8 direction_of(struct tcp_sock *tp, __u8 tcp_state)
{
	__u64 extra;

	if (tcp_state != TCP_ESTABLISHED && tcp_state != TCP_CLOSE_WAIT)
		return DIRECTION_NONE;
	extra = tp->bytes_acked + (__u32)(tp->snd_nxt - tp->snd_una) - (tp->bytes_sent - tp->bytes_retrans);
	if (extra == 1)
		return DIRECTION_OUTGOING;
	return extra == 0 ? DIRECTION_INCOMING : DIRECTION_NONE;
}

static __always_inline void adopt(struct sock *sk, __u8 tcp_state, __u32 pid, __u64 start_ticks)
{
	struct socket_state *state = create_state(sk);
	struct tcp_sock *tp;
	struct counters c;

	if (!state)
		return;
	if (tcp_state == TCP_LISTEN) {
		state->kind = KIND_LISTENER;
		claim(state, pid, start_ticks);
		return;
	}
	tp = bpf_skc_to_tcp_sock(sk);
	if (!tp)
		return;
	if (tcp_state == TCP_SYN_SENT) {
		state->direction = DIRECTION_OUTGOING;
	} else {
		read_counters(&c, tp, DIRECTION_NONE, NULL);
		set_base(state, &c);
		state->direction = direction_of(tp, tcp_state);
		state->established = 1;
		state->preexisting = 1;
		/* It was in no process when the others were adopted; what it moved since then is not known. */
		if (!control.baseline)
			__sync_fetch_and_add(&control.lost_connections, 1);
	}
	claim(state, pid, start_ticks);
	state->kind = KIND_FLOW;
}

/* Gives owners to sockets older than npmon and to accepted ones that nobody was seen using yet. */
SEC("iter/task_file")
int npmon_owners(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct socket_state *state;
	struct socket *socket;
	struct sock *sk;
	__u8 tcp_state;
	__u16 family;

	if (!task || !file)
		return 0;
	socket = bpf_sock_from_file(file);
	if (!socket)
		return 0;
	sk = socket->sk;
	if (!sk)
		return 0;
	family = sk->__sk_common.skc_family;
	if ((family != AF_INET && family != AF_INET6) || sk->sk_protocol != IPPROTO_TCP)
		return 0;
	tcp_state = sk->__sk_common.skc_state;
	if (tcp_state == TCP_CLOSE)
		return 0;
	state = state_of(sk, 0);
	if (state && !state->inherited)
		return 0;
	__u32 pid = task->tgid;
	__u64 start_ticks = task->group_leader->start_boottime / TICK_NS;

	if (state)
		claim(state, pid, start_ticks);
	else
		adopt(sk, tcp_state, pid, start_ticks);
	return 0;
}

/*
 * An accepted socket is left alone until somebody was seen using it: its bytes stay in the kernel's counters and are
 * all in its first record, under the right process. One that nobody takes out of the accept queue for this long is
 * the listening process's own.
 */
#define OWNER_WAIT_NS 10000000000ull

static __always_inline int owner_overdue(const struct socket_state *state)
{
	return control.last || bpf_ktime_get_ns() - state->accepted_ns > OWNER_WAIT_NS;
}

/* The tick: one walk over every socket that has storage, in every network namespace. */
SEC("iter/bpf_sk_storage_map")
int npmon_collect(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct sock *sk = ctx->sk;
	struct socket_state *state;
	struct flow_record *record;
	struct tcp_sock *tp;
	struct counters c;
	__u8 tcp_state;
	__u32 slot;
	__u64 sum;

	state = ctx->value;
	if (!sk || !state)
		return 0;
	if (state->kind != KIND_FLOW || !state->established)
		return 0;
	tcp_state = sk->__sk_common.skc_state;
	if (tcp_state == TCP_CLOSE)
		return 0;
	tp = bpf_skc_to_tcp_sock(sk);
	if (!tp)
		return 0;
	slot = state->slot;
	if (slot == SLOT_CLOSED)
		return 0;
	if (state->inherited)
		claim_for_acceptor(sk, state);
	if (state->inherited && !owner_overdue(state))
		return 0;
	if (slot == SLOT_NONE) {
		slot = take_slot(&state->slot);
		if (slot == SLOT_NONE)
			return 0;
		state->identity_due = 1;
	}
	read_counters(&c, tp, state->direction, &state->emitted_received);
	sum = counters_sum(&c);
	if (sum == state->emitted_sum && !state->identity_due && !control.emit_all)
		return 0;
	record = next_record();
	if (!record)
		return 0;
	fill_counters(record, state, &c, tp);
	record->slot = slot;
	record->flags = record_flags(state);
	record->error = 0;
	if (state->identity_due) {
		/* Before it is read: who claims the socket meanwhile asks for another one. */
		state->identity_due = 0;
		barrier();
		fill_identity(record, state, tp);
		record->flags |= RECORD_IDENTITY;
	}
	state->emitted_sum = sum;
	state->emitted_sent = c.sent;
	state->emitted_received = c.received;
	return 0;
}

#endif
