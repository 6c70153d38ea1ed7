/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel side hands to user space. src/probe/bpf/layout.generated.ts is made from the BTF of these
 * structs, so a change here is a change there after `npm run bpf`.
 */
#ifndef NPMON_RECORD_H
#define NPMON_RECORD_H

#include <linux/types.h>

enum record_flag {
	/* The fields from local_address on are filled in: first record of a flow, or its owner changed. */
	RECORD_IDENTITY = 1,
	/* The socket has reached TCP_CLOSE; these are its final counters and this is its last record. */
	RECORD_CLOSED = 2,
	/* The connection was established at some time; without it, a closed record is a failed connect. */
	RECORD_ESTABLISHED = 4,
	/* The socket is older than npmon, counters start at what it had then. */
	RECORD_PREEXISTING = 8,
	/* Nobody was seen using the accepted socket yet; pid is the listening process. */
	RECORD_INHERITED = 16,
	/* Datagrams whose sender was not asked for: the remote address is not known. */
	RECORD_NO_PEER = 32,
	/* Only `slot` means anything: its flow has ended and its final counters are lost. */
	RECORD_VANISHED = 64,
};

enum record_direction {
	DIRECTION_NONE = 0,
	DIRECTION_OUTGOING = 1,
	DIRECTION_INCOMING = 2,
};

/* Counters are totals since the connection began, or since npmon did for one that is older. */
struct flow_record {
	__u64 bytes_sent;     /* left this socket for the first time, retransmissions not counted */
	__u64 bytes_received; /* arrived in order */
	__u32 packets_sent;   /* TCP segments; for UDP, send and receive calls: datagrams unless segments are offloaded */
	__u32 packets_received;
	__u32 retransmits;
	__u32 rtt_us;         /* smoothed; 0 when there is no sample */
	__u32 rtt_var_us;
	__u32 slot;           /* row of user space's table; 0 in a closed record of a flow that never got one */
	__u16 flags;          /* enum record_flag */
	__u16 error;          /* errno of the socket when it closed */
	__u8 direction;       /* enum record_direction */
	__u8 family;          /* AF_INET or AF_INET6; the latter may hold IPv4-mapped addresses */
	__u8 protocol;        /* IPPROTO_TCP or IPPROTO_UDP */
	__u8 pad;
	__u8 local_address[16];
	__u8 remote_address[16];
	__u16 local_port;     /* host byte order */
	__u16 remote_port;
	__u32 netns;
	__u64 start_ticks;    /* start of the process since boot, in the 10 ms ticks of /proc/PID/stat */
	__u32 pid;            /* thread group in the initial pid namespace; 0 when nobody is known */
	__u32 pad2;
};

#define ENVIRON_CHUNK 1024
#define ENVIRON_BYTES (4 * ENVIRON_CHUNK)

/* Sent once for each process, at its first connection: all that remains of one that is gone a moment later. */
struct process_record {
	__u64 start_ticks;
	__u64 cgroup_id;      /* inode of its cgroup v2 directory */
	__u32 pid;
	__u32 uid;            /* effective */
	char comm[16];
	__u32 environ_length; /* bytes of environ that are filled in */
	__u32 pad;
	char environ[ENVIRON_BYTES];
};

#define DNS_BYTES 4096

/* A DNS answer that a process received over UDP. Ends with the bytes that were copied. */
struct dns_record {
	__u32 netns;
	__u32 pid;            /* thread group in the initial pid namespace */
	__u8 bytes[DNS_BYTES];
};

/* One struct in .bss, mapped by both sides. */
struct control {
	/* Written by user space between two passes. */
	__u32 baseline;       /* 1: sockets without storage are older than npmon */
	__u32 last;           /* 1: no pass follows, so nothing is kept back for its owner to appear */
	__u32 walk_from;      /* line of `used_slots` where the next part of the walk begins */
	__u32 pad;
	__u64 free_tail;      /* slots given back so far; what is between head and tail is free */
	/* Written by the pass. */
	__u32 walked;         /* sockets met in this part of the walk */
	__u32 walk_next;      /* where it stopped */
	__u32 record_count;
	__u32 udp_waiting;    /* UDP flows without a slot because the table is full */
	__u32 sought;         /* accepted sockets without an owner when the search began */
	__u32 unknown;        /* connections met in the search that nobody had seen before */
	/* Written by anyone. A line of its own: it is read for every accepted connection. */
	__u64 unclaimed __attribute__((aligned(64))); /* 1: there may be accepted sockets that nobody was seen using */
	/* Written by anyone, atomically. */
	__u64 free_head __attribute__((aligned(64))); /* slots taken so far */
	__s64 waiting;        /* open connections without a slot: up and down */
	__u64 lost_no_room;   /* their last record, or for UDP the flow, had no place; datagrams too */
	__u64 lost_begin;     /* closed connections that npmon never knew */
	__u64 lost_late;      /* in no process when npmon began; what they moved until they were found */
	__u64 lost_end;       /* their memory was found to be another's */
	__u64 lost_bytes;
	__u64 lost_processes;
	__u64 crowded;        /* 1: a flow had to be kept in its socket's storage, so there may be more */
	__s64 udp_flows;      /* entries of the table of UDP flows: up and down */
	__u64 lost_answers;   /* received from port 53 and not handed over: no room, or not to be read */
};

/* Never used: a type reaches the object's BTF, and so the generated layout, only when a variable has it. */
const struct process_record *published_process __attribute__((unused));
const struct dns_record *published_dns __attribute__((unused));
const enum record_flag *published_flag __attribute__((unused));
const enum record_direction *published_direction __attribute__((unused));

#endif
