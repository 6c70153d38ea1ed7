/**
 * The value of an environment variable as `getenv` would find it: the first entry of that name, even an empty one.
 *
 * @param environ - entries that each end with NUL; an entry without one was cut off and is not looked at
 * @returns `null` when there is no such entry
 */
export function findVariable(environ: string, name: string): string | null {
  const wanted = `${name}=`;
  let start = 0;
  for (;;) {
    const end = environ.indexOf("\0", start);
    if (end < 0) return null;
    if (environ.startsWith(wanted, start)) return detach(environ.slice(start + wanted.length, end));
    start = end + 1;
  }
}

/** An environment of the same form with only the variables named, for keeping. */
export function keepVariables(environ: string, names: readonly string[]): string {
  return names
    .map((name) => ({ name, value: findVariable(environ, name) }))
    .filter(({ value }) => value !== null)
    .map(({ name, value }) => `${name}=${value}\0`)
    .join("");
}

/** V8 makes a slice refer to the text it was taken from: kept in a tag it would keep the whole environment alive. */
function detach(slice: string): string {
  return Buffer.from(slice, "utf8").toString("utf8");
}
