/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who has an accepted socket open that nobody was seen using yet. Only tables are read: a file that somebody holds for
 * a moment, as the pass in tcp_owners.h does, is not let go when its owner closes it just then. Its connection would end
 * later than the owner said, and an epoll that watched it would report it once more.
 */
#ifndef NPMON_TCP_SEEK_H
#define NPMON_TCP_SEEK_H

#include "owner.h"
#include "slots.h"

#define BITS_A_WORD 64
/* More words than a process can have descriptors. */
#define MAX_WORDS (1u << 22)

/* Slots by the address of their socket, during one search. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, __u32);
} sought SEC(".maps");

struct holder {
	__u64 descriptors; /* addresses of the arrays of struct fdtable */
	__u64 open;
	__u64 start_ticks;
	__u32 pid;
};

static long forget_sought(void *map, const __u64 *sock, __u32 *slot, void *context)
{
	bpf_map_delete_elem(&sought, sock);
	return 0;
}

static __always_inline void seek_slot(__u32 slot)
{
	struct tracked_socket *place = bpf_map_lookup_elem(&tracked, &slot);
	__u64 sock;

	if (!place)
		return;
	sock = place->sock;
	if (!sock || !place->flow.inherited)
		return;
	if (bpf_map_update_elem(&sought, &sock, &slot, BPF_ANY) == 0)
		control.sought++;
}

static long seek_line(void *map, const __u32 *line, struct used_line *used, void *context)
{
	FOR_EACH_USED(place, used)
		seek_slot(*line * SLOTS_A_LINE + place);
	return 0;
}

/* Notes which sockets have no owner yet. */
SEC("raw_tp")
int npmon_seek_owners(void *ctx)
{
	bpf_for_each_map_elem(&sought, forget_sought, NULL, 0);
	bpf_for_each_map_elem(&used_slots, seek_line, NULL, 0);
	return 0;
}

/* A connection or listener that nobody has seen: it was in no process when the others were adopted. */
static __always_inline void meet_unsought(struct sock *sk)
{
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	__u64 key = (__u64)sk;
	__u8 tcp_state;

	if ((family != AF_INET && family != AF_INET6) || BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return;
	tcp_state = BPF_CORE_READ(sk, __sk_common.skc_state);
	if (tcp_state == TCP_CLOSE || (tcp_state == TCP_LISTEN && bpf_map_lookup_elem(&listeners, &key)))
		return;
	if (find_slot(key) != SLOT_NONE || (control.crowded && BPF_CORE_READ(sk, sk_bpf_storage)))
		return;
	control.unknown++;
}

/*
 * What is no socket has something else where a socket has its sock: that is the address of none that is sought. Not
 * static, so that the verifier looks at it once and not for every bit of a word.
 */
__noinline int look_at_descriptor(__u64 descriptor, __u32 pid, __u64 start_ticks)
{
	struct tracked_socket *place;
	struct file *file, *again;
	struct socket *socket;
	struct sock *sk;
	__u32 *slot;
	__u64 key;

	if (bpf_probe_read_kernel(&file, sizeof(file), (void *)descriptor) || !file)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	if (!socket)
		return 0;
	sk = BPF_CORE_READ(socket, sk);
	if (!sk)
		return 0;
	key = (__u64)sk;
	slot = bpf_map_lookup_elem(&sought, &key);
	if (!slot) {
		meet_unsought(sk);
		return 0;
	}
	place = bpf_map_lookup_elem(&tracked, slot);
	if (!place || place->sock != key || !place->flow.inherited)
		return 0;
	/* Closed meanwhile, its file can have become another process's: then that one's socket was found. */
	if (bpf_probe_read_kernel(&again, sizeof(again), (void *)descriptor) || again != file)
		return 0;
	claim(&place->flow, pid, start_ticks);
	return 0;
}

static long look_at_word(__u32 index, struct holder *holder)
{
	__u64 word = 0;

	bpf_probe_read_kernel(&word, sizeof(word), (void *)(holder->open + index * sizeof(word)));
	for (__u32 bit = 0; bit < BITS_A_WORD && word; bit++, word >>= 1) {
		__u64 descriptor = (__u64)index * BITS_A_WORD + bit;

		if (word & 1)
			look_at_descriptor(holder->descriptors + descriptor * sizeof(void *), holder->pid,
					   holder->start_ticks);
	}
	return 0;
}

/* Gives the sockets that are sought to who has them open. */
SEC("iter/task")
int npmon_find_owners(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct files_struct *files;
	struct holder holder = {};
	struct fdtable *table;
	__u32 words;

	if (!task)
		return 0;
	files = task->files;
	/* Threads have the files of their process, but for some that left them. */
	if (!files || (task->pid != task->tgid && files == task->group_leader->files))
		return 0;
	table = files->fdt;
	if (!table)
		return 0;
	holder.descriptors = (__u64)table->fd;
	holder.open = (__u64)table->open_fds;
	holder.start_ticks = task->group_leader->start_boottime / TICK_NS;
	holder.pid = task->tgid;
	words = table->max_fds / BITS_A_WORD;
	if (words > MAX_WORDS)
		words = MAX_WORDS;
	bpf_loop(words, look_at_word, &holder, 0);
	return 0;
}

#endif
