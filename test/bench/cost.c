/*
 * cost COUNT PROGRAM ARG...: runs a program COUNT times, one after the other, its output to /dev/null, and prints for
 * each run the microseconds of CPU it spent in user mode and in the kernel, and those that passed: "USER KERNEL WALL".
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static long long microseconds(struct timeval time)
{
	return time.tv_sec * 1000000LL + time.tv_usec;
}

static long long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

int main(int argc, char **argv)
{
	posix_spawn_file_actions_t actions;

	if (argc < 3) {
		fprintf(stderr, "cost COUNT PROGRAM ARG...\n");
		return 2;
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	for (int i = atoi(argv[1]); i > 0; i--) {
		long long started = now_us();
		struct rusage usage;
		int status;
		pid_t pid;

		if (posix_spawnp(&pid, argv[2], &actions, NULL, argv + 2, environ) != 0) {
			perror(argv[2]);
			return 1;
		}
		if (wait4(pid, &status, 0, &usage) != pid || status != 0) {
			fprintf(stderr, "cost: %s ended with %d\n", argv[2], status);
			return 1;
		}
		printf("%lld %lld %lld\n", microseconds(usage.ru_utime), microseconds(usage.ru_stime),
		       now_us() - started);
	}
	return 0;
}
