/* SPDX-License-Identifier: GPL-2.0-only */
/* Slots: rows of user space's table, each of a flow that is followed; and the records of one pass. */
#ifndef NPMON_SLOTS_H
#define NPMON_SLOTS_H

#include "index.h"
#include "owner.h"

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

/* `place` goes through the slots of a line that are in use, counted from the line's first. */
#define FOR_EACH_USED(place, used)                                                                                     \
	for (__u32 word = 0; word < WORDS_A_LINE; word++)                                                              \
		if ((used)->words[word])                                                                               \
			for (__u32 place = word * SLOTS_A_WORD; place < (word + 1) * SLOTS_A_WORD; place++)            \
				if (((const volatile __u8 *)(used))[place])

/* NULL when the flow in this slot, if it is one, is not that of this socket. */
static __always_inline struct tracked_socket *place_of_slot(__u64 sock, __u32 slot)
{
	struct tracked_socket *place;

	if (slot == SLOT_NONE || slot == SLOT_ENDED)
		return NULL;
	place = bpf_map_lookup_elem(&tracked, &slot);
	return place && place->sock == sock ? place : NULL;
}

/*
 * Where the flow of a socket, the address of which is `sock`, is counted; NULL when there is none. `ended` says then
 * whether there was one; otherwise the socket was never seen.
 */
static __always_inline struct tracked_socket *find_tracked(struct sock *sk, __u64 sock, int *ended)
{
	__u32 found = find_slot(sock);
	struct tracked_socket *place = place_of_slot(sock, found);

	*ended = found != SLOT_NONE;
	if (place)
		return place;
	if (!control.crowded)
		return NULL;
	place = bpf_sk_storage_get(&crowded_out, sk, NULL, 0);
	if (!place)
		return NULL;
	*ended = !place->sock;
	return place->sock ? place : NULL;
}

static __always_inline struct tracked_socket *place_in_slot(__u64 sock, const struct tracked_socket *content)
{
	__u32 slot = take_slot();
	struct tracked_socket *place = slot == SLOT_NONE ? NULL : bpf_map_lookup_elem(&tracked, &slot);

	if (!place)
		return NULL;
	*place = *content;
	place->slot = slot;
	barrier();
	if (link_slot(sock, slot)) {
		place->sock = 0;
		place->vanished = 1;
	}
	mark_used(slot);
	return place->sock ? place : NULL;
}

/*
 * A flow begins, with what is known of it. NULL when there is no memory right now: the next program to look at the
 * socket tries again, and what stays unknown is counted as lost when it ends.
 */
static __always_inline struct tracked_socket *begin_tracking(struct sock *sk, __u64 sock,
							     const struct tracked_socket *content)
{
	struct tracked_socket *place = place_in_slot(sock, content);

	if (place)
		return place;
	control.crowded = 1;
	place = bpf_sk_storage_get(&crowded_out, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!place)
		return NULL;
	if (content->flow.established)
		__sync_fetch_and_add(&control.waiting, 1);
	place->cookie = content->cookie;
	place->slot = SLOT_NONE;
	place->tcp_state = 0;
	place->flow = content->flow;
	barrier();
	place->sock = sock;
	return place;
}

/* From here on the pass looks at it, if it has a slot. */
static __always_inline void establish(struct sock *sk, struct tracked_socket *place)
{
	place->cookie = bpf_get_socket_cookie(sk);
	if (place->slot == SLOT_NONE)
		__sync_fetch_and_add(&control.waiting, 1);
	place->flow.identity_due = 1;
	barrier();
	place->flow.established = 1;
}

/* Whoever ends the flow: true for one only. */
static __always_inline int end_tracking(struct tracked_socket *place, __u64 sock)
{
	if (!__sync_bool_compare_and_swap(&place->sock, sock, 0))
		return 0;
	if (place->slot != SLOT_NONE)
		unlink_slot(sock, place->slot);
	else if (place->flow.established)
		__sync_fetch_and_add(&control.waiting, -1);
	return 1;
}

/*
 * Whether a flow that ends without a record is a loss. Not when it was only about to begin: the kernel drops a socket
 * that two processors made for one handshake without a change of state. Nor when it was adopted and never reported:
 * then its end came between the look at its state and its place in the index.
 */
static __always_inline int is_loss(const struct flow_state *flow)
{
	if (flow->adopted && !flow->emitted_sum)
		return 0;
	return flow->established || flow->direction != DIRECTION_INCOMING;
}

/* This flow ends without a record. False when somebody else has just ended it. */
static __always_inline int end_unseen(struct tracked_socket *place, __u64 sock)
{
	/* Before it vanishes: its slot may be another flow's then. */
	int loss = is_loss(&place->flow);

	if (!end_tracking(place, sock))
		return 0;
	if (loss)
		__sync_fetch_and_add(&control.lost_end, 1);
	barrier();
	place->vanished = 1;
	return 1;
}

/* Where the next record goes; it is there for user space when `record_count` says so. */
static __always_inline struct flow_record *next_record(void)
{
	__u32 n = control.record_count;

	return bpf_map_lookup_elem(&records, &n);
}

#endif
