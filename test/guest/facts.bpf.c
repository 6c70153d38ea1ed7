// SPDX-License-Identifier: GPL-2.0-only
/* One program for each thing that a kernel can or cannot do; facts.ts tries them one by one. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct file;

struct sock {
	__u16 sk_protocol;
} __attribute__((preserve_access_index));

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

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} elements SEC(".maps");

static long on_element(void *map, __u32 *key, __u64 *value, void *context)
{
	return 0;
}

/* bpf_for_each_map_elem(): 5.13, commit 69c087ba6225 */
SEC("?raw_tp")
int map_walk(void *ctx)
{
	bpf_for_each_map_elem(&elements, on_element, NULL, 0);
	return 0;
}

void *bpf_rdonly_cast(const void *object, __u32 type) __ksym __weak;

/* bpf_rdonly_cast(): 6.2, commit a35b9af4ec2c */
SEC("?raw_tp")
int typed_pointer(void *ctx)
{
	struct sock *sk = bpf_rdonly_cast((void *)8, bpf_core_type_id_kernel(struct sock));

	return sk->sk_protocol;
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
