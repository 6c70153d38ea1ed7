/* SPDX-License-Identifier: GPL-2.0-only */
/* Handing DNS answers over, from where the process that received them has them. */
#ifndef NPMON_DNS_ANSWER_H
#define NPMON_DNS_ANSWER_H

#include "udp.h"

#define DNS_HEADER_BYTES 12

/* What 64-bit processes hand to the kernel: no relocation. */
struct user_part {
	__u64 start;
	__u64 size;
};

struct user_message {
	__u64 name;
	__u64 name_size;
	__u64 parts; /* struct user_part * */
	__u64 part_count;
	__u64 control;
	__u64 control_size;
	__u64 flags;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} answers SEC(".maps");

/* A record is put together here, because the ring buffer would reserve only a constant size. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct dns_record);
} answer_draft SEC(".maps");

/* A datagram from port 53. */
struct received {
	struct udp_key key;
	struct sock *sk;
	__u32 length;
	__u32 pad;
};

static __always_inline void lose_answer(void)
{
	__sync_fetch_and_add(&control.lost_answers, 1);
}

/* A response to a standard query, without an error, to one question and with something in it. */
static __always_inline int is_answer(const __u8 *header)
{
	return (header[2] & 0xf8) == 0x80 && !(header[3] & 0x0f) && header[4] == 0 && header[5] == 1 &&
	       (header[6] | header[7]);
}

/* Whether there was an answer. */
static __always_inline int hand_over(const struct udp_key *key, __u64 start, __u64 length)
{
	__u32 zero = 0;
	struct dns_record *record = bpf_map_lookup_elem(&answer_draft, &zero);

	if (!record || length < DNS_HEADER_BYTES)
		return 0;
	record->netns = key->netns;
	record->pid = key->pid;
	if (length > DNS_BYTES)
		length = DNS_BYTES;
	if (bpf_probe_read_user(record->bytes, length, (void *)start)) {
		lose_answer();
		return 1;
	}
	if (!is_answer(record->bytes))
		return 0;
	if (bpf_ringbuf_output(&answers, record, __builtin_offsetof(struct dns_record, bytes) + length,
			       BPF_RB_NO_WAKEUP))
		lose_answer();
	return 1;
}

static __always_inline int hand_over_part(const struct udp_key *key, const struct user_part *part, __u64 length)
{
	return hand_over(key, part->start, length < part->size ? length : part->size);
}

/* Of several parts the first: whoever receives DNS in pieces loses what follows it. */
static __always_inline int read_first_part(struct user_part *part, __u64 parts)
{
	return bpf_probe_read_user(part, sizeof(*part), (void *)parts);
}

#endif
