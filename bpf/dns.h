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

#include "dns_batch.h"

#define DNS_PORT 53

/* System calls of x86-64 that receive. With these numbers no call of 32-bit or x32 programs receives anything. */
#define CALL_READ 0
#define CALL_READV 19
#define CALL_RECVFROM 45
#define CALL_RECVMSG 47
#define CALL_RECVMMSG 299

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

/*
 * Runs in the process that received it. A function of its own, for the verifier then reads it once and not with
 * everything that may have happened before.
 */
__noinline int take_answer(const struct received *received)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *call = (struct pt_regs *)bpf_task_pt_regs(task);
	struct user_message message;
	struct user_part part;
	__u64 buffer = call->rsi;

	if (!received)
		return 0;
	if (!receives_from(task, (__u32)call->rdi, received->sk))
		goto unread;
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
		hand_over_batch(received, buffer, (__u32)call->rdx);
		return 0;
	default:
		goto unread;
	}
	hand_over_part(&received->key, &part, received->length);
	return 0;
unread:
	lose_answer();
	return 0;
}

static __always_inline void on_datagram(const struct udp_key *key, struct sock *sk, __u32 length)
{
	if (key->remote_port == DNS_PORT) {
		struct received received = { .key = *key, .sk = sk, .length = length };

		take_answer(&received);
	}
}

#endif
