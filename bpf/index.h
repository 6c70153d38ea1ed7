/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Slots by the address of their socket.
 *
 * An address belongs to two neighbouring lines, which it fills in order. Entries are never emptied: one whose flow has
 * ended says so of its socket until another flow takes it. So a search is over where nothing ever was.
 */
#ifndef NPMON_INDEX_H
#define NPMON_INDEX_H

#include "sockets.h"

#define ENTRIES_A_LINE 8
#define LINES_A_SOCKET 2
/* Another processor may take the same entry at the same time. */
#define LINK_TRIES 4

struct index_entry {
	__u64 sock;
	__u32 slot;
	__u32 pad;
};

struct index_line {
	struct index_entry entries[ENTRIES_A_LINE];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct index_line);
} socket_index SEC(".maps");

/* Of the two lines where this socket may be. */
static __always_inline struct index_line *index_line(__u64 sock, __u32 which)
{
	/* By 64 bytes: no struct sock is smaller. The factor is 2^64 divided by the golden ratio. */
	__u32 line = (__u32)(((sock >> 6) * 0x9e3779b97f4a7c15ull) >> 32);

	line = (line ^ which) & (index_lines - 1);
	return bpf_map_lookup_elem(&socket_index, &line);
}

/* The socket's own entry, NULL when it has none. */
static __always_inline volatile struct index_entry *find_entry(__u64 sock)
{
	for (__u32 which = 0; which < LINES_A_SOCKET; which++) {
		volatile struct index_line *line = index_line(sock, which);

		if (!line)
			return NULL;
		for (__u32 place = 0; place < ENTRIES_A_LINE; place++) {
			__u64 indexed = line->entries[place].sock;

			if (indexed == sock)
				return &line->entries[place];
			if (!indexed)
				return NULL;
		}
	}
	return NULL;
}

/* Its own entry, or else the first one that nobody needs. NULL when there is no room. */
static __always_inline volatile struct index_entry *find_room(__u64 sock)
{
	volatile struct index_entry *room = NULL;

	for (__u32 which = 0; which < LINES_A_SOCKET; which++) {
		volatile struct index_line *line = index_line(sock, which);

		if (!line)
			return NULL;
		for (__u32 place = 0; place < ENTRIES_A_LINE; place++) {
			volatile struct index_entry *entry = &line->entries[place];

			if (entry->sock == sock)
				return entry;
			if (!room && entry->slot == SLOT_NONE)
				room = entry;
			if (!entry->sock)
				return room;
		}
	}
	return room;
}

/* These are not static, so that the verifier looks at each of them once and not for every call. */

/* SLOT_NONE for a socket that nobody knows, SLOT_ENDED for one whose last flow has ended. */
__noinline __u32 find_slot(__u64 sock)
{
	volatile struct index_entry *entry = find_entry(sock);
	__u32 slot;

	if (!entry)
		return SLOT_NONE;
	slot = entry->slot;
	if (slot == SLOT_BUSY)
		return SLOT_NONE;
	return slot == SLOT_NONE ? SLOT_ENDED : slot;
}

/* With SLOT_NONE as `slot` the socket is noted as done with. Returns 0, or -1 when there is no room. */
__noinline int link_slot(__u64 sock, __u32 slot)
{
	for (int try = 0; try < LINK_TRIES; try++) {
		volatile struct index_entry *entry = find_room(sock);
		__u32 before;

		if (!entry)
			return -1;
		/* A new one first becomes one of a flow that has ended, so that the order in which they fill up holds. */
		if (!entry->sock && __sync_val_compare_and_swap((__u64 *)&entry->sock, 0, sock) != 0)
			continue;
		/* One that is its own and not free is of a flow whose end was missed. */
		before = entry->slot;
		if (before != SLOT_NONE && (before == SLOT_BUSY || entry->sock != sock))
			continue;
		if (__sync_val_compare_and_swap((__u32 *)&entry->slot, before, SLOT_BUSY) != before)
			continue;
		entry->sock = sock;
		barrier();
		entry->slot = slot;
		return 0;
	}
	return -1;
}

/* The flow in this slot has ended. */
__noinline int unlink_slot(__u64 sock, __u32 slot)
{
	volatile struct index_entry *entry = find_entry(sock);

	if (entry)
		__sync_val_compare_and_swap((__u32 *)&entry->slot, slot, SLOT_NONE);
	return 0;
}

#endif
