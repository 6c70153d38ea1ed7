/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The maps, and what is kept of every TCP socket.
 *
 * A flow that has a slot is counted in `tracked`, by slot, which is what the pass walks. What belongs to the socket
 * itself is in its storage, which the kernel frees with it: that table cannot leak and needs no capacity, so a flow
 * for which there was no slot is kept there until it ends.
 */
#ifndef NPMON_SOCKETS_H
#define NPMON_SOCKETS_H

#include "kernel.h"
#include "record.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define SLOT_NONE 0
#define SLOT_CLOSED 0xffffffffu

enum socket_kind {
	KIND_NEW = 0,
	KIND_LISTENER = 1,
	KIND_FLOW = 2,
	/* Reached TCP_CLOSE; its storage goes when the socket does, or serves the next connect. */
	KIND_ENDED = 3,
};

struct flow_state {
	__u64 base_sent;
	__u64 base_received;
	__u64 emitted_sent;
	__u64 emitted_received;
	__u64 emitted_sum; /* of every counter that moves; all of them only grow, so equal means unchanged */
	__u64 accepted_ns; /* incoming: when the handshake ended, bpf_ktime_get_ns() */
	__u64 start_ticks;
	__u32 pid;
	__u32 base_segs_out;
	__u32 base_segs_in;
	__u32 base_retransmits;
	/* Nobody was seen using the accepted socket yet; pid is the listener's. Whoever sees one exchanges it for 0. */
	__u32 inherited;
	/* Each a byte of its own: several processors write them, and a bit set here must not undo one cleared there. */
	__u8 direction;
	__u8 established;
	__u8 preexisting;
	__u8 identity_due; /* the next record has to say who and where */
};

struct socket_state {
	__u32 slot;
	__u8 kind;
	__u8 tcp_state; /* the last change of state that was looked at */
	__u8 pad[2];
	/* Of a flow without a slot; of a listener, for the sockets that it will have, pid and start. */
	struct flow_state own;
};

struct tracked_socket {
	/* Address of the struct sock; 0 from the moment when it ends, so that the pass leaves it alone. */
	__u64 sock;
	/* Of that socket and no other one, also when its memory serves the next. */
	__u64 cookie;
	/* The flow has ended and no record will say so: the pass does. */
	__u32 vanished;
	__u32 pad;
	struct flow_state flow;
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	/* CLONE: an accepted socket starts with a copy of its listener's, which names the listening process. */
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct socket_state);
} sockets SEC(".maps");

/* By slot, 1 and up. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tracked_socket);
} tracked SEC(".maps");

/* Changed flows of one pass, in the order found. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct flow_record);
} records SEC(".maps");

/* Slots that nobody uses; a ring. Programs take at its head, user space gives back at its tail. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} free_slots SEC(".maps");

#define WORDS_A_LINE 8
#define SLOTS_A_WORD 8
#define SLOTS_A_LINE (WORDS_A_LINE * SLOTS_A_WORD)

/*
 * A byte for each slot, so that the pass skips what is empty 64 slots at a step. Programs set a byte when a TCP socket
 * takes the slot, user space clears it when it gives the slot back.
 */
struct used_line {
	__u64 words[WORDS_A_LINE];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct used_line);
} used_slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} closed SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 2 * 1024 * 1024);
} processes SEC(".maps");

/* Processes already sent, by pid. An entry that is evicted only means that one is sent again. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, __u64);
} announced SEC(".maps");

struct acceptor {
	__u64 start_ticks;
	__u32 pid;
	__u32 pad;
};

/*
 * Notes of npmon_accept, by address of the socket. Taken within a tick; the oldest give way, and then the pass over
 * open files finds the owner as it does where nobody leaves notes.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, struct acceptor);
} acceptors SEC(".maps");

/* Set before loading: npmon_accept is there. */
const volatile __u32 accept_is_seen = 0;
/* npmon's own process, set before loading. */
const volatile __u32 own_pid = 0;
/* Entries of `free_slots`, set before loading. */
const volatile __u32 slot_count = 1;

struct control control = {};

static __always_inline struct socket_state *state_of(struct sock *sk, __u64 flags)
{
	return bpf_sk_storage_get(&sockets, sk, NULL, flags);
}

/*
 * NULL when there is no memory right now: the next program to look at the socket tries again, and what stays unknown is
 * counted as lost when it ends.
 */
static __always_inline struct socket_state *create_state(struct sock *sk)
{
	return state_of(sk, BPF_SK_STORAGE_GET_F_CREATE);
}

static __always_inline struct flow_state *flow_of(struct socket_state *state)
{
	__u32 slot = state->slot;
	struct tracked_socket *place;

	if (slot != SLOT_NONE && slot != SLOT_CLOSED) {
		place = bpf_map_lookup_elem(&tracked, &slot);
		if (place)
			return &place->flow;
	}
	return &state->own;
}

#endif
