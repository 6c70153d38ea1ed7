// SPDX-License-Identifier: GPL-2.0-only
/* Runs where npmon's program of changes of state runs, and does nothing: what the kernel's statistics say of it is their own. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tp_btf/inet_sock_set_state")
int nothing(unsigned long long *context)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
