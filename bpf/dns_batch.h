/* SPDX-License-Identifier: GPL-2.0-only */
/* DNS answers that came with others, in one call of recvmmsg(). */
#ifndef NPMON_DNS_BATCH_H
#define NPMON_DNS_BATCH_H

#include "dns_answer.h"

struct user_batched_message {
	struct user_message message;
	__u32 length; /* set by the kernel after the message was received */
	__u32 pad;
};

#define BATCH_MESSAGES 16
#define PRINT_BYTES 32

struct batch_key {
	__u64 thread; /* with its process, as bpf_get_current_pid_tgid() has them */
	__u64 sk;
};

/* What the buffers of a thread's calls of recvmmsg() began with when they were last looked at. */
struct batch {
	__u64 prints[BATCH_MESSAGES];
	__u64 known;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 256);
	__type(key, struct batch_key);
	__type(value, struct batch);
} batches SEC(".maps");

/* 0 for what cannot be read, as a buffer that nothing was received into yet. */
static __always_inline __u64 fingerprint(const struct user_part *part)
{
	__u64 head[PRINT_BYTES / 8] = {};
	__u64 size = part->size;
	__u64 print = 0;

	if (size > sizeof(head))
		size = sizeof(head);
	if (bpf_probe_read_user(head, size, (void *)part->start))
		return 0;
	for (int i = 0; i < PRINT_BYTES / 8; i++)
		print = (print ^ head[i]) * 0x9e3779b97f4a7c15ull;
	return print;
}

static __always_inline struct batch *batch_of(struct sock *sk)
{
	struct batch_key key = { .thread = bpf_get_current_pid_tgid(), .sk = (__u64)sk };
	struct batch *batch = bpf_map_lookup_elem(&batches, &key);
	struct batch fresh = {};

	if (batch)
		return batch;
	bpf_map_update_elem(&batches, &key, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&batches, &key);
}

#define MESSAGE_CHANGED 1
#define MESSAGE_HANDED_OVER 2

/*
 * Looks at one message of a batch; `index` is below BATCH_MESSAGES, `wanted` says whether it is to be handed over if
 * it changed. A function of its own, for the verifier then reads it once. Flags as above.
 */
__noinline int look_at_message(const struct received *received, struct batch *batch, __u64 message, __u32 index,
			       __u32 wanted)
{
	struct user_batched_message entry;
	struct user_part part;
	__u64 print, length;

	if (!received || !batch || index >= BATCH_MESSAGES)
		return 0;
	if (bpf_probe_read_user(&entry, sizeof(entry), (void *)message) || !entry.message.part_count ||
	    read_first_part(&part, entry.message.parts))
		return 0;
	print = fingerprint(&part);
	if (!print || print == batch->prints[index])
		return 0;
	batch->prints[index] = print;
	length = entry.length > received->length ? entry.length : received->length;
	if (wanted && hand_over_part(&received->key, &part, length))
		return MESSAGE_CHANGED | MESSAGE_HANDED_OVER;
	return MESSAGE_CHANGED;
}

/*
 * recvmmsg() receives messages one after the other, and nothing says which one this is. So all of the call's buffers
 * are looked at, and those that changed since the last time are new; at the first time the first answer, for what is
 * in the others may be of long ago. The current message's length is not in its place yet, another's is: the greater
 * of the two may be too much, which harms nothing, as an answer says itself where it ends.
 */
static __always_inline void hand_over_batch(const struct received *received, __u64 messages, __u64 count)
{
	struct batch *batch = batch_of(received->sk);
	__u32 seen = 0;

	if (!batch) {
		lose_answer();
		return;
	}
	for (__u32 i = 0; i < BATCH_MESSAGES && i < count; i++)
		seen |= look_at_message(received, batch, messages + i * sizeof(struct user_batched_message), i,
					batch->known || !(seen & MESSAGE_HANDED_OVER));
	batch->known = 1;
	/* It is behind those that are looked at, or came twice. */
	if (!(seen & MESSAGE_CHANGED))
		lose_answer();
}

#endif
