#define _GNU_SOURCE
#include "actor.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* One ring, one operation at a time; without liburing, which hosts seldom have. */
static struct {
	int fd; /* 0: none yet */
	char *queues;
	struct io_uring_sqe *entries;
	struct io_uring_params params;
} ring;

static int open_ring(void)
{
	size_t size;

	ring.fd = syscall(__NR_io_uring_setup, 4, &ring.params);
	if (ring.fd < 0) {
		ring.fd = 0;
		return -1;
	}
	size = ring.params.cq_off.cqes + ring.params.cq_entries * sizeof(struct io_uring_cqe);
	if (size < ring.params.sq_off.array + ring.params.sq_entries * sizeof(unsigned))
		size = ring.params.sq_off.array + ring.params.sq_entries * sizeof(unsigned);
	/* both queues are one mapping since 5.4 */
	ring.queues = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring.fd, IORING_OFF_SQ_RING);
	ring.entries = mmap(NULL, ring.params.sq_entries * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_POPULATE, ring.fd, IORING_OFF_SQES);
	return ring.queues == MAP_FAILED || ring.entries == MAP_FAILED ? -1 : 0;
}

static unsigned *place(unsigned offset)
{
	return (unsigned *)(ring.queues + offset);
}

static ssize_t run(unsigned char operation, const struct message *m, char *buffer, bool with_address)
{
	struct io_uring_cqe *done;
	unsigned tail, head, index;

	if (!ring.fd && open_ring() < 0)
		return -1;
	tail = *place(ring.params.sq_off.tail);
	index = tail & *place(ring.params.sq_off.ring_mask);
	memset(&ring.entries[index], 0, sizeof(ring.entries[index]));
	ring.entries[index].opcode = operation;
	ring.entries[index].fd = m->fd;
	ring.entries[index].addr = (unsigned long)buffer;
	ring.entries[index].len = m->length;
	ring.entries[index].msg_flags = m->flags | (operation == IORING_OP_SEND ? MSG_NOSIGNAL : 0);
	if (with_address) {
		ring.entries[index].addr2 = (unsigned long)&m->to->storage;
		ring.entries[index].addr_len = m->to->length;
	}
	place(ring.params.sq_off.array)[index] = index;
	__atomic_store_n(place(ring.params.sq_off.tail), tail + 1, __ATOMIC_RELEASE);
	if (syscall(__NR_io_uring_enter, ring.fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return -1;
	head = *place(ring.params.cq_off.head);
	done = (struct io_uring_cqe *)(ring.queues + ring.params.cq_off.cqes) +
	       (head & *place(ring.params.cq_off.ring_mask));
	int result = done->res;

	__atomic_store_n(place(ring.params.cq_off.head), head + 1, __ATOMIC_RELEASE);
	if (result >= 0)
		return result;
	errno = -result;
	return -1;
}

ssize_t ring_send(const struct message *m)
{
	return run(IORING_OP_SEND, m, outbox, m->to != NULL);
}

ssize_t ring_receive(const struct message *m)
{
	return run(IORING_OP_RECV, m, inbox_of_actor, false);
}
