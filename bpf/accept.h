/* SPDX-License-Identifier: GPL-2.0-only */
/* Who accepts, where there are kprobes: the socket is handed to the accepting process in security_sock_graft(). */
#ifndef NPMON_ACCEPT_H
#define NPMON_ACCEPT_H

#include "owner.h"
#include "slots.h"

SEC("kprobe/security_sock_graft")
int BPF_KPROBE(npmon_accept, struct sock *sk)
{
	struct tracked_socket *place = place_of_slot((__u64)sk, find_slot((__u64)sk));

	if (place && place->flow.inherited)
		claim_for_current(&place->flow);
	return 0;
}

#endif
