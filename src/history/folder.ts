import { NpmonError } from "../error/error.ts";
import type { TagNames } from "../query/tag-names.ts";
import { openStore } from "../store/open.ts";
import { answerQuestion } from "./answer.ts";
import type { History } from "./history.ts";

/** An intake's folder, also while the intake runs: nothing in it is touched. */
export function createFolderHistory(folder: string, names: TagNames): History {
  return {
    place: `the data in ${folder}`,
    clockAheadMs: null,
    async ask(question) {
      const store = await openStore({ folder, retentionMs: 0, readOnly: true });
      try {
        return await answerQuestion(store, question, names);
      } catch (error) {
        if (error instanceof NpmonError) throw error;
        const reason = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
        throw new NpmonError(
          "store",
          `cannot read ${folder}: ${reason}`,
          "--data names the folder of an intake; a damaged file in it can be moved away, the others still answer.",
          error,
        );
      } finally {
        await store.close();
      }
    },
  };
}
