#define _GNU_SOURCE
#include "traffic.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Semaphore-like for the workers: stays readable once written, for as many processes as look at it. */
static int stop_fd;

static void ask_to_stop(void)
{
	uint64_t one = 1;

	if (write(stop_fd, &one, sizeof(one)) < 0)
		_exit(1);
}

static void on_signal(int number)
{
	(void)number;
	ask_to_stop();
}

static void *watch_stdin(void *unused)
{
	char ignored[256];
	ssize_t n;

	do
		n = read(STDIN_FILENO, ignored, sizeof(ignored));
	while (n > 0 || (n < 0 && errno == EINTR));
	ask_to_stop();
	return unused;
}

static void start_watching(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	pthread_t thread;

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	if (pthread_create(&thread, NULL, watch_stdin, NULL) != 0)
		die("pthread_create");
	pthread_detach(thread);
}

static void print_worker(const struct worker_totals *w, const char *end)
{
	printf("\"pid\":%d,\"accepted\":%llu,\"bytes_sent\":%llu,\"bytes_received\":%llu,\"resets\":%llu,"
	       "\"incomplete\":%llu%s",
	       w->pid, (unsigned long long)w->accepted, (unsigned long long)w->bytes_sent,
	       (unsigned long long)w->bytes_received, (unsigned long long)w->resets, (unsigned long long)w->incomplete,
	       end);
}

/* Classic prefork: one listener made by the parent, connections accepted by its children. */
static void fork_workers(int listener, unsigned count, struct worker_totals *workers)
{
	pid_t parent = getpid();

	for (unsigned i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (pid > 0) {
			workers[i].pid = pid;
			continue;
		}
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		/* the parent decides when to stop, even when a signal goes to the whole group */
		signal(SIGTERM, SIG_IGN);
		signal(SIGINT, SIG_IGN);
		serve(listener, stop_fd, &workers[i]);
		_exit(0);
	}
}

int run_server(const struct options *options)
{
	unsigned count = options->workers ? options->workers : 1;
	struct worker_totals *workers, sum = { .pid = getpid() };
	uint16_t port;
	int listener = listen_on(options, &port);

	workers = mmap(NULL, count * sizeof(*workers), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	stop_fd = eventfd(0, EFD_CLOEXEC);
	if (workers == MAP_FAILED || stop_fd < 0)
		die("server");
	if (options->workers)
		fork_workers(listener, count, workers);
	else
		workers[0].pid = getpid();
	printf("ready %u", port);
	for (unsigned i = 0; i < count; i++)
		printf(" %d", workers[i].pid);
	printf("\n");
	fflush(stdout);
	start_watching();
	if (options->workers) {
		while (wait(NULL) > 0 || errno == EINTR)
			;
	} else {
		serve(listener, stop_fd, &workers[0]);
	}
	for (unsigned i = 0; i < count; i++) {
		sum.accepted += workers[i].accepted;
		sum.bytes_sent += workers[i].bytes_sent;
		sum.bytes_received += workers[i].bytes_received;
		sum.resets += workers[i].resets;
		sum.incomplete += workers[i].incomplete;
	}
	printf("{");
	print_worker(&sum, ",\"workers\":[");
	for (unsigned i = 0; i < count; i++) {
		printf("%s{", i ? "," : "");
		print_worker(&workers[i], "}");
	}
	printf("]}\n");
	return 0;
}
