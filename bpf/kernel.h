/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's structs and fields that npmon reads, and nothing else. preserve_access_index makes every access a
 * CO-RE relocation by name, so the order and the gaps here mean nothing; the running kernel's BTF decides.
 */
#ifndef NPMON_KERNEL_H
#define NPMON_KERNEL_H

#include <linux/bpf.h>
#include <linux/ptrace.h> /* registers of a kprobe: this part of the object is for the architecture it is built on */
#include <linux/types.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct in6_addr {
	union {
		__u8 u6_addr8[16];
		__be32 u6_addr32[4];
	} in6_u;
};

struct ns_common {
	unsigned int inum;
};

struct net {
	struct ns_common ns;
};

typedef struct {
	struct net *net;
} possible_net_t;

typedef struct {
	long long counter;
} atomic64_t;

struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
	unsigned long skc_flags;
	atomic64_t skc_cookie;
};

typedef struct qspinlock {
	__u8 locked;
} arch_spinlock_t;

typedef struct raw_spinlock {
	arch_spinlock_t raw_lock;
} raw_spinlock_t;

typedef struct spinlock {
	struct raw_spinlock rlock;
} spinlock_t;

typedef struct {
	spinlock_t slock;
	int owned;
} socket_lock_t;

struct sock {
	struct sock_common __sk_common;
	socket_lock_t sk_lock;
	int sk_err;
	void *sk_bpf_storage;
	unsigned char sk_userlocks : 4;
	__u16 sk_protocol;
};

struct inet_sock {
	struct sock sk;
	__be16 inet_sport;
};

struct inet_connection_sock {
	struct inet_sock icsk_inet;
};

struct list_head {
	struct list_head *next;
};

struct tcp_sock {
	struct inet_connection_sock inet_conn;
	struct list_head tsq_node;
	__u64 bytes_sent;
	__u64 bytes_retrans;
	__u64 bytes_received;
	__u64 bytes_acked;
	__u32 segs_in;
	__u32 segs_out;
	__u32 total_retrans;
	__u32 srtt_us;
	__u32 mdev_us;
	__u32 snd_nxt;
	__u32 snd_una;
	__u32 write_seq;
};

struct socket {
	struct sock *sk;
};

struct sk_buff {
	unsigned char *head;
	__u16 network_header;
	__u16 transport_header;
};

struct msghdr {
	void *msg_name;
	unsigned int msg_flags;
};

struct file {
	void *private_data;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
	unsigned long *open_fds;
};

struct files_struct {
	struct fdtable *fdt;
};

typedef struct {
	unsigned int val;
} kuid_t;

struct cred {
	kuid_t euid;
};

struct mm_struct {
	unsigned long env_start;
	unsigned long env_end;
};

struct task_struct {
	int pid;
	int tgid;
	struct task_struct *group_leader;
	__u64 start_boottime;
	char comm[16];
	struct mm_struct *mm;
	struct files_struct *files;
	const struct cred *cred;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
	__u64 session_id;
	__u64 seq_num;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
};

#pragma clang attribute pop

/* include/net/tcp_states.h; unchanged since 2.6, 13 since 5.10 is internal to listeners. */
enum {
	TCP_ESTABLISHED = 1,
	TCP_SYN_SENT = 2,
	TCP_SYN_RECV = 3,
	TCP_FIN_WAIT1 = 4,
	TCP_FIN_WAIT2 = 5,
	TCP_TIME_WAIT = 6,
	TCP_CLOSE = 7,
	TCP_CLOSE_WAIT = 8,
	TCP_LAST_ACK = 9,
	TCP_LISTEN = 10,
	TCP_CLOSING = 11,
};

/* Wire formats, which no kernel changes: no relocation. */
struct ipv4_header {
	__u8 version;
	__u8 skipped[11];
	__be32 source;
};

struct ipv6_header {
	__u8 version;
	__u8 skipped[7];
	__be32 source[4];
};

struct socket_address {
	__u16 family;
	__be16 port;
	__be32 ipv4;    /* AF_INET; the flow label for AF_INET6 */
	__be32 ipv6[4]; /* AF_INET6 */
};

#define AF_INET 2
#define AF_INET6 10
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17

/* include/linux/socket.h */
#define MSG_PEEK 2
#define MSG_ERRQUEUE 0x2000
#define MSG_MORE 0x8000

/* include/net/sock.h: the port was chosen by bind(), not by the kernel. */
#define SOCK_BINDPORT_LOCK 8

/* enum sock_flags: set by tcp_fin() and by nothing else in TCP, so it says "the peer's FIN has arrived". */
#define SOCK_DONE 1

#endif
