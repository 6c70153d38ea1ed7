/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who accepts, where there are kprobes: the socket is handed to the accepting process in security_sock_graft(). A
 * kprobe cannot reach socket storage, so it leaves a note that the next program to look at the socket takes.
 */
#ifndef NPMON_ACCEPT_H
#define NPMON_ACCEPT_H

#include "owner.h"

SEC("kprobe/security_sock_graft")
int BPF_KPROBE(npmon_accept, struct sock *sk)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	struct acceptor acceptor = {};
	__u64 key = (__u64)sk;

	if ((family != AF_INET && family != AF_INET6) || BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	acceptor.pid = bpf_get_current_pid_tgid() >> 32;
	acceptor.start_ticks = task->group_leader->start_boottime / TICK_NS;
	announce(task, acceptor.pid, acceptor.start_ticks);
	bpf_map_update_elem(&acceptors, &key, &acceptor, BPF_ANY);
	return 0;
}

#endif
