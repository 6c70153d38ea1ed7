#define _GNU_SOURCE
#include "actor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *word(const struct words *words, int index)
{
	return index < words->count ? words->word[index] : "";
}

long number_of(const struct words *words, int index)
{
	return strtol(word(words, index), NULL, 10);
}

void obey(struct words *words, struct answer *answer)
{
	*answer = (struct answer){ 0 };
	if (!act_on_socket(words, answer) && !act_on_option(words, answer) && !act_on_bytes(words, answer) &&
	    !act_on_process(words, answer)) {
		fprintf(stderr, "traffic: cannot obey %s\n", word(words, 0));
		exit(2);
	}
}

static void say(const struct answer *answer)
{
	const char *error = answer->error ? strerrorname_np(answer->error) : NULL;

	printf("{\"value\":%ld,\"calls\":%llu", answer->value, (unsigned long long)answer->calls);
	printf(error ? ",\"error\":\"%s\"" : ",\"error\":null", error);
	printf(answer->address[0] ? ",\"address\":\"%s\"}\n" : ",\"address\":null}\n", answer->address);
}

static void cut(char *line, struct words *words)
{
	words->count = 0;
	for (char *at = strtok(line, " \n"); at && words->count < MOST_WORDS; at = strtok(NULL, " \n"))
		words->word[words->count++] = at;
}

int run_actor(const char *ledger)
{
	static char line[65536];
	struct words words;
	struct answer answer;

	if (ledger)
		restore_ledger(ledger);
	printf("ready %d\n", getpid());
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		if (relay(line)) {
			fflush(stdout);
			continue;
		}
		cut(line, &words);
		if (strcmp(word(&words, 0), "totals") == 0) {
			print_ledger();
		} else {
			obey(&words, &answer);
			say(&answer);
		}
		fflush(stdout);
	}
	return 0;
}
