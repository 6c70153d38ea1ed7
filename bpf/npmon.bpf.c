// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every program of npmon, in one object with one set of maps. User space decides which of them are loaded: the TCP
 * programs always, one of the ways of counting UDP, and what else the kernel has.
 *
 * Needs 5.13: bpf_for_each_map_elem (5.13), atomics that return a value (5.12), socket storage from tracing programs
 * and bpf_sock_from_file (5.11). Compiled with -mcpu=v3 for those atomics.
 */
#include "accept.h"
#include "tcp_collect.h"
#include "tcp_owners.h"
#include "tcp_seek.h"
#include "tcp_state.h"
#include "udp_kprobe.h"
#include "udp_tracepoint.h"

char LICENSE[] SEC("license") = "GPL";
