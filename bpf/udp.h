/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * UDP has no counters in the kernel, so every call is counted, by process, local socket address and remote address.
 * A flow ends when two passes in a row found nothing new.
 */
#ifndef NPMON_UDP_H
#define NPMON_UDP_H

#include "owner.h"
#include "slots.h"

/* IPv4 addresses are IPv4-mapped, so that one key serves both families. */
struct udp_key {
	__u32 local_address[4];
	__u32 remote_address[4]; /* all zero with port 0: not known */
	__u32 pid;
	__u32 netns;
	__u16 local_port;
	__u16 remote_port;
};

enum udp_life {
	UDP_ALIVE = 0,
	/* A pass found nothing new; the next one may end it, the next datagram makes it alive again. */
	UDP_FADING = 1,
	/* The pass is removing it. */
	UDP_ENDED = 2,
};

struct udp_flow {
	__u64 bytes_sent;
	__u64 bytes_received;
	__u64 start_ticks;
	__u64 emitted_sum;
	__u32 packets_sent;
	__u32 packets_received;
	__u32 life; /* enum udp_life */
	__u32 slot;
	__u32 direction;
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct udp_key);
	__type(value, struct udp_flow);
} udp_flows SEC(".maps");

enum datagram_way {
	DATAGRAM_SENT,
	DATAGRAM_RECEIVED,
};

static __always_inline void map_ipv4(__u32 address[4], __be32 ipv4)
{
	address[0] = 0;
	address[1] = 0;
	address[2] = bpf_htonl(0xffff);
	address[3] = ipv4;
}

static __always_inline int is_zero(const __u32 address[4])
{
	return !(address[0] | address[1] | address[2] | address[3]);
}

static __always_inline int is_mapped(const __u32 address[4])
{
	return !(address[0] | address[1]) && address[2] == bpf_htonl(0xffff);
}

/* An IPv6 socket without an address that talks to IPv4 has the IPv4 wildcard. */
static __always_inline void unify_wildcard(struct udp_key *key)
{
	if (is_zero(key->local_address) && is_mapped(key->remote_address))
		map_ipv4(key->local_address, 0);
}

static __always_inline int stay_alive(struct udp_flow *flow)
{
	if (flow->life == UDP_ALIVE)
		return 1;
	return __sync_val_compare_and_swap(&flow->life, UDP_FADING, UDP_ALIVE) != UDP_ENDED;
}

static __always_inline void remove_udp_flow(const struct udp_key *key)
{
	if (!bpf_map_delete_elem(&udp_flows, key))
		__sync_fetch_and_add(&control.udp_flows, -1);
}

/* Not static, so that the verifier looks at it once and not for every turn of the loop that calls it. */
__noinline int start_udp_flow(struct udp_key *key, __u32 direction)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct udp_flow fresh = {
		.start_ticks = task->group_leader->start_boottime / TICK_NS,
		.direction = direction,
	};

	struct udp_key copy;

	if (!key)
		return 0;
	/* Before 6.3 a key may not lie where a caller's argument points to. */
	copy = *key;
	announce(task, copy.pid, fresh.start_ticks);
	if (!bpf_map_update_elem(&udp_flows, &copy, &fresh, BPF_NOEXIST))
		__sync_fetch_and_add(&control.udp_flows, 1);
	return 0;
}

/*
 * The key's flow, made when there is none. One that is just being removed is waited for: only the pass removes, for
 * whoever else did could remove the one that comes after it.
 */
static __always_inline struct udp_flow *find_udp_flow(struct udp_key *key, __u32 direction)
{
	struct udp_flow *flow;

	for (int i = 0; i < 64; i++) {
		flow = bpf_map_lookup_elem(&udp_flows, key);
		if (!flow)
			start_udp_flow(key, direction);
		else if (stay_alive(flow))
			return flow;
	}
	return NULL;
}

/*
 * Runs in the process that calls. `datagrams` is 0 for a call whose bytes are only a part of one, `direction` is for
 * a flow that begins here.
 */
static __always_inline void count_call(struct udp_key *key, enum datagram_way way, __u64 bytes, __u32 datagrams,
				       __u32 direction)
{
	struct udp_flow *flow;

	flow = find_udp_flow(key, direction);
	if (!flow) {
		__sync_fetch_and_add(&control.lost_no_room, 1);
		__sync_fetch_and_add(&control.lost_bytes, bytes);
		return;
	}
	if (way == DATAGRAM_SENT) {
		__sync_fetch_and_add(&flow->bytes_sent, bytes);
		__sync_fetch_and_add(&flow->packets_sent, datagrams);
	} else {
		__sync_fetch_and_add(&flow->bytes_received, bytes);
		__sync_fetch_and_add(&flow->packets_received, datagrams);
	}
}

/* Who began: a port that the kernel chose belongs to a client; with one of its own, whoever spoke first. */
static __always_inline __u32 udp_direction(int bound, enum datagram_way way)
{
	return bound && way == DATAGRAM_RECEIVED ? DIRECTION_INCOMING : DIRECTION_OUTGOING;
}

static __always_inline void fill_udp_record(struct flow_record *record, const struct udp_key *key,
					    const struct udp_flow *flow)
{
	record->bytes_sent = flow->bytes_sent;
	record->bytes_received = flow->bytes_received;
	record->packets_sent = flow->packets_sent;
	record->packets_received = flow->packets_received;
	record->retransmits = 0;
	record->rtt_us = 0;
	record->rtt_var_us = 0;
	record->slot = flow->slot;
	record->error = 0;
	record->direction = flow->direction;
	record->family = AF_INET6;
	record->protocol = IPPROTO_UDP;
	for (int i = 0; i < 4; i++) {
		((__u32 *)record->local_address)[i] = key->local_address[i];
		((__u32 *)record->remote_address)[i] = key->remote_address[i];
	}
	record->local_port = key->local_port;
	record->remote_port = key->remote_port;
	record->netns = key->netns;
	record->start_ticks = flow->start_ticks;
	record->pid = key->pid;
}

/* A flow without a slot keeps what it counted until there is one, or fades with it counted. */
static long collect_udp_flow(void *map, const struct udp_key *key, struct udp_flow *flow, void *context)
{
	struct flow_record *record;
	struct udp_key copy;
	__u16 flags = 0;
	__u64 sum;

	sum = flow->bytes_sent + flow->bytes_received + flow->packets_sent + flow->packets_received;
	if (sum == flow->emitted_sum) {
		if (control.last)
			return 0;
		if (__sync_val_compare_and_swap(&flow->life, UDP_ALIVE, UDP_FADING) == UDP_ALIVE)
			return 0;
		/* No datagram since the last pass, and no program runs for that long: nobody holds this flow. */
		if (__sync_val_compare_and_swap(&flow->life, UDP_FADING, UDP_ENDED) != UDP_FADING)
			return 0;
		flags = RECORD_CLOSED;
	}
	if (flow->slot == SLOT_NONE) {
		flow->slot = take_slot();
		if (flow->slot == SLOT_NONE) {
			control.udp_waiting++;
			return 0;
		}
	}
	record = next_record();
	if (!record)
		return 0;
	fill_udp_record(record, key, flow);
	flags |= RECORD_IDENTITY;
	if (!key->remote_port && is_zero(key->remote_address))
		flags |= RECORD_NO_PEER;
	record->flags = flags;
	control.record_count++;
	flow->emitted_sum = sum;
	if (flags & RECORD_CLOSED) {
		copy = *key;
		remove_udp_flow(&copy);
	}
	return 0;
}

/* The UDP part of the tick, run by user space. Nobody else removes flows, so the walk meets none that changes hands. */
SEC("raw_tp")
int npmon_collect_udp(void *ctx)
{
	bpf_for_each_map_elem(&udp_flows, collect_udp_flow, NULL, 0);
	return 0;
}

#endif
