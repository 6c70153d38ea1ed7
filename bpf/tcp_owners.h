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

static __always_inline void adopt(struct sock *sk, __u64 sock, __u8 tcp_state, __u32 pid, __u64 start_ticks)
{
	struct tracked_socket content = { .sock = sock };
	struct flow_state *flow = &content.flow;
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);
	struct tracked_socket *place;
	struct counters c;

	if (!tp)
		return;
	/* All of it is there before the place is: the connection may end at any moment. */
	flow->adopted = 1;
	claim(flow, pid, start_ticks);
	if (tcp_state == TCP_SYN_SENT) {
		flow->direction = DIRECTION_OUTGOING;
	} else {
		read_counters(LOAD_TYPED, &c, tp, DIRECTION_NONE, NULL);
		set_base(flow, &c);
		flow->direction = direction_of(tp, tcp_state);
		flow->preexisting = 1;
		content.cookie = bpf_get_socket_cookie(sk);
		flow->established = 1;
	}
	place = begin_tracking(sk, sock, &content);
	if (!place)
		return;
	/* It was in no process when the others were adopted; what it moved since then is not known. */
	if (!control.baseline && content.flow.established)
		__sync_fetch_and_add(&control.lost_late, 1);
	/* The change of state that would have ended it may have come before its place was there. */
	if (sk->__sk_common.skc_state == TCP_CLOSE)
		end_unseen(place, sock);
}

/* There may be a slot now for a flow that found none when it began. */
static __always_inline void move_to_slot(__u64 sock, struct tracked_socket *stored)
{
	struct tracked_socket *place;

	if (stored->slot != SLOT_NONE || !stored->flow.established)
		return;
	stored->flow.identity_due = 1;
	place = place_in_slot(sock, stored);
	if (!place)
		return;
	if (__sync_bool_compare_and_swap(&stored->sock, sock, 0)) {
		__sync_fetch_and_add(&control.waiting, -1);
	} else if (end_tracking(place, sock)) {
		/* It has just ended, and its last record has said so: only the slot has to go back. */
		place->vanished = 1;
	}
}

static __always_inline void meet_listener(__u64 sock, __u32 pid, __u64 start_ticks)
{
	struct listener listener = { .pid = pid, .start_ticks = start_ticks };

	bpf_map_update_elem(&listeners, &sock, &listener, BPF_NOEXIST);
}

/* Gives owners to sockets older than npmon and to accepted ones that nobody was seen using yet. */
SEC("iter/task_file")
int npmon_owners(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct tracked_socket *place;
	struct socket *socket;
	struct sock *sk;
	__u8 tcp_state;
	__u16 family;
	__u64 sock;
	int ended;

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
	__u32 pid = task->tgid;
	__u64 start_ticks = task->group_leader->start_boottime / TICK_NS;

	tcp_state = sk->__sk_common.skc_state;
	/* An address that was copied is a number for the verifier. */
	if (tcp_state == TCP_CLOSE || bpf_probe_read_kernel(&sock, sizeof(sock), &sk))
		return 0;
	if (tcp_state == TCP_LISTEN) {
		meet_listener(sock, pid, start_ticks);
		return 0;
	}
	place = find_tracked(sk, sock, &ended);
	if (!place) {
		if (!ended)
			adopt(sk, sock, tcp_state, pid, start_ticks);
	} else if (place->flow.inherited) {
		claim(&place->flow, pid, start_ticks);
	} else if (control.waiting > 0) {
		move_to_slot(sock, place);
	}
	return 0;
}

#endif
