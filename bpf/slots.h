/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows of user space's table, and the records of one pass. */
#ifndef NPMON_SLOTS_H
#define NPMON_SLOTS_H

#include "sockets.h"

/* SLOT_NONE when all are in use. User space gives slots back only between two passes, so a pass sees none change hands. */
static __always_inline __u32 take_slot(void)
{
	for (int i = 0; i < 16; i++) {
		__u64 head = control.free_head;
		__u32 place = head % slot_count;
		__u64 *slot;

		if (head >= control.free_tail)
			return SLOT_NONE;
		slot = bpf_map_lookup_elem(&free_slots, &place);
		if (!slot)
			return SLOT_NONE;
		/* The entry is written over only after it was taken, and then the head has moved on. */
		__u32 taken = *slot;
		if (__sync_val_compare_and_swap(&control.free_head, head, head + 1) == head)
			return taken;
	}
	return SLOT_NONE;
}

static __always_inline void mark_used(__u32 slot)
{
	__u32 line = slot / SLOTS_A_LINE;
	struct used_line *used = bpf_map_lookup_elem(&used_slots, &line);

	if (used)
		((volatile __u8 *)used)[slot % SLOTS_A_LINE] = 1;
}

static __always_inline void fill_place(struct tracked_socket *place, struct sock *sk, const struct socket_state *state)
{
	place->flow = state->own;
	place->vanished = 0;
	place->cookie = bpf_get_socket_cookie(sk);
	place->sock = (__u64)sk;
}

/* From here on the flow is counted in a slot when there is one, and in the socket's storage when not. */
static __always_inline void track(struct sock *sk, struct socket_state *state)
{
	__u32 slot = take_slot();
	struct tracked_socket *place;

	state->slot = SLOT_NONE;
	place = slot == SLOT_NONE ? NULL : bpf_map_lookup_elem(&tracked, &slot);
	if (!place) {
		__sync_fetch_and_add(&control.waiting, 1);
		return;
	}
	fill_place(place, sk, state);
	state->slot = slot;
	barrier();
	mark_used(slot);
}

/* Where the next record goes; it is there for user space when `record_count` says so. */
static __always_inline struct flow_record *next_record(void)
{
	__u32 n = control.record_count;

	return bpf_map_lookup_elem(&records, &n);
}

#endif
