// SPDX-License-Identifier: GPL-2.0-only
/* One program for each thing that a kernel can or cannot do; facts.ts tries them one by one. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct file;
struct sock;

struct bpf_iter__task_file {
	void *meta;
	void *task;
	__u32 fd;
	struct file *file;
} __attribute__((preserve_access_index));

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} sockets SEC(".maps");

SEC("?tp_btf/inet_sock_set_state")
int tracepoint(void *ctx)
{
	return 0;
}

/* bpf_sk_storage_get() in tracing programs: 5.11, commit 8e4597c627fb */
SEC("?tp_btf/inet_sock_set_state")
int BPF_PROG(socket_storage, struct sock *sk)
{
	bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	return 0;
}

SEC("?iter/bpf_sk_storage_map")
int socket_storage_iterator(void *ctx)
{
	return 0;
}

/* bpf_sock_from_file(): 5.11, commit 4f19cab76136 */
SEC("?iter/task_file")
int task_file_iterator(struct bpf_iter__task_file *ctx)
{
	struct file *file = ctx->file;

	if (file)
		bpf_sock_from_file(file);
	return 0;
}

SEC("?iter/tcp")
int tcp_iterator(void *ctx)
{
	return 0;
}

/* 6.3, commit 6e6eda44b939 */
SEC("?tp_btf/sock_send_length")
int send_length(void *ctx)
{
	return 0;
}

SEC("?fentry/tcp_close")
int function_entry(void *ctx)
{
	return 0;
}

SEC("?kprobe/tcp_close")
int kernel_probe(void *ctx)
{
	return 0;
}

SEC("?cgroup/sendmsg4")
int cgroup_sendmsg(void *ctx)
{
	return 1;
}

SEC("?cgroup/recvmsg4")
int cgroup_recvmsg(void *ctx)
{
	return 1;
}

SEC("?cgroup_skb/egress")
int cgroup_packet(void *ctx)
{
	return 1;
}

char LICENSE[] SEC("license") = "GPL";
