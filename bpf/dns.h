/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DNS answers, as processes receive them: what comes over UDP from port 53. When a receive is counted, the datagram
 * has just been copied to the caller's buffer and the program runs in the caller's context, so the answer is read from
 * there; where the buffer is, the registers say with which the process entered the kernel. Not from the sk_buff, which
 * only kprobes see: drivers leave all but the first 128 bytes or so in pages that programs cannot reach.
 *
 * x86-64 only, for the registers; bpf_task_pt_regs() needs 5.15.
 */
#ifndef NPMON_DNS_H
#define NPMON_DNS_H

#include "udp.h"

#define DNS_PORT 53
#define DNS_HEADER_BYTES 12

/* System calls of x86-64 that receive. With these numbers no call of 32-bit or x32 programs receives anything. */
#define CALL_READ 0
#define CALL_READV 19
#define CALL_RECVFROM 45
#define CALL_RECVMSG 47
#define CALL_RECVMMSG 299

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

struct user_batched_message {
	struct user_message message;
	__u32 length; /* set by the kernel after the message was received */
	__u32 pad;
};

#define BATCH_MESSAGES 16
#define PRINT_BYTES 32

struct batch_key {
	__u64 task;
	__u64 sk;
};

/* What the buffers of a task's calls of recvmmsg() began with when they were last looked at. */
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

/* 0 for what cannot be read. */
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
	struct batch_key key = { .task = bpf_get_current_task(), .sk = (__u64)sk };
	struct batch *batch = bpf_map_lookup_elem(&batches, &key);
	struct batch fresh = {};

	if (batch)
		return batch;
	bpf_map_update_elem(&batches, &key, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&batches, &key);
}

/*
 * recvmmsg() receives messages one after the other, and nothing says which one this is. So all of the call's buffers
 * are looked at, and those that changed since the last time are new; at the first time the first answer, for what is
 * in the others may be of long ago. The current message's length is not in its place yet, another's is: the greater
 * of the two may be too much, which harms nothing, as an answer says itself where it ends.
 */
static __always_inline void hand_over_batch(const struct udp_key *key, struct sock *sk, __u64 messages, __u64 count,
					    __u64 length)
{
	struct batch *batch = batch_of(sk);
	struct user_batched_message entry;
	int changed = 0, handed_over = 0;
	struct user_part part;
	__u64 print;

	if (!batch)
		return;
	for (int i = 0; i < BATCH_MESSAGES; i++) {
		if (i >= count)
			break;
		if (bpf_probe_read_user(&entry, sizeof(entry), (void *)(messages + i * sizeof(entry))))
			break;
		if (!entry.message.part_count || read_first_part(&part, entry.message.parts))
			continue;
		print = fingerprint(&part);
		if (print == batch->prints[i])
			continue;
		batch->prints[i] = print;
		changed = 1;
		if ((batch->known || !handed_over) &&
		    hand_over_part(key, &part, entry.length > length ? entry.length : length))
			handed_over = 1;
	}
	batch->known = 1;
	/* It is behind those that are looked at, or came twice. */
	if (!changed)
		lose_answer();
}

/*
 * Whether the call that the registers tell of receives from this socket. What io_uring receives does not: it may run
 * at the end of any call.
 */
static __always_inline int receives_from(struct task_struct *task, __u64 fd, struct sock *sk)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd);
	struct file *file = NULL;
	struct socket *socket;

	if (fd >= BPF_CORE_READ(table, max_fds) || bpf_probe_read_kernel(&file, sizeof(file), &files[fd]) || !file)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk) == sk;
}

/* Runs in the process that received `length` bytes of a datagram from port 53. */
static __always_inline void take_answer(const struct udp_key *key, struct sock *sk, __u32 length)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *call = (struct pt_regs *)bpf_task_pt_regs(task);
	struct user_message message;
	struct user_part part;
	__u64 buffer = call->rsi;

	if (!receives_from(task, (__u32)call->rdi, sk)) {
		lose_answer();
		return;
	}
	switch (call->orig_rax) {
	case CALL_READ:
	case CALL_RECVFROM:
		part.start = buffer;
		part.size = call->rdx;
		break;
	case CALL_READV:
		if (read_first_part(&part, buffer))
			goto unread;
		break;
	case CALL_RECVMSG:
		if (bpf_probe_read_user(&message, sizeof(message), (void *)buffer) ||
		    read_first_part(&part, message.parts))
			goto unread;
		break;
	case CALL_RECVMMSG:
		hand_over_batch(key, sk, buffer, (__u32)call->rdx, length);
		return;
	default:
		goto unread;
	}
	hand_over_part(key, &part, length);
	return;
unread:
	lose_answer();
}

#endif
