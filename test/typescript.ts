/** Options with which Node runs a program in TypeScript as it runs this one: with tsx, or compiled; none in a guest. */
export const RUN_TYPESCRIPT: readonly string[] = process.execArgv.flatMap((option, index, options) =>
  option === "--import" ? [option, options[index + 1] ?? ""] : [],
);

/** The file of a program that is named by its source, as it is in this process: in a guest it has been compiled. */
export function programFile(source: string): string {
  return import.meta.filename.endsWith(".js") ? source.replace(/\.ts$/, ".js") : source;
}
