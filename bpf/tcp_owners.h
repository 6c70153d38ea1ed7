/* SPDX-License-Identifier: GPL-2.0-only */
/* Owners of sockets older than npmon, and of accepted ones that nobody was seen using, from who has them open. */
#ifndef NPMON_TCP_OWNERS_H
#define NPMON_TCP_OWNERS_H

#include "counters.h"
#include "owner.h"
#include "slots.h"

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
	struct flow_state *flow;
	struct tcp_sock *tp;
	struct counters c;

	if (!state)
		return;
	flow = &state->own;
	if (tcp_state == TCP_LISTEN) {
		state->kind = KIND_LISTENER;
		claim(flow, pid, start_ticks);
		return;
	}
	tp = bpf_skc_to_tcp_sock(sk);
	if (!tp)
		return;
	claim(flow, pid, start_ticks);
	state->kind = KIND_FLOW;
	if (tcp_state == TCP_SYN_SENT) {
		flow->direction = DIRECTION_OUTGOING;
		return;
	}
	read_counters(LOAD_TYPED, &c, tp, DIRECTION_NONE, NULL);
	set_base(flow, &c);
	flow->direction = direction_of(tp, tcp_state);
	flow->established = 1;
	flow->preexisting = 1;
	/* It was in no process when the others were adopted; what it moved since then is not known. */
	if (!control.baseline)
		__sync_fetch_and_add(&control.lost_late, 1);
	track(sk, state);
}

/* There may be a slot now for a flow that found none when it began. */
static __always_inline void track_late(struct sock *sk, struct socket_state *state)
{
	struct tracked_socket *place;
	__u32 slot;

	if (state->slot != SLOT_NONE || state->kind != KIND_FLOW || !state->own.established)
		return;
	slot = take_slot();
	place = slot == SLOT_NONE ? NULL : bpf_map_lookup_elem(&tracked, &slot);
	if (!place)
		return;
	state->own.identity_due = 1;
	fill_place(place, sk, state);
	mark_used(slot);
	if (__sync_val_compare_and_swap(&state->slot, SLOT_NONE, slot) == SLOT_NONE) {
		__sync_fetch_and_add(&control.waiting, -1);
	} else {
		/* It has just ended, and its last record has said so: only the slot has to go back. */
		place->sock = 0;
		place->vanished = 1;
	}
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
	if (state && !flow_of(state)->inherited) {
		if (control.waiting > 0)
			track_late(sk, state);
		return 0;
	}
	__u32 pid = task->tgid;
	__u64 start_ticks = task->group_leader->start_boottime / TICK_NS;

	if (state)
		claim(flow_of(state), pid, start_ticks);
	else
		adopt(sk, tcp_state, pid, start_ticks);
	return 0;
}

#endif
