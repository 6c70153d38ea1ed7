import assert from "node:assert/strict";
import { chmodSync } from "node:fs";
import { after, describe, test } from "node:test";
import type { Environment } from "../../src/config/environment.ts";
import { type ConfigSources, type LoadedConfig, loadConfig } from "../../src/config/load.ts";
import { ConfigError, formatProblem } from "../../src/config/problem.ts";
import { formatGroupBy } from "../../src/query/group-by.ts";
import { parseFilter } from "../../src/query/parse-filter.ts";
import { Folder } from "./folder.ts";

const folder = new Folder();
after(() => folder.remove());
let written = 0;

function load(text: string, sources: Partial<ConfigSources> = {}): LoadedConfig {
  return loadConfig({ path: folder.file(`${++written}.yaml`, text), environment: {}, ...sources });
}

/** Every problem, the folder left out. */
function problemsOf(text: string, sources: Partial<ConfigSources> = {}): readonly string[] {
  try {
    load(text, sources);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    assert.deepEqual([error.code, error.exitCode], ["config", 1]);
    return error.problems.map((problem) => formatProblem(problem).replace(/^\/\S*\//, ""));
  }
  assert.fail("it was to be refused");
}

const NO_FILE: ConfigSources = { path: null, environment: {}, places: [] };

test("without a file everything is as REFERENCE.md says", () => {
  const { config, warnings, unknownKeys } = loadConfig(NO_FILE);
  assert.deepEqual([warnings, unknownKeys, config.file, config.enabled], [[], [], null, false]);
  assert.deepEqual(config.trace, {
    tcp: true,
    udp: true,
    ipv6: true,
    localDns: false,
    maxTracked: 65_536,
    maxClosedBuffered: 65_536,
    sourceExcludes: [],
    destinationExcludes: [],
    bpfDebug: false,
  });
  assert.deepEqual(
    [config.intervalMs, config.probe, config.units, config.resolve],
    [300_000, "auto", "auto", true],
  );
  assert.deepEqual(config.intake.retentionMs, 5 * 86_400_000);
  assert.ok([...config.settings.values()].every(({ origin }) => origin.kind === "default"));
});

test("the value is frozen to the bottom", () => {
  const { config } = load("npmon: {tags: {cidrs: {10.0.0.0/8: {team: a}}, rules: [{when: x, set: {a: b}}]}}");
  const visit = (value: unknown, where: string): void => {
    if (typeof value !== "object" || value === null || value instanceof Map) return;
    assert.ok(Object.isFrozen(value), where);
    for (const [name, inside] of Object.entries(value)) visit(inside, `${where}.${name}`);
  };
  visit(config, "config");
});

const INTERVAL = "npmon: {interval: 1m}";

describe("flags win over the environment, that over the file, that over defaults; each value knows its origin", () => {
  const flag = { key: "npmon.interval", name: "--interval", value: "4m" };
  const cases: readonly (readonly [
    text: string,
    environment: Environment,
    flags: (typeof flag)[],
    ms: number,
    kind: string,
  ])[] = [
    ["", {}, [], 300_000, "default"],
    [INTERVAL, {}, [], 60_000, "file"],
    [INTERVAL, { NPMON_INTERVAL: "2m" }, [], 120_000, "environment"],
    [INTERVAL, { NPMON_INTERVAL: "" }, [], 60_000, "file"],
    [INTERVAL, { NPMON_INTERVAL: "2m" }, [flag], 240_000, "flag"],
    ["", {}, [flag], 240_000, "flag"],
  ];
  for (const [text, environment, flags, ms, kind] of cases) {
    test(`${kind}, ${ms} ms`, () => {
      const { config } = load(text, { environment, flags });
      assert.equal(config.intervalMs, ms);
      assert.equal(config.settings.get("npmon.interval")?.origin.kind, kind);
    });
  }
});

describe("every variable of REFERENCE.md acts", () => {
  const set = (name: string, value = "true") =>
    loadConfig({ ...NO_FILE, environment: { [name]: value } }).config;
  test("DD_SYSTEM_PROBE_ENABLED", () => assert.equal(set("DD_SYSTEM_PROBE_ENABLED").enabled, true));
  test("DD_DISABLE_TCP_TRACING", () => assert.equal(set("DD_DISABLE_TCP_TRACING", "1").trace.tcp, false));
  test("DD_DISABLE_UDP_TRACING", () => assert.equal(set("DD_DISABLE_UDP_TRACING", "T").trace.udp, false));
  test("DD_DISABLE_IPV6_TRACING", () =>
    assert.equal(set("DD_DISABLE_IPV6_TRACING", "yes").trace.ipv6, false));
  test("DD_COLLECT_LOCAL_DNS", () => assert.equal(set("DD_COLLECT_LOCAL_DNS").trace.localDns, true));
  test("HOST_PROC", () => assert.equal(set("HOST_PROC", "/host/proc").procRoot, "/host/proc"));
  test("NODE_NAME", () => assert.equal(set("NODE_NAME", "n1").kubernetes.nodeName, "n1"));
  test("NPMON_RESOLVE", () => assert.equal(set("NPMON_RESOLVE", "off").resolve, false));
  test("NPMON_CONTAINER_SOCKETS", () =>
    assert.deepEqual(set("NPMON_CONTAINER_SOCKETS", "/a, /b").containerSockets, ["/a", "/b"]));
  test("NPMON_FORWARD_TO", () =>
    assert.deepEqual(
      set("NPMON_FORWARD_TO", "https://a.example,https://b.example:1").forward.destinations.map(
        ({ url }) => url,
      ),
      ["https://a.example", "https://b.example:1"],
    ));
});

describe("the switch has two names, the later one wins, and a variable over both", () => {
  const cases: readonly (readonly [text: string, environment: Environment, enabled: boolean])[] = [
    ["system_probe_config: {enabled: true}", {}, true],
    ["network_config: {enabled: true}", {}, true],
    ["{system_probe_config: {enabled: true}, network_config: {enabled: false}}", {}, false],
    ["{system_probe_config: {enabled: false}, network_config: {enabled: true}}", {}, true],
    ["network_config: {enabled: false}", { DD_SYSTEM_PROBE_ENABLED: "true" }, true],
    ["network_config: {enabled: true}", { DD_SYSTEM_PROBE_ENABLED: "false" }, false],
    ["network_config: {other: true}", {}, false],
  ];
  for (const [text, environment, enabled] of cases) {
    test(`${text} ${JSON.stringify(environment)}: ${enabled}`, () => {
      assert.equal(load(text, { environment }).config.enabled, enabled);
    });
  }
});

const BAD = `system_probe_config:
  enabled: "yes"
  max_tracked_connections: 0
  log_level: loud
  source_excludes:
    10.0.0.0/24: [80, "udp 2000-1000"]
    fe80::/129: ["tcp *"]
npmon:
  interval: 5 parsecs
  group_by: servce
  forward:
    to: [https://a.example, ftp://b, {url: "https://c", tokn: x}]
    token: [hunter2]
  tags:
    rules:
      - {when: "process:x", set: {port: 5, Team: a}}
      - {when: "", set: 5}
    cidrs:
      10.0.0.0/8: {team: a}
      10.1.2.3/8: {team: b}
      10.0.0/8: {team: [x]}
  subnets: {10.0.0.0/8: }
  kubernetes: on
`;

test("all that is wrong is told at once: file, line, column, key, what was found and what would do", () => {
  const environment = { NPMON_UNITS: "furlongs", DD_COLLECT_LOCAL_DNS: "perhaps" };
  const found = problemsOf(BAD, { environment }).map((line) => line.replace(/^\d+\.yaml:/, ""));
  const port = 'a port such as 80, "443-445", "tcp 80", "udp 1000-2000" or "tcp *"';
  const address = 'an address such as 10.0.0.1, a network such as 10.0.0.0/24 or 2001:db8::/32, or "*"';
  assert.equal(port.length > 0, true);
  assert.deepEqual(found, [
    '2:12: system_probe_config.enabled: found the text "yes", expected true or false',
    "3:28: system_probe_config.max_tracked_connections: found 0, expected a whole number, 1 or more",
    '4:14: system_probe_config.log_level: found the text "loud", expected one of debug, info, warn, error, off',
    '6:23: system_probe_config.source_excludes."10.0.0.0/24"[1]: found "udp 2000-1000", expected the lower port first: "1000-2000"',
    `7:5: system_probe_config.source_excludes."fe80::/129": found "fe80::/129", expected ${address}`,
    '9:13: npmon.interval: found the text "5 parsecs", expected a duration such as 5m, or seconds; 50ms to 24h',
    '10:13: npmon.group_by: column 1: there is no tag "servce"; did you mean `service`?',
    '12:29: npmon.forward.to[1]: found the text "ftp://b", expected a URL such as https://intake.example:8474, or {url: …, token_file: …, ca_file: …, headers: …}',
    '12:57: npmon.forward.to[2].tokn: found the key "tokn", expected a URL such as https://intake.example:8474, or {url: …, token_file: …, ca_file: …, headers: …}',
    "13:12: npmon.forward.token: found something secret, expected a text",
    "16:35: npmon.tags.rules[0].set.port: the tag `port` is what npmon measured, expected another name",
    '16:44: npmon.tags.rules[0].set.Team: found "Team", expected a tag name: a-z, then a-z, 0-9 and _, at most 64',
    '17:16: npmon.tags.rules[1].when: found the text "", expected a filter such as process:nginx',
    "17:25: npmon.tags.rules[1].set: found 5, expected tags and their values, such as {team: payments}",
    '20:7: npmon.tags.cidrs."10.1.2.3/8": "10.1.2.3/8" is the same network as "10.0.0.0/8", expected each once',
    '21:7: npmon.tags.cidrs."10.0.0/8": found "10.0.0/8", expected a network such as 10.0.0.0/8 or 2001:db8::/32, or an address',
    '21:24: npmon.tags.cidrs."10.0.0/8".team: found a list, expected a text of at most 200 characters',
    '22:13: npmon.subnets."10.0.0.0/8": found nothing, expected a text of at most 200 characters',
    '23:15: npmon.kubernetes: found the text "on", expected a map of keys',
    'environment DD_COLLECT_LOCAL_DNS: system_probe_config.collect_local_dns: found the text "perhaps", expected true or false',
    'environment NPMON_UNITS: npmon.units: found the text "furlongs", expected one of auto, bits, bytes',
  ]);
});

test("one problem is the message, several are its details, and of very many the first fifty", () => {
  const one = () => load("npmon: {units: x}");
  assert.throws(one, (error) => error instanceof ConfigError && /npmon\.units: found/.test(error.message));
  const cidrs = Array.from({ length: 300 }, (_, index) => `x${index}: {a: b}`).join(", ");
  assert.throws(
    () => load(`npmon: {tags: {cidrs: {${cidrs}}}}`),
    (error) => {
      assert.ok(error instanceof ConfigError);
      assert.deepEqual([error.message, error.details.length], ["the configuration has 300 problems", 51]);
      return error.details.at(-1) === "and 250 more";
    },
  );
});

const WRONG_TYPES: readonly (readonly [text: string, says: string])[] = [
  ["system_probe_config: [a]", "1:22: system_probe_config: found a list, expected a map of keys"],
  ["npmon: true", "1:8: npmon: found true, expected a map of keys"],
  ["system_probe_config: {enabled: 1}", "1:32: system_probe_config.enabled: found 1, expected true or false"],
  [
    "system_probe_config:\n  enabled:\n",
    "2:3: system_probe_config.enabled: found nothing, expected true or false",
  ],
  [
    "system_probe_config: {max_tracked_connections: 1.5}",
    "1:48: system_probe_config.max_tracked_connections: found 1.5, expected a whole number, 1 or more",
  ],
  [
    "npmon: {interval: 1ms}",
    '1:19: npmon.interval: found the text "1ms", expected a duration such as 5m, or seconds; 50ms to 24h',
  ],
  [
    "npmon: {forward: {spool_max_size: big}}",
    '1:35: npmon.forward.spool_max_size: found the text "big", expected a size such as 1GiB or 500 MB, or bytes',
  ],
  [
    "npmon: {forward: {headers: {'a b': c}}}",
    '1:36: npmon.forward.headers."a b": found something secret, expected the value of an HTTP header',
  ],
];

describe("a wrong type names the place, the key and what would do", () => {
  for (const [text, says] of WRONG_TYPES) {
    test(JSON.stringify(text), () => assert.deepEqual(problemsOf(text), [`${written}.yaml:${says}`]));
  }
});

test("blocks of which everything is commented out say nothing", () => {
  const { config } = load("system_probe_config:\n  # enabled: true\nnpmon:\n  forward:\n  # spool_dir: /x\n");
  assert.deepEqual([config.enabled, config.forward.spoolDir], [false, "/var/lib/npmon/spool"]);
});

test("unknown keys are kept out of the way and told with what was probably meant", () => {
  const { unknownKeys, config } = load(
    "system_probe_config: {enabeld: true, sysprobe_socket: /x}\nnpmon: {forward: {spool_dri: /x}, retention: 3d}\nruntime_security_config: {enabled: true}\n",
  );
  assert.deepEqual(
    unknownKeys.map(({ key, message, isLikelyMistake }) => [
      key,
      message.replace("npmon does not know this key", "?"),
      isLikelyMistake,
    ]),
    [
      ["system_probe_config.enabeld", "?; did you mean `system_probe_config.enabled`?", true],
      ["system_probe_config.sysprobe_socket", "?", false],
      ["npmon.forward.spool_dri", "?; did you mean `npmon.forward.spool_dir`?", true],
      ["npmon.retention", "?; did you mean `npmon.intake.retention`?", true],
      ["runtime_security_config", "?", false],
    ],
  );
  assert.deepEqual(unknownKeys[0]?.origin, { kind: "file", file: config.file, line: 1, column: 23 });
});

test("a table larger than the kernel's can be is made as large as it can, with a warning", () => {
  const { config, warnings } = load("system_probe_config: {max_tracked_connections: 99999999}");
  assert.equal(config.trace.maxTracked, 4_194_304);
  assert.deepEqual(
    warnings.map(({ key, message }) => [key, message]),
    [["system_probe_config.max_tracked_connections", "found 99999999, used 4194304, the most there can be"]],
  );
  assert.equal(load("system_probe_config: {max_tracked_connections: 4194304}").warnings.length, 0);
});

test("a secret that everybody may read is warned about, and shown nowhere", () => {
  const path = folder.file("secret.yaml", "npmon: {forward: {token: hunter2, to: [https://a.example]}}");
  chmodSync(path, 0o644);
  const { config, warnings } = loadConfig({ path, environment: {} });
  assert.match(warnings[0]?.message ?? "", /everybody on this host may read it; `chmod 640 /);
  assert.equal(config.settings.get("npmon.forward.token")?.value, "(hidden)");
  assert.equal(config.forward.destinations[0]?.token, "hunter2");
  chmodSync(path, 0o640);
  assert.deepEqual(loadConfig({ path, environment: {} }).warnings, []);
});

test("secrets within lists and maps are hidden too", () => {
  const { config } = load(
    "npmon: {forward: {headers: {Authorization: hunter2}, to: [https://a.example, {url: https://b.example, token: hunter2}]}}",
  );
  assert.deepEqual(config.settings.get("npmon.forward.headers")?.value, { Authorization: "(hidden)" });
  assert.deepEqual(config.settings.get("npmon.forward.to")?.value, [
    "https://a.example",
    { url: "https://b.example", token: "(hidden)" },
  ]);
  assert.doesNotMatch(JSON.stringify([...config.settings.values()]), /hunter2/);
  assert.match(
    problemsOf("npmon: {forward: {to: ['https://me:hunter2@a.example']}}")[0] ?? "",
    /expected a URL/,
  );
});

test("what is common to all intakes is in each that says nothing else", () => {
  const { config } = load(
    'npmon: {forward: {token_file: /t, ca_file: /ca, headers: {A: "1"}, to: ["https://a.example", {url: "https://b.example", token: x, ca_file: /own, headers: {B: "2"}}]}}',
  );
  assert.deepEqual(config.forward.destinations, [
    { url: "https://a.example", token: null, tokenFile: "/t", caFile: "/ca", headers: { A: "1" } },
    { url: "https://b.example", token: "x", tokenFile: null, caFile: "/own", headers: { A: "1", B: "2" } },
  ]);
});

test("a rule keeps the text of its filter, what it means and the place where it stands", () => {
  const { config } = load(
    "npmon:\n  tags:\n    rules:\n    - when: process:x\n      set: {team: 5, on: true}\n",
  );
  assert.deepEqual(config.tags.rules, [
    {
      when: "process:x",
      set: { team: "5", on: "true" },
      filter: parseFilter("process:x", { scope: "endpoint" }),
      origin: { kind: "file", file: config.file, line: 4, column: 13 },
    },
  ]);
  assert.deepEqual(config.tags.names, ["on", "team"]);
});

for (const [what, when, says] of [
  ["a tag that is not there", "proces:x", /column 1: there is no tag "proces"; did you mean `process`\?$/],
  ["one end of a flow", "source.process:x", /column 1: /],
  ["a number of rows", "retransmits:>0", /column 1: /],
] as const) {
  test(`a rule whose filter asks for ${what} is a problem with its place`, () => {
    const text = `npmon:\n  tags:\n    rules:\n    - when: ${when}\n      set: {team: a}\n`;
    assert.throws(
      () => load(text),
      (error) => {
        assert.ok(error instanceof ConfigError);
        const [problem] = error.problems;
        assert.deepEqual(
          [problem?.key, problem?.origin.kind === "file" && problem.origin.line],
          ["npmon.tags.rules[0].when", 4],
        );
        assert.match(problem?.message ?? "", says);
        return true;
      },
    );
  });
}

test("rows can be made of tags that the file defines", () => {
  const { config } = load(
    "npmon:\n  group_by: source.team,zone\n  tags: {rules: [{when: 'process:x', set: {team: a}}], cidrs: {10.0.0.0/8: {zone: b}}}\n",
  );
  assert.deepEqual(formatGroupBy(config.groupBy), ["source.team", "source.zone", "destination.zone"]);
});

describe("the file is the first that exists where it belongs", () => {
  test("none is fine", () => assert.equal(loadConfig(NO_FILE).config.file, null));
  test("the first of two", () => {
    const places = [folder.at("no/such"), folder.file("p1/a.yaml", INTERVAL), folder.file("p2/a.yaml", "")];
    const { config } = loadConfig({ ...NO_FILE, places });
    assert.deepEqual([config.file, config.intervalMs], [places[1], 60_000]);
  });
  test("one that was asked for and is not there is an error", () => {
    assert.throws(
      () => loadConfig({ path: folder.at("gone"), environment: {} }),
      /gone: there is no such file/,
    );
  });
  test("one in its place that is no file is an error", () => {
    assert.throws(() => loadConfig({ ...NO_FILE, places: [folder.path] }), /it is a directory/);
  });
});
