/* SPDX-License-Identifier: GPL-2.0-only */
/* Who uses a socket. */
#ifndef NPMON_OWNER_H
#define NPMON_OWNER_H

#include "sockets.h"

#define TICK_NS 10000000ull /* USER_HZ is 100 on every architecture that npmon runs on */
#define PID_BITS 22	    /* the kernel's PID_MAX_LIMIT */

/* The lock is owned exactly while a process is inside a call on this socket, so `current` is using it. */
static __always_inline int in_user_call(struct sock *sk)
{
	return sk->sk_lock.owned != 0;
}

/*
 * npmon itself uses no accepted socket, but its pass over open files holds each for a moment; when the owner closes it
 * just then, it is npmon that the kernel lets finish the closing.
 */
static __always_inline int is_used_by_current(struct sock *sk)
{
	return in_user_call(sk) && bpf_get_current_pid_tgid() >> 32 != own_pid;
}

static __always_inline void copy_environ(struct process_record *record, struct task_struct *task)
{
	struct mm_struct *mm = task->mm;
	unsigned long start, end;
	__u64 left;

	record->environ_length = 0;
	if (!mm)
		return;
	start = mm->env_start;
	end = mm->env_end;
	/* In chunks, so that a page that is not resident costs what follows it and not all. */
	for (int i = 0; i < ENVIRON_BYTES / ENVIRON_CHUNK; i++) {
		if (start >= end)
			return;
		left = end - start;
		if (left > ENVIRON_CHUNK)
			left = ENVIRON_CHUNK;
		if (bpf_probe_read_user(record->environ + i * ENVIRON_CHUNK, left, (void *)start))
			return;
		record->environ_length += left;
		start += left;
	}
}

static __always_inline void announce(struct task_struct *task, __u32 pid, __u64 start_ticks)
{
	__u32 place = pid % ANNOUNCED_PROCESSES;
	__u64 *known = bpf_map_lookup_elem(&announced, &place);
	__u64 process = start_ticks << PID_BITS | pid;
	struct process_record *record;

	if (known && *known == process)
		return;
	record = bpf_ringbuf_reserve(&processes, sizeof(*record), 0);
	if (!record) {
		/* Not marked as sent: its next connection tries again. */
		__sync_fetch_and_add(&control.lost_processes, 1);
		return;
	}
	record->start_ticks = start_ticks;
	record->cgroup_id = bpf_get_current_cgroup_id();
	record->pid = pid;
	record->uid = task->cred->euid.val;
	record->pad = 0;
	bpf_probe_read_kernel(record->comm, sizeof(record->comm), task->group_leader->comm);
	copy_environ(record, task);
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	if (known)
		*known = process;
}

static __always_inline void claim(struct flow_state *flow, __u32 pid, __u64 start_ticks)
{
	flow->pid = pid;
	flow->start_ticks = start_ticks;
	barrier();
	flow->identity_due = 1;
	flow->inherited = 0;
}

/*
 * There may be a socket without an owner now. Only a hint, and read before it is written, so that connections do not
 * fight for the line where it lies.
 */
static __always_inline void hint_unclaimed(void)
{
	barrier();
	if (!*(volatile __u64 *)&control.unclaimed)
		control.unclaimed = 1;
}

static __always_inline void claim_for_current(struct flow_state *flow)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 pid = task->tgid;
	__u64 start_ticks = task->group_leader->start_boottime / TICK_NS;

	claim(flow, pid, start_ticks);
	announce(task, pid, start_ticks);
}

#endif
