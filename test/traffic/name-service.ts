import { join } from "node:path";
import { programFile, RUN_TYPESCRIPT } from "../typescript.ts";
import { Child } from "./child.ts";
import type { Namespace } from "./namespace.ts";

const PROGRAM = programFile(join(import.meta.dirname, "name-server.ts"));

/** The DNS server of name-server.ts, in a namespace. Ends with `await using`. */
export class NameService implements AsyncDisposable {
  readonly #child: Child;

  private constructor(child: Child) {
    this.#child = child;
  }

  /** Its process asks too, when it is told to {@link resolve}. */
  get pid(): number {
    return this.#child.pid;
  }

  static async start({ within }: Namespace): Promise<NameService> {
    const parameters = [...RUN_TYPESCRIPT, PROGRAM];
    const child = new Child(process.execPath, parameters, { within });
    try {
      await child.line();
      return new NameService(child);
    } catch (error) {
      await child.close();
      throw error;
    }
  }

  /** What Node's own resolver makes of a name: addresses, or the code of its error. */
  async resolve(name: string): Promise<unknown> {
    this.#child.write(`${name}\n`);
    return JSON.parse(await this.#child.line());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.close();
  }
}
