/* SPDX-License-Identifier: GPL-2.0-only */
/* The TCP part of the tick. */
#ifndef NPMON_TCP_COLLECT_H
#define NPMON_TCP_COLLECT_H

#include "counters.h"
#include "owner.h"
#include "slots.h"

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
