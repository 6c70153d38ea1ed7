/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows of user space's table, and the records of one pass. Only passes touch them, one at a time, so no atomics. */
#ifndef NPMON_SLOTS_H
#define NPMON_SLOTS_H

#include "sockets.h"

/*
 * Gives a flow its slot. `place` is where the flow keeps it; the other side may put SLOT_CLOSED there at any moment.
 * SLOT_NONE when the flow closed this instant (its last record says everything) or the table is full.
 */
static __always_inline __u32 take_slot(__u32 *place)
{
	__u32 top = control.free_slots;
	__u64 *entry;

	if (!top) {
		control.waiting++;
		return SLOT_NONE;
	}
	top--;
	entry = bpf_map_lookup_elem(&free_list, &top);
	if (!entry)
		return SLOT_NONE;
	if (__sync_val_compare_and_swap(place, SLOT_NONE, (__u32)*entry) != SLOT_NONE)
		return SLOT_NONE;
	control.free_slots = top;
	return *entry;
}

static __always_inline struct flow_record *next_record(void)
{
	__u32 n = control.record_count;
	struct flow_record *record = bpf_map_lookup_elem(&records, &n);

	if (record)
		control.record_count = n + 1;
	return record;
}

#endif
