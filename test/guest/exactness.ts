// A program: runs test files in one process, the options of Node's runner before it. A process for each, as
// `node --test` has it, would load everything once more. `node --test-name-pattern=… exactness.js tcp udp`

const FILES: Readonly<Record<string, () => Promise<unknown>>> = {
  tcp: () => import("../exactness/tcp.test.ts"),
  udp: () => import("../exactness/udp.test.ts"),
  answers: () => import("../probe/bpf/answers.test.ts"),
};

for (const name of process.argv.slice(2)) {
  const load = FILES[name];
  if (load === undefined)
    throw new Error(`no test file is called ${name}, only ${Object.keys(FILES).join(", ")}`);
  await load();
}
