#define _GNU_SOURCE
#include "actor.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_CHILDREN 16

static struct child {
	int pid;
	FILE *to, *from;
} children[MOST_CHILDREN];

static char reply[1 << 20];

static struct child *child_of(int pid)
{
	for (int i = 0; i < MOST_CHILDREN; i++) {
		if (children[i].pid == pid)
			return &children[i];
	}
	return NULL;
}

/* `@PID line`: the line is for that child; its answer is ours. */
bool relay(char *line)
{
	struct child *child;
	char *rest;

	if (line[0] != '@')
		return false;
	child = child_of(strtol(line + 1, &rest, 10));
	if (!child || child->pid == 0)
		die("no such child");
	fputs(rest + 1, child->to);
	fflush(child->to);
	if (!fgets(reply, sizeof(reply), child->from))
		die("the child said nothing");
	fputs(reply, stdout);
	return true;
}

static void become_child(int in, int out)
{
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	close(in);
	close(out);
	/* its parent's end takes it along whatever happens */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	memset(children, 0, sizeof(children));
	forget_ledger();
	clearerr(stdin);
}

/* The child obeys lines like its parent, with the descriptors open at this moment. */
static int fork_actor(void)
{
	struct child *child = child_of(0);
	int to[2], from[2], pid;

	if (!child || pipe2(to, O_CLOEXEC) < 0 || pipe2(from, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid < 0)
		return -1;
	if (pid == 0) {
		close(to[1]);
		close(from[0]);
		become_child(to[0], from[1]);
		return getpid();
	}
	close(to[0]);
	close(from[1]);
	*child = (struct child){ pid, fdopen(to[1], "w"), fdopen(from[0], "r") };
	/* its answer to the same line */
	if (!fgets(reply, sizeof(reply), child->from))
		die("the child said nothing");
	return pid;
}

/* Ends a child as its end of input does, or with a signal, and waits until it is gone. */
static int end_child(int pid, int signal)
{
	struct child *child = child_of(pid);

	if (!child)
		return -1;
	fclose(child->to);
	if (signal)
		kill(pid, signal);
	waitpid(pid, NULL, 0);
	fclose(child->from);
	*child = (struct child){ 0 };
	return 0;
}

static void exec_again(void)
{
	char ledger[64];

	save_ledger(ledger, sizeof(ledger));
	execl("/proc/self/exe", "traffic", "actor", ledger, NULL);
	die("exec");
}

static struct sockaddr_un mailbox_address(const char *name, socklen_t *length)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	/* abstract: nothing is left in any file system */
	snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "%s", name);
	*length = offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name);
	return address;
}

static int mailbox = -1;

static int open_mailbox(const char *name)
{
	socklen_t length;
	struct sockaddr_un address = mailbox_address(name, &length);

	mailbox = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return bind(mailbox, (struct sockaddr *)&address, length);
}

union rights {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int))];
};

static int give(int fd, const char *name)
{
	union rights rights = { .header = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec part = { "!", 1 };
	socklen_t length;
	struct sockaddr_un address = mailbox_address(name, &length);
	struct msghdr message = { &address, length, &part, 1, &rights, sizeof(rights), 0 };
	int out = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), result;

	memcpy(CMSG_DATA(&rights.header), &fd, sizeof(fd));
	result = sendmsg(out, &message, 0);
	close(out);
	return result < 0 ? -1 : 0;
}

static int take(void)
{
	union rights rights;
	char byte;
	struct iovec part = { &byte, 1 };
	struct msghdr message = { NULL, 0, &part, 1, &rights, sizeof(rights), 0 };
	int fd;

	if (recvmsg(mailbox, &message, 0) < 0)
		return -1;
	memcpy(&fd, CMSG_DATA(&rights.header), sizeof(fd));
	return fd;
}

static int enter(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), result;

	if (fd < 0)
		return -1;
	result = setns(fd, CLONE_NEWNET);
	close(fd);
	return result;
}

bool act_on_process(const struct words *words, struct answer *answer)
{
	const char *what = word(words, 0);
	long value = 0;

	if (strcmp(what, "fork") == 0)
		value = fork_actor();
	else if (strcmp(what, "end") == 0)
		value = end_child(number_of(words, 1), number_of(words, 2));
	else if (strcmp(what, "exec") == 0)
		exec_again();
	else if (strcmp(what, "mailbox") == 0)
		value = open_mailbox(word(words, 1));
	else if (strcmp(what, "give") == 0)
		value = give(number_of(words, 1), word(words, 2));
	else if (strcmp(what, "take") == 0)
		value = take();
	else if (strcmp(what, "enter") == 0)
		value = enter(word(words, 1));
	else
		return false;
	answer->value = value;
	answer->error = value < 0 ? errno : 0;
	return true;
}
