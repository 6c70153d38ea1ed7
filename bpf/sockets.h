/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The maps, and what is kept of every TCP socket.
 *
 * A flow is counted in a slot of `tracked`, which is what the pass walks and `socket_index` finds by the socket's
 * address. Both are there before the first connection, so that one costs no memory of its own. A flow for which
 * there was no slot is kept in its socket's storage, which the kernel frees with the socket, until it ends.
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
/* In `socket_index` while somebody is writing the entry. */
#define SLOT_BUSY 0xfffffffeu
/* The socket's last flow has ended. */
#define SLOT_ENDED 0xffffffffu

struct flow_state {
	__u64 base_sent;
	__u64 base_received;
	__u64 emitted_sent;
	__u64 emitted_received;
	__u64 emitted_sum; /* of every counter that moves; all of them only grow, so equal means unchanged */
	__u64 met_ns; /* incoming: when a pass first met it without an owner, bpf_ktime_get_ns() */
	__u64 start_ticks;
	__u32 pid;
	__u32 base_segs_out;
	__u32 base_segs_in;
	__u32 base_retransmits;
	__u32 inherited; /* nobody was seen using the accepted socket yet; pid is the listener's */
	/* Each a byte of its own: several processors write them, and a bit set here must not undo one cleared there. */
	__u8 direction;
	__u8 established; /* 0: the pass leaves it alone */
	__u8 preexisting;
	__u8 identity_due; /* the next record has to say who and where */
	__u8 adopted; /* older than npmon, or met late: may have ended just before it was taken in */
};

struct tracked_socket {
	/* Address of the struct sock; 0 from the moment when the flow ends. Who makes it 0 is who ends it. */
	__u64 sock;
	/* Of that socket and no other one, also when its memory serves the next. There as soon as it is established. */
	__u64 cookie;
	/* Where this is; SLOT_NONE in a socket's storage. */
	__u32 slot;
	/* The flow has ended and no record will say so: the pass does. */
	__u8 vanished;
	__u8 tcp_state; /* the last change of state that was looked at */
	__u8 pad[2];
	struct flow_state flow;
};

/* Of flows without a slot. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct tracked_socket);
} crowded_out SEC(".maps");

/* By slot, 1 and up. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tracked_socket);
} tracked SEC(".maps");

/* Who listens, by address of the socket. One that finds no room names nobody for what nobody accepts. */
struct listener {
	__u64 start_ticks;
	__u32 pid;
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, struct listener);
} listeners SEC(".maps");

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

/*
 * Processes already sent, by the low bits of the pid: pid and start of the last one. Where two meet, each is sent again
 * after the other, which costs time and nothing else.
 */
#define ANNOUNCED_PROCESSES 65536

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ANNOUNCED_PROCESSES);
	__type(key, __u32);
	__type(value, __u64);
} announced SEC(".maps");

/* npmon's own process, set before loading. */
const volatile __u32 own_pid = 0;
/* Entries of `free_slots`, set before loading. */
const volatile __u32 slot_count = 1;
/* Entries of `socket_index`, a power of two, set before loading. */
const volatile __u32 index_lines = 2;

struct control control = {};

#endif
