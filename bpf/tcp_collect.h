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

/* Sockets in one part of the walk, so that a kernel without preemption can do something else in between. */
#define WALK_SOCKETS 8192

void *bpf_rdonly_cast(const void *object, __u32 type) __ksym __weak;

static __always_inline int waits_too_long(struct flow_state *flow)
{
	__u64 now = bpf_ktime_get_ns();

	if (!flow->met_ns)
		flow->met_ns = now;
	return now - flow->met_ns > OWNER_WAIT_NS;
}

/* Its last record is lost, or there is none because the program at the tracepoint missed its end. */
static __always_inline void emit_vanished(struct tracked_socket *place, __u32 slot)
{
	struct flow_record *record = next_record();

	if (!record)
		return;
	record->slot = slot;
	record->flags = RECORD_VANISHED;
	place->vanished = 0;
	control.record_count++;
}

static __always_inline void collect_socket(enum load_way way, struct tcp_sock *tp, __u64 sock,
					   struct tracked_socket *place, __u32 slot)
{
	struct flow_state *flow = &place->flow;
	struct flow_record *record;
	struct counters c;
	__u8 identity_due;
	__u64 sum;

	if (!flow->established) {
		if (!flow->inherited)
			return;
		hint_unclaimed();
		if (waits_too_long(flow) && end_unseen(place, sock))
			emit_vanished(place, slot);
		return;
	}
	barrier();
	/* Another socket's memory, or an end that nobody saw: a flow that is followed ends before its socket says CLOSE. */
	if ((__u64)LOAD(way, tp, SK.__sk_common.skc_cookie.counter) != place->cookie ||
	    LOAD(way, tp, SK.__sk_common.skc_state) == TCP_CLOSE) {
		if (end_unseen(place, sock))
			emit_vanished(place, slot);
		return;
	}
	if (flow->inherited && !control.last && !waits_too_long(flow)) {
		hint_unclaimed();
		return;
	}
	read_counters(way, &c, tp, flow->direction, &flow->emitted_received);
	sum = counters_sum(&c);
	identity_due = flow->identity_due;
	if (sum == flow->emitted_sum && !identity_due)
		return;
	record = next_record();
	if (!record)
		return;
	fill_counters(way, record, flow, &c, tp);
	record->slot = slot;
	record->flags = record_flags(flow);
	record->error = 0;
	if (identity_due) {
		/* Before it is read: who claims the socket meanwhile asks for another one. */
		flow->identity_due = 0;
		barrier();
		fill_identity(way, record, flow, tp);
		record->flags |= RECORD_IDENTITY;
	}
	barrier();
	/* It ended meanwhile: its memory may have been another's already, and its last record says everything. */
	if (place->sock != sock)
		return;
	flow->emitted_sum = sum;
	flow->emitted_sent = c.sent;
	flow->emitted_received = c.received;
	control.record_count++;
}

static __always_inline void collect_slot(enum load_way way, __u32 slot)
{
	struct tracked_socket *place = bpf_map_lookup_elem(&tracked, &slot);
	struct tcp_sock *tp;
	__u64 sock;

	if (!place)
		return;
	control.walked++;
	sock = place->sock;
	if (!sock) {
		if (place->vanished)
			emit_vanished(place, slot);
		return;
	}
	tp = (void *)sock;
	if (way == LOAD_TYPED)
		tp = bpf_rdonly_cast(tp, bpf_core_type_id_kernel(struct tcp_sock));
	collect_socket(way, tp, sock, place, slot);
}

/* Not static, so that the verifier looks at each of them once and not for every slot of a line. */
__noinline int collect_typed(__u32 slot)
{
	collect_slot(LOAD_TYPED, slot);
	return 0;
}

__noinline int collect_copied(__u32 slot)
{
	collect_slot(LOAD_COPIED, slot);
	return 0;
}

static __always_inline long walk_line(enum load_way way, __u32 line, const struct used_line *used)
{
	if (line < control.walk_from)
		return 0;
	FOR_EACH_USED(place, used) {
		if (way == LOAD_TYPED)
			collect_typed(line * SLOTS_A_LINE + place);
		else
			collect_copied(line * SLOTS_A_LINE + place);
	}
	control.walk_next = line + 1;
	return control.walked >= WALK_SOCKETS;
}

static long walk_line_typed(void *map, const __u32 *line, struct used_line *used, void *context)
{
	return walk_line(LOAD_TYPED, *line, used);
}

static long walk_line_copied(void *map, const __u32 *line, struct used_line *used, void *context)
{
	return walk_line(LOAD_COPIED, *line, used);
}

/*
 * The tick: a walk over every socket that has a slot, in every network namespace. User space runs it, part after part,
 * until it comes to the end. Attached to nothing.
 */
SEC("raw_tp")
int npmon_collect(void *ctx)
{
	bpf_for_each_map_elem(&used_slots, walk_line_typed, NULL, 0);
	return 0;
}

/* The same before 6.2, at about twice the cost. */
SEC("raw_tp")
int npmon_collect_copied(void *ctx)
{
	bpf_for_each_map_elem(&used_slots, walk_line_copied, NULL, 0);
	return 0;
}

#endif
